"""The process that keeps PostgreSQL and Redis of one `var/` folder running.

Started by `linkpro.embedded` when a command needs a server. Commands hold a connection to
`keeper.sock`; when the last one closes, the servers are stopped in order and the keeper ends.

One lock file makes sure of a single generation of servers. They inherit its open handle, so the
kernel gives the lock free only when every process of theirs is gone, however it ended: a next
start waits for a dying predecessor instead of stepping on it, and no pid file has to be believed.
"""

import contextlib
import fcntl
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from linkpro import embedded, servers
from linkpro.children import command_of, exit_status
from linkpro.embedded import ServiceError, socket_dir, var_dir

PATIENCE = 5.0  # seconds before servers that somebody left behind are told to stop
LONGEST_WAIT = 60.0


@dataclass
class Running:
    """A server that was started, and how to stop it gently."""

    title: str
    process: subprocess.Popen[bytes]
    stop_signal: signal.Signals


class Keeper:
    """Answers commands on the socket, and ends with the last of them."""

    def __init__(self, lock: IO[str]) -> None:
        self.lock = lock
        self.running: dict[str, Running] = {}
        # The commands, and the process groups that must not outlive each.
        self.users: dict[socket.socket, set[int]] = {}
        self.leaving = False
        self.selector = selectors.DefaultSelector()
        self.path = socket_dir() / "keeper.sock"
        self.path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(64)
        self.selector.register(self.listener, selectors.EVENT_READ)

    def serve(self) -> None:
        """Until nobody is left, a server has died, or somebody told us to stop."""
        alone_since = time.monotonic()
        while not self.leaving:
            for key, _ in self.selector.select(timeout=0.25):
                if key.fileobj is self.listener:
                    self.accept()
                elif isinstance(key.fileobj, socket.socket):
                    self.hear(key.fileobj)
            self.leaving |= self.tell_of_deaths()
            if self.users:
                alone_since = time.monotonic()
            # Whoever started us is about to connect: wait for the first, not for a second.
            elif self.running or time.monotonic() - alone_since > PATIENCE:
                self.leaving = True
        self.path.unlink(missing_ok=True)  # from here on commands wait for the next keeper
        self.listener.close()
        self.stop_all()

    def accept(self) -> None:
        user, _ = self.listener.accept()
        user.settimeout(5)
        words = b""
        with contextlib.suppress(OSError):
            while not words.endswith(b"\n") and (more := user.recv(256)):
                words += more
        match words.decode().split():
            case ["status"]:
                answer(user, self.status())
                user.close()
            case ["stop"]:
                self.users[user] = set()  # closed when all has stopped
                self.leaving = True
            case names:
                self.admit(user, names)

    def admit(self, user: socket.socket, names: list[str]) -> None:
        """Start what is missing and count the command in, or tell it why not."""
        try:
            for name in names:
                if name not in self.running:
                    self.running[name] = START[name](self.lock.fileno())
        except (ServiceError, OSError, subprocess.SubprocessError) as error:
            answer(user, str(error))
            user.close()
            return
        self.users[user] = set()
        self.selector.register(user, selectors.EVENT_READ)
        answer(user, "ready")

    def hear(self, user: socket.socket) -> None:
        """A command names a group to guard or to forget; nothing means that it has left."""
        try:
            words = user.recv(4096).decode().splitlines()
        except OSError:
            words = []
        for line in words:
            match line.split():
                case ["guard", group]:
                    self.users[user].add(int(group))
                case ["forget", group]:
                    self.users[user].discard(int(group))
        if not words:
            self.leave(user)

    def leave(self, user: socket.socket) -> None:
        """A command has ended or was killed. The last one is told when the servers are down."""
        self.selector.unregister(user)
        for group in self.users[user]:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        if len(self.users) > 1:
            del self.users[user]
            user.close()
        else:
            self.leaving = True

    def tell_of_deaths(self) -> bool:
        """Whether a server has died; the commands that use it are told which."""
        for running in self.running.values():
            if running.process.poll() is not None:
                how = exit_status(running.process.returncode)
                for user in self.users:
                    answer(user, f"{running.title} ended unexpectedly (status {how}).")
                return True
        return False

    def status(self) -> str:
        lines = [f"{r.title} runs as process {r.process.pid}" for r in self.running.values()]
        return "\n".join([*lines, f"Used by {len(self.users)} command(s), under {var_dir()}"])

    def stop_all(self) -> None:
        """Ask gently, wait, insist: the lock must be free when we are gone."""
        for running in self.running.values():
            running.process.send_signal(running.stop_signal)
        for running in self.running.values():
            for harder in (signal.SIGQUIT, signal.SIGKILL):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    running.process.wait(timeout=10)
                    break
                running.process.send_signal(harder)


def answer(user: socket.socket, text: str) -> None:
    """Write to a command that may be gone already."""
    with contextlib.suppress(OSError):
        user.sendall(text.replace("\n\n", "\n").encode() + b"\n")


def start_postgres(lock: int) -> Running:
    return Running("PostgreSQL", servers.start_postgres(lock), signal.SIGINT)  # "fast shutdown"


def start_redis(lock: int) -> Running:
    return Running("Redis", servers.start_redis(lock), signal.SIGTERM)


START: dict[str, Callable[[int], Running]] = {"postgres": start_postgres, "redis": start_redis}


def take_lock() -> IO[str] | None:
    """The folder's lock, or nothing when another keeper serves the folder.

    Held without a keeper that answers, it belongs to servers that are still ending; those that do
    not end by themselves (no parent-death signal on macOS) are told to.
    """
    lock = (var_dir() / "run" / "lock").open("a")
    begin = time.monotonic()
    told = False
    while time.monotonic() - begin < LONGEST_WAIT:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        if other := embedded.call("status"):
            other.close()
            return None
        if not told and time.monotonic() - begin > PATIENCE:
            told = True
            stop_left_behind()
        time.sleep(0.05)
    raise ServiceError(f"Servers of an earlier start still run in {var_dir()} and do not end.")


def stop_left_behind() -> None:
    """Signal the servers that pid files name, if they are what the files say."""
    pids = {"pg/postmaster.pid": signal.SIGINT, "redis/redis.pid": signal.SIGTERM}
    for name, number in pids.items():
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int((var_dir() / name).read_text().split()[0])
            if str(var_dir()) in command_of(pid):
                os.kill(pid, number)


def main() -> int:
    servers.make_folders()
    if (lock := take_lock()) is None:
        return 0
    keeper = Keeper(lock)

    def leave(_number: int, _frame: object) -> None:
        keeper.leaving = True

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    keeper.serve()
    # Commands wait for our sockets to close and take it that we are gone then: leave at once.
    os._exit(0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ServiceError, OSError) as error:
        sys.exit(str(error))
