"""Where requests wait for the database: together, beside the event loop, and never for ever.

Events are written in batches by one thread or two, what the steps must know is loaded by another.
Whoever waits is told to come again after a few seconds; a thread that hangs is set free by a
watchdog.
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


class Writer:
    """A thread and its connection: one batch after the other."""

    def __init__(self) -> None:
        self.busy = False
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="ingest-writer")
        self.connection: Connection | None = None
        self.watchdog = Watchdog("writer", lambda: self.connection)

    async def write(self, hits: list[Hit], refused: list[Refusal]) -> list[str] | None:
        """The outcomes of the hits after the commit; None where nobody knows."""
        loop = asyncio.get_running_loop()
        try:
            with self.watchdog.watching():
                return await loop.run_in_executor(self.thread, self._commit, hits, refused)
        except Exception as error:  # noqa: BLE001  whatever it is, the senders must keep their events
            log.error("events not stored", error=str(error), events=len(hits))
            return None

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

    def close(self) -> None:
        """End the thread, which has nothing to do any more, and its connection."""
        self.thread.shutdown()
        if self.connection is not None:
            self.connection.close()


class Committer:
    """Collects what arrives while a batch is being written, and writes it as the next batch.

    A second writer helps out when a whole batch waits; before that, waiting makes larger batches.
    """

    def __init__(self) -> None:
        self.waiting: list[Waiting] = []
        self.waiting_events = 0
        self.events = 0  # of those that wait and those that are being written
        self.closing = False
        self.starting = False
        self.loop = asyncio.get_running_loop()
        self.writers = (Writer(), Writer())
        self.tasks: set[asyncio.Task[None]] = set()
        self.loader = Loader()
        # Large bodies are read one after the other: if they took turns, all would be ready late.
        self.reading = asyncio.Lock()

    async def store(self, hits: list[Hit], refused: list[Refusal]) -> list[str]:
        """The outcomes of the hits, once they are committed. Raises `Unavailable`."""
        size = len(hits) + len(refused)
        if self.closing or self.events + size > MAX_WAITING:
            raise Unavailable
        answer: asyncio.Future[list[str]] = self.loop.create_future()
        self.waiting.append((hits, refused, answer))
        self.waiting_events += size
        self.events += size
        if not self.starting:  # after all that is arriving just now
            self.starting = True
            self.loop.call_soon(self._start)
        # A bare timer costs a quarter of asyncio.timeout, and wait_for more still.
        timer = self.loop.call_later(ANSWER_SECONDS, _give_up, answer)
        try:
            return await answer
        finally:
            timer.cancel()

    def _start(self) -> None:
        """Give what waits to who is free."""
        self.starting = False
        for free, least in zip(self.writers, (0, ENOUGH), strict=True):
            if self.waiting and self.waiting_events >= least and not free.busy:
                free.busy = True
                task = self.loop.create_task(self._write(free, self._take_first()))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)

    def _take_first(self) -> list[Waiting]:
        """What is written next; the rest waits on."""
        events, number = 0, 0
        while number < len(self.waiting) and events < ENOUGH:
            hits, refused, _answer = self.waiting[number]
            events += len(hits) + len(refused)
            number += 1
        batch, self.waiting = self.waiting[:number], self.waiting[number:]
        self.waiting_events -= events
        return batch

    async def _write(self, by: Writer, batch: list[Waiting]) -> None:
        hits = [hit for group, _refused, _answer in batch for hit in group]
        refused = [refusal for _group, refusals, _answer in batch for refusal in refusals]
        results = await by.write(hits, refused)
        self.events -= len(hits) + len(refused)
        by.busy = False
        self._start()
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

    async def close(self) -> None:
        """Write what waits, then end; new events are refused meanwhile."""
        self.closing = True
        last_chances = [
            self.loop.call_later(CLOSING_SECONDS, one.watchdog.cut) for one in self.writers
        ]
        while self.waiting or self.tasks:
            self._start()
            await asyncio.wait(self.tasks)
        for chance in last_chances:
            chance.cancel()
        self.loader.close()
        for one in self.writers:
            one.close()


_committer: Committer | None = None


def committer() -> Committer:
    """The one committer of this process and its event loop."""
    global _committer
    if _committer is None or _committer.loop is not asyncio.get_running_loop():
        _committer = Committer()
    return _committer


async def shut_down() -> None:
    """Store what has arrived; called when the server stops."""
    global _committer
    if _committer is not None:
        await _committer.close()
        _committer = None
