"""PostgreSQL and Redis of our own, under `var/`, for a machine that has none.

A command that needs them runs as `python -m linkpro.embedded run -- CMD`. It asks the folder's
keeper (`linkpro/keeper.py`) for the servers and starts one when none answers. The connection to
the keeper is the claim: when the last one closes, also because its owner was killed, the keeper
stops both servers. `docs/decisions/0001-embedded-services.md` says why.

The settings import this module for its addresses: it imports the standard library only, and
importing it or asking it for a URL never starts anything.
"""

import argparse
import contextlib
import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from linkpro.children import die_with_parent, dying_with_us, exit_status

BASE_DIR = Path(__file__).resolve().parent.parent
# A unix socket's path may have 103 bytes on macOS and 107 on Linux, with `/.s.PGSQL.5432` behind
# the folder. Other characters would be escaped differently for libpq, redis-py and kombu.
SOCKET_FOLDER = re.compile(r"[A-Za-z0-9/._-]{1,85}")
START_SECONDS = 120  # crash recovery of a large database takes its time


class ServiceError(RuntimeError):
    """A server cannot be had; the text tells a person what to do."""


def var_dir() -> Path:
    """Where everything that runs keeps its files: `LINKPRO_VAR`, by default `<project>/var`."""
    return (BASE_DIR / os.environ.get("LINKPRO_VAR", "var")).resolve()


def socket_dir() -> Path:
    """`var/run`, or a folder of a short and plain name in /tmp where that path cannot be used."""
    folder = var_dir() / "run"
    if SOCKET_FOLDER.fullmatch(str(folder)):
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()
    return Path(tempfile.gettempdir()) / f"linkpro-{digest[:12]}"


def postgres_url(database: str = "linkpro") -> str:
    """The libpq URL of our own PostgreSQL, running or not."""
    return f"postgresql://linkpro@/{database}?host={socket_dir()}"


def redis_url() -> str:
    """The URL of our own Redis, running or not."""
    return f"unix://{socket_dir()}/redis.sock?db=0"


# --- The claim on the servers -----------------------------------------------------------------


@dataclass
class Services:
    """A claim on the servers: the variables that lead to them, and word of their end."""

    environ: dict[str, str]
    link: socket.socket | None = None

    def failure(self) -> str:
        """What ended unexpectedly, or an empty string while all is well. Does not wait."""
        if self.link is None:
            return ""
        try:
            self.link.setblocking(False)
            return self.link.recv(4096).decode().strip() or "The keeper of the servers ended."
        except BlockingIOError:
            return ""
        except OSError:
            return "The keeper of the servers ended."

    def guard(self, group: int) -> None:
        """Have this process group killed if we die without giving up the claim."""
        self._tell(f"guard {group}")

    def forget(self, group: int) -> None:
        """The group has ended: its number may become somebody else's."""
        self._tell(f"forget {group}")

    def _tell(self, words: str) -> None:
        if self.link is not None:
            with contextlib.suppress(OSError):  # a keeper that is gone is noticed elsewhere
                self.link.sendall(words.encode() + b"\n")

    def release(self) -> None:
        """Give up the claim; if it was the last, returns when the servers have stopped."""
        if self.link is not None:
            with self.link, contextlib.suppress(OSError):
                self.link.settimeout(60)
                self.link.shutdown(socket.SHUT_WR)
                while self.link.recv(4096):
                    pass


@contextlib.contextmanager
def running() -> Iterator[Services]:
    """The servers that no variable names, started if need be, for as long as the block runs."""
    wanted = {}
    if not (os.environ.get("DATABASE_URL") or os.environ.get("POSTGRES_HOST")):
        wanted["postgres"] = ("DATABASE_URL", postgres_url())
    if not os.environ.get("REDIS_URL"):
        wanted["redis"] = ("REDIS_URL", redis_url())
    services = Services(dict(wanted.values()), claim(*wanted) if wanted else None)
    try:
        yield services
    finally:
        services.release()


def claim(*names: str) -> socket.socket:
    """Ask the keeper for these servers, starting a keeper if none answers.

    Raises `ServiceError` with the keeper's words when a server cannot be started.
    """
    keeper: subprocess.Popen[bytes] | None = None
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        # An empty answer comes from a keeper that is just leaving: ask the next one.
        link = call(" ".join(names))
        answer = _first_line(link) if link else ""
        if link and answer == "ready":
            return link
        if link:
            link.close()
        if answer:
            raise ServiceError(answer)
        if keeper and keeper.poll():
            raise ServiceError(_last_words())
        if keeper is None or keeper.poll() is not None:
            keeper = _start_keeper()
        time.sleep(0.03)
    raise ServiceError(f"The servers under {var_dir()} did not start in time; see log/ there.")


def call(words: str) -> socket.socket | None:
    """Say something to the folder's keeper; nothing when there is none."""
    link = socket.socket(socket.AF_UNIX)
    try:
        link.settimeout(START_SECONDS)
        link.connect(str(socket_dir() / "keeper.sock"))
        link.sendall(words.encode() + b"\n")
    except OSError:
        link.close()
        return None
    return link


def _first_line(link: socket.socket) -> str:
    text = b""
    with contextlib.suppress(OSError):
        while not text.endswith(b"\n") and (more := link.recv(1)):
            text += more
    return text.decode().strip()


def _start_keeper() -> subprocess.Popen[bytes]:
    log = var_dir() / "log"
    try:
        log.mkdir(parents=True, exist_ok=True)
        with (log / "keeper.log").open("wb") as words:
            return subprocess.Popen(
                [sys.executable, "-m", "linkpro.keeper"],
                cwd=BASE_DIR,
                env={**os.environ, "LINKPRO_VAR": str(var_dir())},
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                start_new_session=True,  # Ctrl-C is for the commands; the keeper leaves after them
            )
    except PermissionError as error:
        raise ServiceError(
            f"{error.filename} belongs to another user: run this as that user, or set LINKPRO_VAR "
            "to a folder of your own."
        ) from error


def _last_words() -> str:
    text = (var_dir() / "log" / "keeper.log").read_text(errors="replace").strip()
    return text or f"The servers under {var_dir()} did not start."


# --- Command line -----------------------------------------------------------------------------


def run(command: list[str]) -> int:
    """Run the command beside the servers and return its exit status."""
    with running() as services:
        try:
            child = _start_command(command, {**os.environ, **services.environ}, services)
        except OSError as error:
            print(f"{command[0]}: {error.strerror}", file=sys.stderr)
            return 127
        told = False
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = exit_status(child.wait(timeout=0.2))
                services.forget(child.pid)
                return status or int(told)
            if not told and (failure := services.failure()):
                told = True
                print(f"{failure} Stopping {command[0]}.", file=sys.stderr, flush=True)
                child.terminate()


def _start_command(
    command: list[str], environ: dict[str, str], services: Services
) -> subprocess.Popen[bytes]:
    """Start the command so that each signal reaches it once.

    At a terminal it stays in our process group, since it may want to read the keyboard; Ctrl-C
    reaches it there without us. Elsewhere it gets a group of its own and we pass signals on.
    """
    at_terminal = sys.stdin is not None and sys.stdin.isatty()
    started: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def forward(number: int, _frame: object) -> None:
        if started and not (at_terminal and number == signal.SIGINT):
            started[0].send_signal(number)
        elif not started:
            early.append(number)

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, forward)
    group = None if at_terminal else 0
    started.append(
        subprocess.Popen(command, env=environ, process_group=group, preexec_fn=dying_with_us())
    )
    if not at_terminal:
        services.guard(started[0].pid)
    for number in early:
        forward(number, None)
    return started[0]


def tell(words: str) -> str:
    """The keeper's whole answer, after which it has closed the connection."""
    link = call(words)
    if link is None:
        return f"Nothing runs under {var_dir()}."
    with link:
        return b"".join(iter(lambda: link.recv(4096), b"")).decode().strip()


def load_dotenv() -> None:
    """Read `.env` as the settings do, so that both agree on which servers are whose."""
    from environ import Env

    Env.read_env(os.environ.get("ENV_FILE", str(BASE_DIR / ".env")))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m linkpro.embedded", description=__doc__)
    parser.add_argument("--follow-parent", action="store_true", help="stop when our parent dies")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("run", help="run a command beside PostgreSQL and Redis").add_argument(
        "command", nargs=argparse.REMAINDER
    )
    actions.add_parser("psql", help="open psql on the database; its own options may follow")
    actions.add_parser("status", help="say what runs")
    actions.add_parser("stop", help="stop the servers, whoever uses them")
    options, further = parser.parse_known_args(arguments)
    if options.follow_parent:
        die_with_parent(signal.SIGTERM)
    load_dotenv()
    if options.action in ("status", "stop"):
        print(tell(options.action))
        return 0
    if options.action == "psql":
        from linkpro.servers import postgres_programs

        url = os.environ.get("DATABASE_URL") or postgres_url()
        return run([str(postgres_programs() / "psql"), url, *further])
    command = options.command[options.command[:1] == ["--"] :]
    if further or not command:
        parser.error("name the command to run")
    return run(command)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except ServiceError as error:
        sys.exit(str(error))
