"""A TCP proxy that fails as it is told to, between any two parts of LinkPro.

It runs in a thread of the test. `mode` may be changed at any time and holds for open connections
too; `cut_reply` is the mode that makes duplicates: the request arrives, its answer does not.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

PIECE = 65_536
LOOK = 0.02  # seconds between two looks at the mode while data are held back


class Mode(StrEnum):
    """What happens to the data."""

    PASS = "pass"
    REFUSE = "refuse"  # nobody listens; open connections are reset
    BLACKHOLE = "blackhole"  # connections open, and nothing ever comes
    DELAY = "delay"  # every piece comes `seconds` late
    DRIP = "drip"  # `rate` bytes a second
    RESET_AFTER = "reset_after"  # the connection is reset once `limit` bytes have gone through it
    CUT_REPLY = "cut_reply"  # of every answer, `share` is lost together with its connection


class Cut(Exception):
    """This connection is to be reset."""


@dataclass
class Proxy:
    """One address in front of another: `upstream` is a port of this machine or a socket's path."""

    upstream: int | str
    dice: Random = field(default_factory=Random)
    mode: Mode = Mode.PASS
    seconds: float = 0.0
    rate: int = 1_000
    limit: int = 1_000
    share: float = 0.05
    forgets: bool = False  # what was open in a black hole stays there, as behind a new firewall
    port: int = 0
    cuts: int = 0  # answers lost so far
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def set(self, mode: Mode, **values: float) -> None:
        """Change the mode and its figures; returns when it holds."""
        for name, value in values.items():
            setattr(self, name, value)
        asyncio.run_coroutine_threadsafe(self._change(mode), self.loop).result(10)

    @contextmanager
    def in_mode(self, mode: Mode, **values: float) -> Iterator[None]:
        """A mode for as long as the block runs; then all passes again."""
        self.set(mode, **values)
        try:
            yield
        finally:
            self.set(Mode.PASS)

    @contextmanager
    def running(self) -> Iterator[Proxy]:
        """The proxy on a free port, for as long as the block runs."""
        self.hold = socket.socket()  # bound but never listening: the port stays ours in any mode
        self.hold.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.hold.bind(("127.0.0.1", 0))
        self.port = self.hold.getsockname()[1]
        self.loop = asyncio.new_event_loop()
        thread = threading.Thread(target=self.loop.run_forever, name="proxy", daemon=True)
        thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self.loop).result(10)
        try:
            yield self
        finally:
            self.set(Mode.REFUSE)
            self.loop.call_soon_threadsafe(self.loop.stop)
            thread.join(10)
            self.loop.close()
            self.hold.close()

    async def _listen(self) -> None:
        self.server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)

    async def _change(self, mode: Mode) -> None:
        was, self.mode = self.mode, mode
        if mode == Mode.REFUSE and was != Mode.REFUSE:
            self.server.close()
            for writer in list(self.writers):
                _reset(writer)
            await asyncio.sleep(0)
        elif was == Mode.REFUSE and mode != Mode.REFUSE:
            await self._listen()

    async def _connect(self, down: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        try:
            if isinstance(self.upstream, str):
                answer, up = await asyncio.open_unix_connection(self.upstream)
            else:
                answer, up = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            _reset(back)
            return
        ends = {back, up}
        self.writers |= ends
        pumps = [
            asyncio.create_task(self._pump(down, up, is_reply=False)),
            asyncio.create_task(self._pump(answer, back, is_reply=True)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.writers -= ends
            cut = any(pump.done() and pump.exception() for pump in pumps)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for writer in ends:
                _reset(writer) if cut else writer.close()

    async def _pump(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_reply: bool
    ) -> None:
        gone = 0
        while data := await source.read(PIECE):
            await self._treat(data, gone, is_reply=is_reply)
            gone += len(data)
            target.write(data)
            await target.drain()

    async def _treat(self, data: bytes, gone: int, *, is_reply: bool) -> None:
        """Hold the data back, let them go, or raise `Cut`."""
        held = self.mode == Mode.BLACKHOLE
        while self.mode == Mode.BLACKHOLE or (held and self.forgets):
            await asyncio.sleep(LOOK)
        if self.mode == Mode.DELAY:
            await asyncio.sleep(self.seconds)
        elif self.mode == Mode.DRIP:
            await asyncio.sleep(len(data) / self.rate)
        elif self.mode == Mode.RESET_AFTER and gone + len(data) > self.limit:
            raise Cut
        elif self.mode == Mode.CUT_REPLY and is_reply and self.dice.random() < self.share:
            self.cuts += 1
            raise Cut


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close at once and without a goodbye, as the machine of somebody who dies does."""
    link = writer.get_extra_info("socket")
    with suppress(OSError):
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
