"""A server process of our own, and bytes on the wire to it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from psycopg.conninfo import make_conninfo

from linkpro.embedded import BASE_DIR
from tests.conftest import CHROME
from tests.corpus.conftest import World
from tracking.models import Event

ANSWERS_WITHIN = 20.0
PATIENCE = "--timeout-keep-alive 5 --timeout-graceful-shutdown 8 --log-level warning"
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@dataclass
class Server:
    """A LinkPro as `make run` starts it, and what it complained about."""

    port: int
    world: World
    log: Path

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=ANSWERS_WITHIN)

    def event(self, **more: object) -> tuple[str, bytes]:
        """A new event's id, and its body."""
        name = str(uuid.uuid4())
        return name, json.dumps({"site": self.world.site.key, "id": name, **more}).encode()

    def talk(self, *parts: bytes, end: bool = False) -> bytes:
        """Send bytes and return all that comes until the server closes; `end` says: no more."""
        with closing(self.connect()) as wire:
            with suppress(BrokenPipeError, ConnectionResetError):
                for part in parts:
                    wire.sendall(part)
                if end:
                    wire.shutdown(socket.SHUT_WR)
            return all_of(wire)

    def is_fine(self) -> bool:
        """Whether the next person is served, and nothing was complained about."""
        name, body = self.event()
        found = self.talk(request(body))
        assert STATUS.findall(found) == [b"202"]
        assert stored(name) == 1
        complaints = self.log.read_text()
        return "Traceback" not in complaints and "event endpoint failed" not in complaints


def request(
    body: bytes = b"", *headers: bytes, start: bytes = b"POST /api/track HTTP/1.1", length: int = -1
) -> bytes:
    """A request that asks for the connection to be closed, with its length where it has one."""
    given = {line.split(b":")[0].lower() for line in headers}
    lines = [start, *headers]
    if b"host" not in given:
        lines.append(b"Host: localhost")
    lines += [b"User-Agent: " + CHROME.encode(), b"Connection: close"]
    if not given & {b"content-length", b"transfer-encoding"}:
        lines.append(b"Content-Length: %d" % (len(body) if length < 0 else length))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def all_of(wire: socket.socket) -> bytes:
    """What comes until the other side closes."""
    found = b""
    with suppress(ConnectionResetError):
        while part := wire.recv(65_536):
            found += part
    return found


def stored(name: str) -> int:
    return Event.plain.filter(event_id=name).count()


def until_stored(name: str) -> int:
    """How often an event is stored, once it is or a second has passed."""
    until = time.monotonic() + 5
    while not stored(name) and time.monotonic() < until:
        time.sleep(0.02)
    return stored(name)


@contextmanager
def serving(world: World, log: Path) -> Iterator[Server]:
    """A server process on a free port, for the tests' database."""
    known = connection.get_connection_params()
    wanted = {"host", "port", "user", "password", "dbname"}
    url = make_conninfo(
        **{name: value for name, value in known.items() if name in wanted and value}
    )
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "linkpro.asgi:application", "--fd"]
    command += [str(listening.fileno()), "--no-access-log", "--no-proxy-headers", *PATIENCE.split()]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=BASE_DIR,
            env=os.environ | {"DATABASE_URL": url},
            pass_fds=[listening.fileno()],
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        found = Server(port, world, log)
        assert found.is_fine(), log.read_text()  # connections wait in the backlog until it is up
        yield found
    finally:
        process.terminate()
        process.wait(20)
        listening.close()
    assert process.returncode in (0, -15)
