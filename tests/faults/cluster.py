"""PostgreSQL and Redis that may be killed: started as LinkPro starts its own, in another folder."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import psycopg

from linkpro import embedded, servers
from linkpro.embedded import ServiceError

PATIENCE = 20.0  # after `kill -9` a start fails while the kernel still clears up the dead one


def children_of(pid: int) -> list[int]:
    """The processes that this one started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The program's name is in brackets and may hold spaces.
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return found


class Cluster:
    """Both servers of one folder, by their processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with self._here():
            servers.make_folders()
            self.sockets = embedded.socket_dir()
        self.lock = (folder / "lock").open("w")
        self.postgres: subprocess.Popen[bytes] | None = None
        self.redis: subprocess.Popen[bytes] | None = None

    @contextlib.contextmanager
    def _here(self) -> Iterator[None]:
        with mock.patch.dict(os.environ, LINKPRO_VAR=str(self.folder)):
            yield

    def connect(self, database: str = "linkpro") -> psycopg.Connection:
        """A connection past every proxy, in autocommit."""
        url = f"postgresql://linkpro@/{database}?host={self.sockets}"
        return psycopg.connect(url, autocommit=True)

    def answers(self) -> bool:
        """Whether PostgreSQL takes connections."""
        with contextlib.suppress(psycopg.OperationalError), self.connect():
            return True
        return False

    def start_postgres(self) -> float:
        """Start it, again and again if need be; returns how long that took, in seconds."""
        began = time.monotonic()
        self.postgres = self._insist(servers.start_postgres)
        return time.monotonic() - began

    def start_redis(self) -> None:
        """Start it with what its append-only file holds."""
        self.redis = self._insist(servers.start_redis)

    def _insist(self, start: Callable[[int], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                with self._here():
                    return start(self.lock.fileno())
            except ServiceError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def kill_postgres(self) -> None:
        """`kill -9` of the postmaster and of every process that it started."""
        assert self.postgres is not None
        backends = children_of(self.postgres.pid)
        self.postgres.kill()
        for pid in backends:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.postgres.wait(20)

    def stop(self) -> None:
        """Both in order: PostgreSQL's fast shutdown, Redis's SIGTERM."""
        self.stop_postgres()
        if self.redis is not None and self.redis.poll() is None:
            self.redis.terminate()
            self.redis.wait(20)
        self.lock.close()

    def stop_postgres(self) -> None:
        """PostgreSQL's fast shutdown."""
        if self.postgres is not None and self.postgres.poll() is None:
            self.postgres.send_signal(signal.SIGINT)
            self.postgres.wait(30)

    def words(self) -> str:
        """What PostgreSQL has written so far."""
        return (self.folder / "log" / "postgres.log").read_text(errors="replace")
