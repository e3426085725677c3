"""Where requests wait for the database: together, in two threads, and never for ever.

Events are written in batches by one thread, what the steps must know is loaded by another. Whoever
waits is told to come again after a few seconds; a thread that hangs is set free by a watchdog.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import structlog
from django.db import OperationalError
from django.db import connection as django_connection
from psycopg import Connection

from tracking.ingest import writer
from tracking.ingest.directory import NotLoaded, Remembered
from tracking.ingest.exchange import Unavailable
from tracking.ingest.samples import Refusal
from tracking.ingest.wire import Hit

log = structlog.get_logger(__name__)

MAX_WAITING = 5_000  # events; beyond that a process refuses instead of growing
# A batch of so many events gains nothing from more: the next are read while it is being written.
ENOUGH = 500
ANSWER_SECONDS = 5.0
HANGS_SECONDS = 15.0  # a batch takes 10 at most (writer.SESSION_SETTINGS), if the server lives
LOST_SECONDS = 60.0
CLOSING_SECONDS = 4.0


def _give_up(answer: asyncio.Future[Any]) -> None:
    if not answer.done():
        answer.set_exception(Unavailable())


def cut(connection: Connection) -> None:
    """Break a connection under whoever waits on it in another thread: the wait ends in an error."""
    with suppress(OSError, psycopg.Error):
        handle = socket.socket(fileno=os.dup(connection.fileno()))
        with handle:
            handle.shutdown(socket.SHUT_RDWR)


class Watchdog:
    """Ends work of a thread that hangs: first its connection is cut, and if that is no help, the
    process ends, for nothing will ever be stored by it any more."""

    def __init__(self, what: str, connection: Callable[[], Connection | None]) -> None:
        self.what, self.connection = what, connection

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the work that is waited for within."""
        loop = asyncio.get_running_loop()
        timers = (
            loop.call_later(HANGS_SECONDS, self.cut),
            loop.call_later(HANGS_SECONDS + LOST_SECONDS, self.end),
        )
        try:
            yield
        finally:
            for timer in timers:
                timer.cancel()

    def cut(self) -> None:
        """Break the connection that the work waits on."""
        connection = self.connection()
        log.error("the database does not answer", work=self.what, connected=connection is not None)
        if connection is not None:
            cut(connection)

    def end(self) -> None:
        """End the process at once."""
        log.critical("a thread hangs for good: the process ends", work=self.what)
        logging.shutdown()
        os._exit(os.EX_SOFTWARE)


# --- Reading ------------------------------------------------------------------------------------


class Loader:
    """Loads beside the event loop what requests miss of the directory, for many by one query."""

    def __init__(self) -> None:
        self.wanted: dict[Remembered, dict[Any, asyncio.Future[None]]] = {}
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="ingest-directory")
        self.connection: Connection | None = None
        self.watchdog = Watchdog("directory", lambda: self.connection)
        self.task: asyncio.Task[None] | None = None

    async def load(self, missing: NotLoaded) -> None:
        """Returns once it is loaded. Raises `Unavailable`."""
        loop = asyncio.get_running_loop()
        wanted = self.wanted.setdefault(missing.remembered, {})
        if len(wanted) >= MAX_WAITING:
            raise Unavailable
        answer = wanted.get(missing.key)
        if answer is None or answer.done():
            answer = wanted[missing.key] = loop.create_future()
            loop.call_later(ANSWER_SECONDS, _give_up, answer)
        if self.task is None or self.task.done():
            self.task = loop.create_task(self._run())
        await asyncio.shield(answer)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self.wanted:
            remembered, answers = self.wanted.popitem()
            try:
                with self.watchdog.watching():
                    await loop.run_in_executor(self.thread, self._ask, remembered, list(answers))
            except Exception as error:  # noqa: BLE001  whatever it is, the senders keep their events
                log.error("directory not readable", error=str(error))
                for answer in answers.values():
                    _give_up(answer)
            else:
                for answer in answers.values():
                    if not answer.done():
                        answer.set_result(None)

    def _ask(self, remembered: Remembered, keys: list[Any]) -> None:
        """In the thread: no connection is kept from one load to the next."""
        try:
            django_connection.ensure_connection()
            self.connection = django_connection.connection
            remembered.load(keys)
        except OperationalError:
            django_connection.close_pool()  # type: ignore[attr-defined]  # its other connections have met the same fate
            raise
        finally:
            self.connection = None
            django_connection.close()

    def close(self) -> None:
        """Start nothing new."""
        self.thread.shutdown(wait=False, cancel_futures=True)


# --- Writing ------------------------------------------------------------------------------------

Waiting = tuple[list[Hit], list[Refusal], "asyncio.Future[list[str]]"]


class Committer:
    """Collects what arrives while a batch is being written, and writes it as the next batch."""

    def __init__(self) -> None:
        self.waiting: list[Waiting] = []
        self.events = 0
        self.closing = False
        self.arrived = asyncio.Event()
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="ingest-writer")
        self.connection: Connection | None = None
        self.watchdog = Watchdog("writer", lambda: self.connection)
        self.loader = Loader()
        self.task = asyncio.create_task(self._run())

    async def store(self, hits: list[Hit], refused: list[Refusal]) -> list[str]:
        """The outcomes of the hits, once they are committed. Raises `Unavailable`."""
        size = len(hits) + len(refused)
        if self.closing or self.events + size > MAX_WAITING:
            raise Unavailable
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()
        self.waiting.append((hits, refused, answer))
        self.events += size
        self.arrived.set()
        # A bare timer costs a quarter of asyncio.timeout, and wait_for more still.
        timer = loop.call_later(ANSWER_SECONDS, _give_up, answer)
        try:
            return await answer
        finally:
            timer.cancel()

    async def _run(self) -> None:
        while not (self.closing and not self.waiting):
            await self.arrived.wait()
            self.arrived.clear()
            if self.waiting:
                batch, self.waiting = self._first()
                await self._write(batch)

    def _first(self) -> tuple[list[Waiting], list[Waiting]]:
        """What is written next, and what waits on."""
        events = 0
        for number, (hits, refused, _answer) in enumerate(self.waiting, start=1):
            events += len(hits) + len(refused)
            if events >= ENOUGH:
                return self.waiting[:number], self.waiting[number:]
        return self.waiting, []

    async def _write(self, batch: list[Waiting]) -> None:
        hits = [hit for group, _refused, _answer in batch for hit in group]
        refused = [refusal for _group, refusals, _answer in batch for refusal in refusals]
        loop = asyncio.get_running_loop()
        try:
            with self.watchdog.watching():
                results = await loop.run_in_executor(self.thread, self._commit, hits, refused)
        except Exception as error:  # noqa: BLE001  whatever it is, the senders must keep their events
            log.error("events not stored", error=str(error), events=len(hits))
            results = None
        self.events -= len(hits) + len(refused)
        start = 0
        for group, _refused, answer in batch:
            end = start + len(group)
            if answer.done():  # its sender has been told to try again
                pass
            elif results is None:
                answer.set_exception(Unavailable())
            else:
                answer.set_result(results[start:end])
            start = end
        if self.waiting:
            self.arrived.set()

    def _commit(self, hits: Sequence[Hit], refused: Sequence[Refusal]) -> list[str]:
        if self.connection is None or self.connection.closed:
            self.connection = writer.connect()
        try:
            return writer.write(self.connection, hits, refused)
        except Exception:
            self.connection.close()
            self.connection = None
            writer.forget()
            raise

    async def close(self) -> None:
        """Write what waits, then end; new events are refused meanwhile."""
        self.closing = True
        self.arrived.set()
        last_chance = asyncio.get_running_loop().call_later(CLOSING_SECONDS, self.watchdog.cut)
        await self.task
        last_chance.cancel()
        self.loader.close()
        self.thread.shutdown()
        if self.connection is not None:
            self.connection.close()


_committer: Committer | None = None


def committer() -> Committer:
    """The one committer of this process and its event loop."""
    global _committer
    if _committer is None or _committer.task.get_loop() is not asyncio.get_running_loop():
        _committer = Committer()
    return _committer


async def shut_down() -> None:
    """Store what has arrived; called when the server stops."""
    global _committer
    if _committer is not None:
        await _committer.close()
        _committer = None
