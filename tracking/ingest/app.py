"""The endpoint that takes events: plain ASGI, in front of Django.

It does for itself what Django's middleware would do: the host check, CORS, limits. A request is
read, its events run through the steps, and what is left waits for the writer; the answer says what
became of each event, after the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
import structlog
from django.conf import settings
from django.db import connection as django_connection
from django.http.request import split_domain_port, validate_host
from psycopg import Connection

from accounts.middleware import request_name
from tracking.ingest import exchange, writer
from tracking.ingest.exchange import MAX_BODY, Answer, Load, Unavailable
from tracking.ingest.wire import Hit, Unusable

log = structlog.get_logger(__name__)

PATHS = frozenset({"/api/track", "/api/v1/track"})
MAX_WAITING = 5_000  # events; beyond that a process refuses instead of growing
ANSWER_SECONDS = 5.0
BODY_SECONDS = 15.0
MAX_HOST = 260  # the longest name with a port

T = TypeVar("T")
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_encode = msgspec.json.encode


# --- The committer ------------------------------------------------------------------------------


def _give_up(answer: asyncio.Future[list[str]]) -> None:
    if not answer.done():
        answer.set_exception(Unavailable())


class Committer:
    """Collects what arrives while a batch is being written, and writes it as the next batch."""

    def __init__(self) -> None:
        self.waiting: list[tuple[list[Hit], list, asyncio.Future[list[str]]]] = []
        self.events = 0
        self.closing = False
        self.arrived = asyncio.Event()
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="ingest-writer")
        self.loaders = ThreadPoolExecutor(1, thread_name_prefix="ingest-directory")
        self.connection: Connection | None = None
        self.task = asyncio.create_task(self._run())

    async def store(self, hits: list[Hit], refused: list[tuple[int | None, str]]) -> list[str]:
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
                batch, self.waiting = self.waiting, []
                await self._write(batch)

    async def _write(self, batch: list) -> None:
        hits = [hit for group, _refused, _answer in batch for hit in group]
        refused = [end for _group, ends, _answer in batch for end in ends]
        loop = asyncio.get_running_loop()
        try:
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

    def _commit(self, hits: Sequence[Hit], refused: Sequence) -> list[str]:
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
        await self.task
        self.thread.shutdown()
        self.loaders.shutdown()
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


# --- One request --------------------------------------------------------------------------------


def _load_beside(load: Load) -> None:
    """Run a load in the loaders' thread; it keeps no connection from one to the next."""
    try:
        load()
    finally:
        django_connection.close()


async def _patiently(work: Generator[Load | None, None, T]) -> T:
    """What the work comes to; what it has to wait for is loaded beside the event loop."""
    while True:
        try:
            load = next(work)
        except StopIteration as end:
            return end.value
        if load is None:
            await asyncio.sleep(0)
            continue
        try:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(ANSWER_SECONDS):
                await loop.run_in_executor(committer().loaders, _load_beside, load)
        except Exception as error:
            log.error("directory not readable", error=str(error))
            raise Unavailable from error


async def read_body(receive: Receive, length: str) -> bytes:
    """The whole body. Raises `Unusable` when it is too large, too slow, or cut short."""
    if length.isdigit() and int(length) > MAX_BODY:
        raise exchange.body_too_large()
    try:
        async with asyncio.timeout(BODY_SECONDS):  # wait_for would make a task of each wait
            return await _whole_body(receive)
    except TimeoutError:
        raise Unusable("body_too_slow", "The body did not arrive in time.", 408) from None


async def _whole_body(receive: Receive) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise exchange.body_incomplete()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise exchange.body_too_large()
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_HEADERS = _encoded(exchange.HEADERS)
_PREFLIGHT = [*_HEADERS, *_encoded(exchange.PREFLIGHT)]


async def _respond(send: Send, answer: Answer, name: str) -> None:
    body = _encode(answer.body)
    headers = [
        *_HEADERS,
        (b"content-type", answer.content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", name.encode()),
        *_encoded(answer.headers),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@lru_cache(maxsize=1_024)
def _is_served(text: str, allowed: tuple[str, ...]) -> bool:
    host, _port = split_domain_port(text)
    return bool(host) and validate_host(host, allowed)


def _check_host(text: str) -> None:
    if len(text) > MAX_HOST or not _is_served(text, tuple(settings.ALLOWED_HOSTS)):
        raise Unusable("host_unknown", "This host is not served here.")


async def _answer(scope: dict[str, Any], receive: Receive) -> Answer:
    """Take the events of one request. Raises `Unusable` or `Unavailable`."""
    headers = dict(scope["headers"])

    def header(name: str) -> str:
        if name == settings.CLIENT_IP_HEADER.lower():  # proxies may add lines instead of words
            lines = [value for key, value in scope["headers"] if key == name.encode()]
            return b",".join(lines).decode("latin-1")
        return headers.get(name.encode(), b"").decode("latin-1")

    _check_host(header("host"))
    peer = scope["client"][0] if scope.get("client") else ""
    arrival = await _patiently(exchange.arrival(header, peer))
    packed = await read_body(receive, header("content-length"))
    body = exchange.plain(packed, header("content-encoding"))
    reading = await _patiently(exchange.read(body, arrival))
    ends = await committer().store(reading.hits, reading.refused)
    return exchange.answer(reading.outcomes(ends))


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answer one request to one of `PATHS`, of method POST or OPTIONS."""
    if scope["method"] == "OPTIONS":
        await send({"type": "http.response.start", "status": 204, "headers": _PREFLIGHT})
        await send({"type": "http.response.body", "body": b""})
        return
    try:
        answer = await _answer(scope, receive)
    except (Unusable, Unavailable) as error:
        answer = exchange.refusal(error)
    except Exception:
        log.exception("event endpoint failed")
        answer = exchange.fault()
    await _respond(send, answer, request_name(_given_name(scope)))


def _given_name(scope: dict[str, Any]) -> str:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return given.decode("latin-1")
