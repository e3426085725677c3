"""Child processes: that they end with their parent, how they ended, and what they are."""

import contextlib
import ctypes
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


def die_with_parent(number: signal.Signals) -> None:
    """Have the kernel send us this signal when our parent is gone, even by `kill -9` (Linux)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        _libc().prctl(pr_set_pdeathsig, int(number), 0, 0, 0)


def dying_with_us() -> Callable[[], None]:
    """A `preexec_fn` for children that must not outlive us. Loads the C library before the fork."""
    _libc()
    return lambda: die_with_parent(signal.SIGKILL)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def exit_status(returncode: int) -> int:
    """A shell's number for how a process ended: 128 + n for the one that died of signal n."""
    return 128 - returncode if returncode < 0 else returncode


def command_of(pid: int) -> str:
    """The command line of a process; empty when there is none. Debian may come without `ps`."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    with contextlib.suppress(OSError):
        ps = ["ps", "-o", "command=", "-p", str(pid)]
        return subprocess.run(ps, capture_output=True, text=True, check=False).stdout
    return ""
