"""The endpoint that takes events: plain ASGI, in front of Django.

It does for itself what Django's middleware would do: the host check, CORS, limits. A request is
read, its events run through the steps, and what is left waits for the writer; the answer says what
became of each event, after the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
import structlog
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from accounts.middleware import request_name
from tracking.ingest import exchange
from tracking.ingest.committer import committer
from tracking.ingest.directory import NotLoaded
from tracking.ingest.exchange import MAX_BODY, PATHS, Answer, TooMany, Unavailable
from tracking.ingest.samples import Refusal
from tracking.ingest.wire import Unusable

log = structlog.get_logger(__name__)

BODY_SECONDS = 15.0
LARGE_BODY = 32_768  # bytes: some dozens of events
MAX_HOST = 260  # the longest name with a port

T = TypeVar("T")
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_encode = msgspec.json.encode


async def patiently(work: Generator[NotLoaded | None, None, T]) -> T:
    """What the work comes to; what it has to wait for is loaded beside the event loop."""
    while True:
        try:
            missing = next(work)
        except StopIteration as end:
            return end.value
        if missing is None:
            await asyncio.sleep(0)
        else:
            await committer().loader.load(missing)


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


def check_host(text: str) -> None:
    """Raises `Unusable` for a host that is not served here."""
    if len(text) > MAX_HOST or not _is_served(text, tuple(settings.ALLOWED_HOSTS)):
        raise Unusable("host_unknown", "This host is not served here.")


def header_of(scope: dict[str, Any]) -> Callable[[str], str]:
    """What a request says under a header's name in lower case; "" for what it does not say."""
    headers = dict(scope["headers"])

    def header(name: str) -> str:
        if name == settings.CLIENT_IP_HEADER.lower():  # proxies may add lines instead of words
            lines = [value for key, value in scope["headers"] if key == name.encode()]
            return b",".join(lines).decode("latin-1")
        return headers.get(name.encode(), b"").decode("latin-1")

    return header


def peer_of(scope: dict[str, Any]) -> str:
    """The address that is connected, or "" where a socket of this machine is."""
    return scope["client"][0] if scope.get("client") else ""


async def _answer(scope: dict[str, Any], receive: Receive) -> Answer:
    """Take the events of one request. Raises `Unusable` or `Unavailable`."""
    header = header_of(scope)
    check_host(header("host"))
    peer = peer_of(scope)
    script = exchange.script_name(scope["path"])
    arrival = await patiently(exchange.arrival(header, peer, script))
    packed = await read_body(receive, header("content-length"))
    body = exchange.plain(packed, header("content-encoding"))
    kind = PATHS.get(scope["path"], "")
    if len(body) > LARGE_BODY:
        async with committer().reading:
            reading = await patiently(exchange.read(body, arrival, kind))
    else:
        reading = await patiently(exchange.read(body, arrival, kind))
    ends = await committer().store(reading.hits, reading.refused)
    return exchange.answer(reading.outcomes(ends))


async def take(scope: dict[str, Any], receive: Receive) -> Answer:
    """The answer to a request; one that is of no use is counted, too, before it is refused."""
    try:
        try:
            return await _answer(scope, receive)
        except Unusable as error:
            await committer().store([], [Refusal(None, error.code)])
            return exchange.refusal(error)
    except (Unavailable, TooMany) as error:
        return exchange.refusal(error)


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answer one request to an address that takes events, of method POST or OPTIONS."""
    if scope["method"] == "OPTIONS":
        await send({"type": "http.response.start", "status": 204, "headers": _PREFLIGHT})
        await send({"type": "http.response.body", "body": b""})
        return
    try:
        answer = await take(scope, receive)
    except Exception:
        log.exception("event endpoint failed")
        answer = exchange.fault()
    await _respond(send, answer, request_name(header_of(scope)("x-request-id")))
