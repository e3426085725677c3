"""`make run`: prepares the database, then runs the lines of the Procfile until told to stop.

One process, no threads: it starts each line in a session of its own, prints their output with the
line's name before it, and stops all of them when one ends, except the demo, which may. Nothing it
starts outlives it: see `docs/decisions/0001-embedded-services.md`.
"""

import contextlib
import fcntl
import http.client
import math
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from ctypes import CDLL
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from linkpro import embedded
from linkpro.children import command_of, die_with_parent, dying_with_us, exit_status
from linkpro.embedded import BASE_DIR, ServiceError, Services, var_dir

GRACE = 9.0  # seconds to end in; uvicorn takes 8 to finish its requests
MAY_END = ("demo",)
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
COLOURS = {"web": 36, "worker": 33, "outgoing": 34, "beat": 35, "demo": 32}
UNHEARD = ("You're running the worker with superuser", "No directory at")
PANGO = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"


@dataclass
class Child:
    """A running line of the Procfile, and what it wrote of an unfinished line."""

    name: str
    process: subprocess.Popen[bytes]
    rest: bytes = b""

    def signal(self, number: signal.Signals, *, group: bool = False) -> None:
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.process.pid, number)


class Supervisor:
    """Runs the lines of a Procfile side by side."""

    def __init__(
        self, lines: dict[str, str], environ: dict[str, str], lock: IO[str], services: Services
    ) -> None:
        self.lines = lines
        self.services = services
        self.environ = environ
        self.lock = lock
        self.children: list[Child] = []
        self.requests: list[int] = []  # signals we got
        self.stopping_since = 0.0
        self.next_look = 0.0  # whether the web process answers
        self.status = 0
        self.selector = selectors.DefaultSelector()
        self.log = (var_dir() / "log" / "run.log").open("w", buffering=1)
        self.width = max(map(len, [*lines, "linkpro"]))

    def run(self, host: str, port: int) -> int:
        """Until all lines have ended; the status of the one that ended unasked, else 0."""
        for number in STOP_SIGNALS:
            signal.signal(number, self.asked_to_stop)
        for name, line in self.lines.items():
            self.start(name, line)
        while any(child.process.returncode is None for child in self.children):
            self.print_output(timeout=0.2)
            self.notice_ends()
            self.obey()
            if not self.stopping_since and (failure := self.services.failure()):
                self.stop(failure, status=1)
            if not self.stopping_since and time.monotonic() > self.next_look:
                self.next_look = time.monotonic() + 0.5
                if alive(host, port):
                    self.next_look = math.inf
                    self.announce(port)
            if self.stopping_since and time.monotonic() - self.stopping_since > GRACE:
                self.kill()
        self.print_output(timeout=0)
        return self.status

    def start(self, name: str, line: str) -> None:
        """`exec`, so that no shell stands between us and the process we signal."""
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {line}"],
            cwd=BASE_DIR,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us; we tell them in order
            pass_fds=[self.lock.fileno()],
            preexec_fn=dying_with_us(),
        )
        child = Child(name, process)
        self.children.append(child)
        self.services.guard(process.pid)
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
            self.selector.register(process.stdout, selectors.EVENT_READ, child)
        print(process.pid, file=self.lock, flush=True)

    def print_output(self, timeout: float) -> None:
        """Everything written since, by whole lines."""
        for key, _ in self.selector.select(timeout):
            child: Child = key.data
            data = os.read(key.fd, 65536)
            if not data:
                self.selector.unregister(key.fileobj)
            *lines, child.rest = (child.rest + data).split(b"\n")
            if not data and child.rest:
                lines, child.rest = [child.rest], b""
            for line in lines:
                self.say(line.decode(errors="replace").rstrip(), child.name)

    def say(self, text: str, name: str = "linkpro") -> None:
        label = f"{name:<{self.width}} |"
        print(f"{label} {text}", file=self.log)
        if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
            label = f"\x1b[{COLOURS.get(name, 1)}m{label}\x1b[0m"
        with contextlib.suppress(OSError):  # the terminal may have been closed
            print(f"{label} {text}", flush=True)

    def notice_ends(self) -> None:
        for child in self.children:
            if child.process.returncode is not None or (code := child.process.poll()) is None:
                continue
            child.signal(signal.SIGKILL, group=True)  # what it started itself and left behind
            self.services.forget(child.process.pid)
            how = exit_status(code)
            if child.name in MAY_END and not self.stopping_since:
                self.say(f"{child.name} ended with status {how}; the others go on.")
            elif not self.stopping_since:
                self.stop(f"{child.name} ended with status {how}.", status=how or 1)

    def announce(self, port: int) -> None:
        self.say(f"LinkPro is at http://localhost:{port} (Ctrl-C stops it)")
        if "demo" not in self.lines:
            self.say("No demo was asked for: the page of the first run awaits there.")

    def asked_to_stop(self, number: int, _frame: FrameType | None) -> None:
        """Only noted here: a signal may come in the middle of a `print`."""
        self.requests.append(number)

    def obey(self) -> None:
        """Once is a request; a second Ctrl-C is an order."""
        if self.requests and not self.stopping_since:
            self.stop("", status=0)
        elif self.requests.count(signal.SIGINT) > 1:
            self.kill()

    def stop(self, reason: str, status: int) -> None:
        self.stopping_since = time.monotonic()
        self.status = status
        self.say(f"{reason} Stopping.".strip())
        for child in self.children:
            if child.process.returncode is None:
                child.signal(signal.SIGTERM)

    def kill(self) -> None:
        for child in self.children:
            if child.process.returncode is None:
                child.signal(signal.SIGKILL, group=True)


# --- Before the processes ---------------------------------------------------------------------


def read_procfile(path: Path) -> dict[str, str]:
    """The commands by name. The demo's is left out with DEMO=0."""
    lines = {}
    for line in path.read_text().splitlines():
        name, colon, command = line.partition(":")
        if colon and not line.lstrip().startswith("#"):
            lines[name.strip()] = command.strip()
    if os.environ.get("DEMO", "1").lower() in ("0", "no", "false", "off"):
        lines.pop("demo", None)
    return lines


def claim_folder() -> IO[str]:
    """The lock that the processes inherit, so that a second `make run` here finds the first.

    It holds the supervisor's pid and those of its processes. Held without a supervisor, it belongs
    to processes that are just being killed.
    """
    (var_dir() / "run").mkdir(parents=True, exist_ok=True)
    lock = (var_dir() / "run" / "processes").open("a+")
    pids: list[str] = []
    for _ in range(100):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lock.truncate(0)
            print(os.getpid(), file=lock, flush=True)
            return lock
        lock.seek(0)
        pids = lock.read().split()
        if pids and "linkpro.processes" in command_of(int(pids[0])):
            raise ServiceError(f"LinkPro already runs from this folder, as process {pids[0]}.")
        time.sleep(0.1)
    raise ServiceError(f"Some of these processes of an earlier run still live: {' '.join(pids)}")


def require_free_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ServiceError(
                f"Port {port} cannot be used ({error.strerror}). Try: make run PORT={port + 1}"
            ) from error


def note_missing_libraries() -> None:
    """Nothing of the system is needed to run; PDF reports need pango."""
    name = "libpango-1.0.so.0" if sys.platform == "linux" else "libpango-1.0.dylib"
    try:
        CDLL(name)
    except OSError:
        print(
            "Note: PDF reports need pango, which is not installed; all else works without it.\n"
            f"      apt-get install --no-install-recommends {PANGO}"
        )


def prepare(line: str, environ: dict[str, str]) -> None:
    """Run the Procfile's `release` line: schema and schedule. Its words are shown if it fails."""
    step = ["/bin/sh", "-c", line]
    done = subprocess.run(step, cwd=BASE_DIR, env=environ, capture_output=True, text=True)
    if done.returncode != 0:
        raise ServiceError(f"{done.stdout}{done.stderr}The database could not be prepared: {line}")


def environment(services: Services, host: str, port: int) -> dict[str, str]:
    """What the processes find: the servers, the address, the programs of our own Python."""
    folder = str(Path(sys.executable).parent)
    return {
        **os.environ,
        **services.environ,
        "HOST": host,
        "PORT": str(port),
        "PATH": os.pathsep.join([folder, os.environ.get("PATH", "")]),
        # Events that name no site go to the demo's first one (its key is linkpro.demo.KEY).
        "DEFAULT_SITE": os.environ.get("DEFAULT_SITE", "demo"),
        "PYTHONUNBUFFERED": "1",
        # Celery scolds root at length; whitenoise misses the files that only `make upgrade` makes.
        "PYTHONWARNINGS": ",".join(f"ignore:{words}" for words in UNHEARD),
    }


def alive(host: str, port: int) -> bool:
    """Whether the web process answers at /livez."""
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    link = http.client.HTTPConnection(local, port, timeout=1)
    try:
        link.request("GET", "/livez", headers={"Host": f"localhost:{port}"})
        return link.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()


def leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(0 if number == signal.SIGINT else exit_status(-number))


def main() -> int:
    if "--follow-parent" in sys.argv:
        die_with_parent(signal.SIGTERM)
    for number in STOP_SIGNALS:
        signal.signal(number, leave)
    embedded.load_dotenv()
    host, port = os.environ.get("HOST") or "127.0.0.1", int(os.environ.get("PORT") or 8000)
    lock = claim_folder()
    require_free_port(host, port)
    note_missing_libraries()
    lines = read_procfile(Path(os.environ.get("PROCFILE", BASE_DIR / "Procfile")))
    print("Starting PostgreSQL and Redis, preparing the database ...", flush=True)
    with embedded.running() as services:
        environ = environment(services, host, port)
        prepare(lines.pop("release", ""), environ)
        return Supervisor(lines, environ, lock, services).run(host, port)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ServiceError as error:
        sys.exit(str(error))
