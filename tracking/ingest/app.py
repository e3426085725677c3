"""The endpoint that takes events: plain ASGI, in front of Django.

It does for itself what Django's middleware would do: the host check, CORS, limits, the request's
id. A request is read, its events run through the steps, and what is left waits for the writer; the
answer says what became of each event, after the commit.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
import structlog
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from psycopg import Connection

from accounts.authentication import bearer
from tracking import enrich
from tracking.ingest import directory, steps, wire, writer
from tracking.ingest.directory import NotLoaded
from tracking.ingest.steps import Arrival
from tracking.ingest.wire import Dropped, Hit, Unusable

log = structlog.get_logger(__name__)

PATHS = frozenset({"/api/track", "/api/v1/track"})
MAX_BODY = 4 * 1024 * 1024
MAX_WAITING = 5_000  # events; beyond that a process refuses instead of growing
ANSWER_SECONDS = 5.0
BODY_SECONDS = 15.0

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_encode = msgspec.json.encode
CORS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Retry-After, X-Request-Id"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"cache-control", b"no-store"),
]
PREFLIGHT = [
    (b"access-control-allow-methods", b"POST, OPTIONS"),
    (b"access-control-allow-headers", b"Content-Type, Authorization"),
    (b"access-control-max-age", b"86400"),
]


class Unavailable(Exception):
    """The event could not be stored, or nobody knows: the sender keeps it and tries again."""


# --- The committer ----------------------------------------------------------------------------


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
        if self.closing or self.events + len(hits) > MAX_WAITING:
            raise Unavailable
        answer: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        self.waiting.append((hits, refused, answer))
        self.events += len(hits)
        self.arrived.set()
        try:
            return await asyncio.wait_for(answer, ANSWER_SECONDS)
        except TimeoutError:
            raise Unavailable from None

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
        self.events -= len(hits)
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


# --- One request ------------------------------------------------------------------------------


async def _known(ask: Callable[[], Any]) -> Any:
    """The answer of `ask`; what the directory does not remember is loaded beside the loop."""
    while True:
        try:
            return ask()
        except NotLoaded as missing:
            loop = asyncio.get_running_loop()
            try:
                await loop.run_in_executor(committer().loaders, missing.load)
            except Exception as error:
                log.error("directory not readable", error=str(error))
                raise Unavailable from error


async def _arrival(scope: dict[str, Any], headers: dict[bytes, bytes]) -> Arrival:
    def header(name: bytes) -> str:
        return headers.get(name, b"").decode("latin-1")

    token = None
    if text := bearer(header(b"authorization")):
        token = await _known(partial(directory.token.get, text))
        if token is None:
            raise Unusable("token_invalid", "This token is unknown, expired or revoked.", 401)
        if not token.may_ingest:
            raise Unusable("token_scope", "This token may not send events.", 403)
    peer = scope["client"][0] if scope.get("client") else ""
    return Arrival(
        received_at=datetime.now(UTC),
        address=enrich.client_address(peer, header(settings.CLIENT_IP_HEADER.lower().encode())),
        agent=header(b"user-agent"),
        language=header(b"accept-language"),
        origin=header(b"origin"),
        referer=header(b"referer"),
        token=token,
    )


async def read_body(receive: Receive, headers: dict[bytes, bytes]) -> bytes:
    """The whole body. Raises `Unusable` when it is too large, too slow, or cut short."""
    too_large = Unusable("body_too_large", f"Send at most {MAX_BODY} bytes a request.", 413)
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > MAX_BODY:
        raise too_large
    parts, size = [], 0
    while True:
        try:
            message = await asyncio.wait_for(receive(), BODY_SECONDS)
        except TimeoutError:
            raise Unusable("body_too_slow", "The body did not arrive in time.", 408) from None
        if message["type"] == "http.disconnect":
            raise Unusable("body_incomplete", "The connection closed before the body ended.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise too_large
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def take(body: bytes, arrival: Arrival) -> list[tuple[str, str, str]]:
    """Store the events of a body: (id, result, reason) for each, in their order.

    Raises `Unusable` when nothing can be read, `Unavailable` when nothing was stored.
    """
    answers: list[tuple[str, str, str]] = []
    hits: list[Hit] = []
    refused: list[tuple[int | None, str]] = []
    for number, item in enumerate(wire.decode(body, arrival.received_at)):
        try:
            if isinstance(item, Dropped):
                raise item
            hits.append(await _known(partial(steps.run, item, arrival)))
            answers.append((item.given_id or str(item.event_id), "", ""))
        except Dropped as dropped:
            site = item.site_id or None if isinstance(item, Hit) else None
            given = (item.given_id if isinstance(item, Hit) else "") or f"#{number}"
            refused.append((site, dropped.reason))
            answers.append((given, "rejected", dropped.reason))
    ends = iter(zip(hits, await committer().store(hits, refused), strict=True))
    return [answer if answer[1] else told(answer[0], *next(ends)) for answer in answers]


def told(given: str, hit: Hit, end: str) -> tuple[str, str, str]:
    """What the sender is told of a hit's end."""
    if end == writer.STORED:
        return given, "accepted", "bot" if hit.bot else ""
    return (given, "duplicate", "") if end == writer.DUPLICATE else (given, "rejected", end)


def answer_body(answers: list[tuple[str, str, str]]) -> tuple[int, bytes]:
    """Status and body for the outcomes; a request whose only event is refused is refused."""
    if len(answers) == 1 and answers[0][1] == "rejected":
        reason = answers[0][2]
        return 400, problem(400, reason, f"The event was refused: {reason}.")
    results: dict[str, dict[str, str]] = {}
    for given, result, reason in answers:  # of an id that came twice, the first outcome is told
        told_now = {"result": result, "reason": reason} if reason else {"result": result}
        results.setdefault(given, told_now)
    return 202, _encode({"results": results})


def problem(status: int, code: str, detail: str) -> bytes:
    """Problem details (RFC 9457) with a stable code."""
    return _encode(
        {"type": "about:blank", "title": detail, "status": status, "code": code, "detail": detail}
    )


async def _respond(send: Send, status: int, body: bytes, extra: Sequence = ()) -> None:
    kind = b"application/json" if status < 400 else b"application/problem+json"
    headers = [*CORS, (b"content-type", kind), (b"content-length", str(len(body)).encode()), *extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _check_host(headers: dict[bytes, bytes]) -> None:
    host, _port = split_domain_port(headers.get(b"host", b"").decode("latin-1"))
    if not host or not validate_host(host, settings.ALLOWED_HOSTS):
        raise Unusable("host_unknown", "This host is not served here.")


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answer one request to one of `PATHS`, of method POST or OPTIONS."""
    if scope["method"] == "OPTIONS":
        await _respond(send, 204, b"", PREFLIGHT)
        return
    headers = dict(scope["headers"])
    try:
        _check_host(headers)
        arrival = await _arrival(scope, headers)
        status, body = answer_body(await take(await read_body(receive, headers), arrival))
        await _respond(send, status, body)
    except Unusable as error:
        await _respond(send, error.status, problem(error.status, error.code, error.detail))
    except Unavailable:
        wait = str(random.randint(1, 10)).encode()  # noqa: S311  spreads the returning senders
        text = "Nothing was stored, or it is not known: keep the events and send them again."
        await _respond(send, 503, problem(503, "unavailable", text), [(b"retry-after", wait)])
