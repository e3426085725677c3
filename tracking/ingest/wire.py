"""The forms in which events arrive, and the one form in which they go on: `Hit`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from tracking.ingest.fields import (
    Dropped,
    amount,
    bounded,
    currency_of,
    cut,
    event_id,
    mended,
    moment,
    page_path,
    without_nul,
)

MAX_EVENTS = 500
MAX_EVENT_BYTES = 65_536
MAX_NAME_BYTES = 64
MAX_PROPS_BYTES = 8_192
MAX_KEY_BYTES = 64
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Unusable(Exception):
    """The request as a whole says nothing that can be stored; `code` says why."""

    def __init__(self, code: str, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.code, self.detail, self.status = code, detail, status


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
    user_id: str | None = None  # of a person who agreed to be recognised, and of nobody else
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
    link: int | str | None = None
    profile: int | str | None = None
    # What the steps find out.
    about: Any = None
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
    link_id: int | None = None


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
    user_id: str | int | None = None
    consent: Any = None
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
    link_id: int | str | None = None
    profile_id: int | str | None = None


class Envelope(msgspec.Struct, kw_only=True):
    """What is said once for all events of a request."""

    site: str | None = None
    sent_at: int | float | str | None = None
    events: msgspec.UnsetType | list[msgspec.Raw] | None = msgspec.UNSET


_decode_envelope = msgspec.json.Decoder(Envelope).decode
_decode_event = msgspec.json.Decoder(EventForm).decode
_encode = msgspec.json.encode


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


# Events that have an endpoint of their own, and what such an event must name.
CLICK, VIEW = "click", "page_view"
_NAMES_NOTHING = {CLICK: "link_missing", VIEW: "profile_missing"}


def event_name(form: EventForm) -> str:
    """The event's name in LinkPro's words, also where the form follows seed 003."""
    if not form.name and not form.type and form.link_id is not None:
        return CLICK
    if form.name:
        return "page_view" if form.name in ("pageview", "$pageview") else form.name
    kind = (form.type or "page_view").lower()
    if kind in ("page_view", "pageview", "page"):
        return "page_view"
    if form.category == "conversion":
        return "conversion"
    return (form.action or kind) if kind == "event" else kind


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


def _name_in(value: int | str | None) -> int | str | None:
    """An id or a name of a link or profile; blank text names nothing."""
    return cut(value, MAX_KEY_BYTES) if isinstance(value, str) else value


def _agreed_id(form: EventForm) -> str | None:
    """The site's own id of a person who agreed to be recognised; without consent there is none."""
    if form.consent is not True or form.user_id is None:
        return None
    return str(form.user_id).strip() or None


def to_hit(raw: bytes, envelope: Envelope, received_at: datetime, kind: str = "") -> Hit:
    """One event as a `Hit`; `kind` is what the endpoint takes, if it takes only one.

    Raises `Dropped` for what no rule can mend.
    """
    if len(raw) > MAX_EVENT_BYTES:
        raise Dropped("event_too_large")
    form = _read_event(raw)
    link, profile = _name_in(form.link_id), _name_in(form.profile_id)
    if kind and (link if kind == CLICK else profile) is None:
        raise Dropped(_NAMES_NOTHING[kind])
    props = _encode(form.props).decode() if form.props else None
    if props is not None and len(props) > MAX_PROPS_BYTES:
        raise Dropped("props_too_large")
    if form.props and not bounded(form.props):
        raise Dropped("props_invalid")
    return Hit(
        event_id=event_id(form.id, received_at),
        given_id=form.id or "",
        raw=raw,
        name=kind or cut(event_name(form), MAX_NAME_BYTES) or VIEW,
        site_key=cut(envelope.site, MAX_KEY_BYTES),
        url=form.url or page_path(form.path),
        title=cut(form.title) if form.title else None,
        referrer=form.referrer,
        timestamp=moment(form.timestamp),
        sent_at=moment(envelope.sent_at),
        client_session=form.session_id or form.sessionId,
        user_id=_agreed_id(form),
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
        link=link,
        profile=profile,
    )


def _read_envelope(body: bytes) -> tuple[bytes, Envelope]:
    """The body and what is said once in it; mended when one event's text breaks it for all."""
    try:
        return body, _decode_envelope(body)
    except UNREADABLE:
        body = mended(body)
        return body, _decode_envelope(body)


def decode(body: bytes, received_at: datetime, kind: str = "") -> Iterator[Hit | Dropped]:
    """The events of a request body, single or batch, all of a `kind` or any. Raises `Unusable`."""
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
            yield to_hit(raw, envelope, received_at, kind)
        except Dropped as dropped:
            key = cut(envelope.site, MAX_KEY_BYTES)
            yield Dropped(dropped.reason, name_of(raw), key, raw)
