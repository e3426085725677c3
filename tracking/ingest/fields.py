"""What a field of an event may say, and the one form in which it is kept. Pure."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

# An index row may not exceed 2,704 bytes: no value that is ever grouped by is longer than this.
MAX_TEXT_BYTES = 512
MAX_PROPS_DEPTH = 4


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
