"""The forms in which events arrive, and the one form in which they go on: `Hit`."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

MAX_EVENTS = 500
MAX_EVENT_BYTES = 65_536
# An index row may not exceed 2,704 bytes: no value that is ever grouped by is longer than this.
MAX_TEXT_BYTES = 512
MAX_NAME_BYTES = 64
MAX_PROPS_BYTES = 8_192
MAX_PROPS_DEPTH = 4
MAX_KEY_BYTES = 64
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Unusable(Exception):
    """The request as a whole says nothing that can be stored; `code` says why."""

    def __init__(self, code: str, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.code, self.detail, self.status = code, detail, status


class Dropped(Exception):
    """One event is refused; `reason` is counted and told to the sender, under the event's id.

    What of it is legible goes along: `site_key` says in whose books it stands, `raw` is what came.
    """

    def __init__(
        self, reason: str, given_id: str = "", site_key: str | None = None, raw: Any = b""
    ) -> None:
        super().__init__(reason)
        self.reason, self.given_id = reason, given_id
        self.site_key, self.raw = site_key, raw


class Hit(msgspec.Struct, gc=False):
    """One event on its way: first what the sender says, then what the steps find out."""

    # What the sender says.
    event_id: uuid.UUID
    name: str
    given_id: str
    raw: Any = b""
    site_key: str | None = None
    url: str | None = None
    title: str | None = None
    referrer: str | None = None
    timestamp: datetime | None = None
    sent_at: datetime | None = None
    client_session: str | None = None
    given_ip: str | None = None
    given_agent: str | None = None
    screen: str | None = None
    language: str | None = None
    category: str | None = None
    action: str | None = None
    label: str | None = None
    value: Decimal | None = None
    currency: str | None = None
    props: str | None = None
    # What the steps find out.
    site_id: int = 0
    occurred_at: datetime | None = None
    received_at: datetime | None = None
    day: date | None = None
    address: str = ""
    ip: str | None = None
    agent: str = ""
    agent_id: int | None = None
    bot: str = ""
    flags: int = 0
    visitor: int | None = None
    session: int | None = None
    host: str | None = None
    path: str | None = None
    referrer_host: str | None = None
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    term: str | None = None
    content: str | None = None
    channel: str | None = None
    click_id: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    device: str | None = None
    browser: str | None = None
    os: str | None = None
    import_source: str | None = None


class EventForm(msgspec.Struct, kw_only=True):
    """One event as a client writes it; seed 003's camelCase names stand beside our own."""

    id: str | None = None
    name: str | None = None
    type: str | None = None
    url: str | None = None
    path: str | None = None
    title: str | None = None
    referrer: str | None = None
    timestamp: int | float | str | None = None
    session_id: str | None = None
    sessionId: str | None = None  # noqa: N815  the seed's own spelling
    ip: str | None = None
    user_agent: str | None = None
    screen: str | None = None
    language: str | None = None
    category: str | None = None
    action: str | None = None
    label: str | None = None
    value: Decimal | None = None
    currency: str | None = None
    props: dict[str, Any] | None = None


class Envelope(msgspec.Struct, kw_only=True):
    """What is said once for all events of a request."""

    site: str | None = None
    sent_at: int | float | str | None = None
    events: msgspec.UnsetType | list[msgspec.Raw] | None = msgspec.UNSET


_decode_envelope = msgspec.json.Decoder(Envelope).decode
_decode_event = msgspec.json.Decoder(EventForm).decode
_encode = msgspec.json.encode


def cut(text: str | None, size: int = MAX_TEXT_BYTES) -> str | None:
    """The text without NUL (PostgreSQL cannot hold it), at most `size` bytes of UTF-8.

    Blank text is no text: None.
    """
    if not text:
        return None
    if "\0" in text:
        text = text.replace("\0", "")
    if len(text) * 4 > size:
        data = text.encode("utf-8", "replace")
        if len(data) > size:
            text = data[:size].decode("utf-8", "ignore")
    return text.strip() or None


def uuid7(at: datetime) -> uuid.UUID:
    """A time-ordered id (RFC 9562) for an event that brings none."""
    milliseconds = int(at.timestamp() * 1000)
    noise = uuid.uuid4().int & ((1 << 74) - 1)
    number = milliseconds << 80 | 7 << 76 | (noise >> 62) << 64 | 2 << 62 | noise & ((1 << 62) - 1)
    return uuid.UUID(int=number)


_as_uuid = msgspec.convert  # a third of what the constructor takes


def event_id(text: str | None, at: datetime) -> uuid.UUID:
    """The id by which an event counts once: a UUID as it is, other text by its hash."""
    if not text:
        return uuid7(at)
    try:
        return _as_uuid(text, uuid.UUID)
    except msgspec.ValidationError:
        pass
    try:
        if text.isascii():
            return uuid.UUID(text)  # in braces, or as a URN
    except ValueError:
        pass
    return uuid.uuid5(uuid.NAMESPACE_OID, text)


class Named(msgspec.Struct):
    """The one thing that must be legible of a refused event: what its sender calls it."""

    id: str | None = None


_decode_name = msgspec.json.Decoder(Named).decode


def name_of(raw: bytes) -> str:
    """The id of an event of which nothing else may be usable, or ""."""
    try:
        return _decode_name(mended(raw)).id or ""
    except UNREADABLE:
        return ""


# NUL as JSON writes it, and the escaped backslash that only looks like its beginning.
_NUL = re.compile(r"(\\\\)|\\u0000")


def without_nul(text: str) -> str:
    """JSON without NUL, which jsonb cannot hold."""
    return _NUL.sub(r"\1", text) if "\\u0000" in text else text


_LARGE = re.compile(r"[-+]?\d{1,19}(\.\d+)?")


def moment(value: float | str | None) -> datetime | None:
    """A time as clients write it: ISO 8601 with zone, or seconds, ms, µs or ns since 1970.

    None when nothing was said. Raises `Dropped("timestamp_invalid")`.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            if not _LARGE.fullmatch(value):
                at = datetime.fromisoformat(value.upper())
                return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
            value = float(value)
        seconds = float(value)
        while abs(seconds) >= 1e11:  # the year 5138 in seconds: so these are ms, µs or ns
            seconds /= 1000
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise Dropped("timestamp_invalid") from None


_SIX_PLACES = Decimal("0.000001")


def amount(value: Decimal) -> Decimal:
    """A value as its column holds it: less than 10¹⁴, rounded to six places.

    Judged by its digits first: arithmetic on huge ones never ends. Raises `Dropped`.
    """
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or not -400 <= exponent <= 14 or value.adjusted() >= 14:
        raise Dropped("value_invalid")
    return value if exponent >= -6 else value.quantize(_SIX_PLACES)


_CURRENCY = re.compile(r"[A-Za-z]{3}")


def currency_of(text: str | None) -> str | None:
    """A currency such as EUR; None for what is none, whose value is then no money."""
    return text.upper() if text and _CURRENCY.fullmatch(text) else None


def page_path(path: str | None) -> str | None:
    """A bare path as a URL without a host, also where it begins like one of another host."""
    return "/" + path.lstrip("/") if path and path.startswith("//") else path


def bounded(value: Any, depth: int = 0) -> bool:
    """Whether a property is of a size that stays so in the database, which writes 1e308 in full."""
    if isinstance(value, dict):
        return depth < MAX_PROPS_DEPTH and all(
            len(key) <= 128 and bounded(item, depth + 1) for key, item in value.items()
        )
    if isinstance(value, list):
        return depth < MAX_PROPS_DEPTH and all(bounded(item, depth + 1) for item in value)
    if isinstance(value, float):
        return value == 0 or 1e-15 < abs(value) < 1e21
    return not isinstance(value, int) or abs(value) < 10**21


def event_name(form: EventForm) -> str:
    """The event's name in LinkPro's words, also where the form follows seed 003."""
    if form.name:
        return "page_view" if form.name in ("pageview", "$pageview") else form.name
    kind = (form.type or "page_view").lower()
    if kind in ("page_view", "pageview", "page"):
        return "page_view"
    if form.category == "conversion":
        return "conversion"
    return (form.action or kind) if kind == "event" else kind


# Escaped halves of characters beyond the first plane: a pair is one character, a half is none.
_HALVES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


def without_halves(body: bytes) -> bytes:
    """JSON in which half a character, which no text may hold, is written as unknown (U+FFFD)."""
    return _HALVES.sub(lambda found: rb"\ufffd" if found[1] else found[0], body)


def mended(text: bytes) -> bytes:
    """JSON whose unreadable characters are written as unknown: half ones, and what is no UTF-8."""
    return without_halves(text.decode("utf-8", "replace").encode())


UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


def _read_event(raw: bytes) -> EventForm:
    """The event's form; what cannot be read in it is mended. Raises `Dropped`."""
    try:
        return _decode_event(raw)
    except UNREADABLE:
        pass
    try:
        return _decode_event(mended(raw))
    except UNREADABLE:
        raise Dropped("event_invalid") from None


def to_hit(raw: bytes, envelope: Envelope, received_at: datetime) -> Hit:
    """One event as a `Hit`. Raises `Dropped` for what no rule can mend."""
    if len(raw) > MAX_EVENT_BYTES:
        raise Dropped("event_too_large")
    form = _read_event(raw)
    props = _encode(form.props).decode() if form.props else None
    if props is not None and len(props) > MAX_PROPS_BYTES:
        raise Dropped("props_too_large")
    if form.props and not bounded(form.props):
        raise Dropped("props_invalid")
    return Hit(
        event_id=event_id(form.id, received_at),
        given_id=form.id or "",
        raw=raw,
        name=cut(event_name(form), MAX_NAME_BYTES) or "page_view",
        site_key=cut(envelope.site, MAX_KEY_BYTES),
        url=form.url or page_path(form.path),
        title=cut(form.title) if form.title else None,
        referrer=form.referrer,
        timestamp=moment(form.timestamp),
        sent_at=moment(envelope.sent_at),
        client_session=form.session_id or form.sessionId,
        given_ip=form.ip,
        given_agent=form.user_agent,
        screen=cut(form.screen, 32) if form.screen else None,
        language=cut(form.language, 64) if form.language else None,
        category=cut(form.category) if form.category else None,
        action=cut(form.action) if form.action else None,
        label=cut(form.label) if form.label else None,
        value=None if form.value is None else amount(form.value),
        currency=currency_of(form.currency),
        props=without_nul(props) if props else None,
    )


def _read_envelope(body: bytes) -> tuple[bytes, Envelope]:
    """The body and what is said once in it; mended when one event's text breaks it for all."""
    try:
        return body, _decode_envelope(body)
    except UNREADABLE:
        body = mended(body)
        return body, _decode_envelope(body)


def decode(body: bytes, received_at: datetime) -> Iterator[Hit | Dropped]:
    """The events of a request body, single or batch. Raises `Unusable`."""
    body = body.removeprefix(BYTE_ORDER_MARK)
    if not body.strip():
        raise Unusable("body_empty", "The body is empty: send an event as JSON.")
    try:
        body, envelope = _read_envelope(body)
    except UNREADABLE as error:
        raise Unusable("json_invalid", f"The body is not an event as JSON: {error}") from None
    raws = [body]
    if envelope.events is not msgspec.UNSET:
        raws = [bytes(raw) for raw in envelope.events or ()]
        if not raws:
            raise Unusable("batch_empty", "The list of events is empty.")
        if len(raws) > MAX_EVENTS:
            raise Unusable("batch_too_long", f"Send at most {MAX_EVENTS} events a request.", 413)
    for raw in raws:
        try:
            yield to_hit(raw, envelope, received_at)
        except Dropped as dropped:
            key = cut(envelope.site, MAX_KEY_BYTES)
            yield Dropped(dropped.reason, name_of(raw), key, raw)
