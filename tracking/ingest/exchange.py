"""One exchange with a sender, apart from how it travels.

The endpoint (`app.py`) and the view of Django (`tracking/views.py`) are two doors to the same
room: both read a request here and word its answer here. What has to wait for the database is
given out by a generator; the door runs it where it may wait, and goes on.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings

from accounts.addresses import client_address, sender_of
from accounts.authentication import bearer, looks_like_token
from tracking.ingest import directory, steps, wire, writer
from tracking.ingest.directory import NotLoaded
from tracking.ingest.fields import Dropped
from tracking.ingest.limits import buckets
from tracking.ingest.samples import Refusal
from tracking.ingest.steps import Arrival
from tracking.ingest.wire import Hit, Unusable

# Where events are sent: the address says what they are, or "" where they say it themselves.
PATHS = {
    f"{root}/track{kind}": name
    for root in ("/api", "/api/v1")
    for kind, name in (("", ""), ("/click", wire.CLICK), ("/view", wire.VIEW))
}
# Where a site has chosen a name for its script, events come to the script's own address.
_SCRIPT = re.compile(r"/js/([a-z0-9][a-z0-9_-]{2,31})(\.js|\.gif)?", re.IGNORECASE | re.ASCII)
MAX_BODY = 4 * 1024 * 1024
# So many events are taken through the steps before other requests have their turn.
BREATH = 20

# What every answer says, also a refusal: a page of any origin may send events and read the answer.
HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After, X-Request-Id",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "no-store",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Authorization",
    "Access-Control-Max-Age": "86400",
}

T = TypeVar("T")


class Unavailable(Exception):
    """The event could not be stored, or nobody knows: the sender keeps it and tries again."""


class TooMany(Exception):
    """This sender sends too much: nothing was read, it keeps its events for so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


# --- What came in -------------------------------------------------------------------------------


def known(ask: Callable[[], T]) -> Generator[NotLoaded | None, None, T]:
    """The answer of `ask`; gives out what has to be loaded before it can be had."""
    while True:
        try:
            return ask()
        except NotLoaded as missing:
            yield missing


# What browsers and applications send with a page that nobody may ever look at.
_AHEAD_OF_PEOPLE = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_AHEAD = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)


def is_ahead(header: Callable[[str], str]) -> bool:
    """Whether a request was made by a prefetch or a preview, not for a person."""
    return any(_AHEAD.search(header(name)) for name in _AHEAD_OF_PEOPLE)


def script_name(path: str) -> str:
    """The name of the script by whose address events come, in lower case, or ""."""
    found = _SCRIPT.fullmatch(path)
    return found[1].lower() if found else ""


def takes_events(path: str) -> bool:
    """Whether events may be sent to this path."""
    return path in PATHS or (bool(script_name(path)) and not path.lower().endswith(".gif"))


def is_opted_out(header: Callable[[str], str]) -> bool:
    """Whether the browser says that its owner does not want to be recognised (GPC, DNT)."""
    return "1" in (header("sec-gpc").strip(), header("dnt").strip())


def _host_of(header: Callable[[str], str]) -> str:
    """The host that was asked, such as a proxy's; "" for LinkPro's own, which says nothing."""
    host = header("host")
    return "" if host == urlsplit(settings.BASE_URL).netloc else host


def arrival(
    header: Callable[[str], str], peer: str, script: str = ""
) -> Generator[NotLoaded | None, None, Arrival]:
    """What a request says besides its body; `header` is "" for what it does not say.

    `script` is the name of the script that sends, where that is known.

    Raises `Unusable` for a token that may not send, `TooMany` for a sender who must wait.
    """
    token = None
    if text := bearer(header("authorization")):
        if looks_like_token(text):  # nothing else is worth remembering
            token = yield from known(partial(directory.token.get, text))
        if token is None:
            raise Unusable("token_invalid", "This token is unknown, expired or revoked.", 401)
        if not token.may_ingest:
            raise Unusable("token_scope", "This token may not send events.", 403)
    address = client_address(peer, header(settings.CLIENT_IP_HEADER.lower()))
    if token is None and (seconds := buckets().wait(sender_of(address))):
        raise TooMany(seconds)
    return Arrival(
        received_at=(yield from known(directory.now)),
        address=address,
        agent=header("user-agent"),
        language=header("accept-language"),
        origin=header("origin"),
        referer=header("referer"),
        token=token,
        ahead=is_ahead(header),
        opted_out=is_opted_out(header),
        script=script,
        host=_host_of(header),
    )


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header allows gzip."""
    for choice in accepted.lower().split(","):
        coding, _semicolon, quality = choice.replace(" ", "").partition(";")
        if coding == "gzip":
            return quality not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def body_too_large() -> Unusable:
    """The refusal of a body of more than `MAX_BODY` bytes."""
    return Unusable("body_too_large", f"Send at most {MAX_BODY} bytes a request.", 413)


def body_incomplete() -> Unusable:
    """The refusal of a body that was cut short; its sender is hardly there to read it."""
    return Unusable("body_incomplete", "The connection closed before the body ended.")


def plain(body: bytes, encoding: str) -> bytes:
    """The body as it was before it was packed, at most `MAX_BODY` bytes of it. Raises `Unusable`.

    One gzip member, whole: what follows it, or is missing, is a sign of a broken sender.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise Unusable("encoding_unknown", "Send the body as it is, or packed with gzip.", 415)
    packed = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        text = packed.decompress(body, MAX_BODY + 1)
    except zlib.error:
        raise Unusable("encoding_invalid", "The body is not packed with gzip.") from None
    if len(text) > MAX_BODY:
        raise body_too_large()
    if not packed.eof or packed.unused_data:
        raise Unusable("encoding_invalid", "The packed body is cut short, or something follows it.")
    return text


@dataclass(slots=True)
class Reading:
    """The events of a body: which are to be stored, which are refused, and under which names."""

    hits: list[Hit] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    # By event, in their order: what the sender calls it, and why it is refused ("" for a hit).
    names: list[tuple[str, str]] = field(default_factory=list)

    def keep(self, hit: Hit) -> None:
        """An event that is to be stored."""
        self.hits.append(hit)
        self.names.append((hit.given_id or str(hit.event_id), ""))

    def refuse(self, item: Hit | Dropped, reason: str, site: int | None, page: str) -> None:
        """An event that is not; one without an id is called by its place in the body."""
        self.refused.append(Refusal(site, reason, item.raw, page))
        self.names.append((item.given_id or f"#{len(self.names)}", reason))

    def outcomes(self, ends: Iterable[str]) -> list[tuple[str, str, str]]:
        """(id, result, reason) of every event, by what the writer says of the hits."""
        pairs = iter(zip(self.hits, ends, strict=True))
        return [
            (name, "rejected", reason) if reason else told(name, *next(pairs))
            for name, reason in self.names
        ]


def _book(item: Hit | Dropped, came: Arrival) -> int | None:
    """In the books of which site a refused event stands; None where nobody can tell.

    Raises `NotLoaded`.
    """
    if isinstance(item, Hit):
        return item.site_id or None
    found = steps.site_of(item.site_key, "", came)
    return found.id if found else None


def read(body: bytes, came: Arrival, kind: str = "") -> Generator[NotLoaded | None, None, Reading]:
    """The events of a body, after the steps; None is given out now and then, to let others in.

    `kind` is what the address takes (`wire.CLICK`, `wire.VIEW`), "" where it takes all events.

    Raises `Unusable` when nothing can be read.
    """
    reading = Reading()
    for number, item in enumerate(wire.decode(body, came.received_at, kind), start=1):
        if number % BREATH == 0:
            yield None
        try:
            if isinstance(item, Dropped):
                raise item
            try:  # as a rule everything is known
                hit = steps.run(item, came)
            except NotLoaded:
                hit = yield from known(partial(steps.run, item, came))
            reading.keep(hit)
        except Dropped as dropped:
            site = yield from known(partial(_book, item, came))
            reading.refuse(item, dropped.reason, site, came.page)
    if not came.trusted:
        buckets().take(sender_of(came.address), len(reading.names))
    return reading


# --- What goes out ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender gets: a status, a body, and headers besides `HEADERS`."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content_type(self) -> str:
        """JSON, or problem details (RFC 9457)."""
        return "application/json" if self.status < 400 else "application/problem+json"


def told(name: str, hit: Hit, end: str) -> tuple[str, str, str]:
    """What the sender is told of a hit's end."""
    if end == writer.STORED:
        return name, "accepted", "bot" if hit.bot else ""
    return (name, "duplicate", "") if end == writer.DUPLICATE else (name, "rejected", end)


def answer(outcomes: list[tuple[str, str, str]]) -> Answer:
    """The answer for the outcomes; a request whose only event is refused is refused."""
    if len(outcomes) == 1 and outcomes[0][1] == "rejected":
        reason = outcomes[0][2]
        return problem(400, reason, f"The event was refused: {reason}.")
    results: dict[str, dict[str, str]] = {}
    for name, result, reason in outcomes:  # of an id that came twice, the first outcome is told
        told_now = {"result": result, "reason": reason} if reason else {"result": result}
        results.setdefault(name, told_now)
    return Answer(202, {"results": results})


def fault() -> Answer:
    """The answer for a defect of ours."""
    return problem(500, "internal_error", "This is our fault: it has been written down.")


def refusal(error: Unusable | Unavailable | TooMany) -> Answer:
    """The answer for a request of which nothing was stored, or nobody knows."""
    if isinstance(error, Unusable):
        return problem(error.status, error.code, error.detail)
    if isinstance(error, TooMany):
        text = "You send more than one address may: keep the events and send them again later."
        return problem(429, "rate_limited", text, {"Retry-After": str(min(error.seconds, 60))})
    wait = str(random.randint(1, 10))  # noqa: S311  spreads the returning senders
    text = "Nothing was stored, or it is not known: keep the events and send them again."
    return problem(503, "unavailable", text, {"Retry-After": wait})


def problem(status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> Answer:
    """Problem details (RFC 9457) with a stable code."""
    body = {
        "type": "about:blank",
        "title": detail,
        "status": status,
        "code": code,
        "detail": detail,
    }
    return Answer(status, body, headers or {})
