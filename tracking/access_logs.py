"""Lines of web servers' access logs, and which of them are page views. Pure: no database.

Read are Apache's and nginx's common and combined forms, with or without the virtual host in front
and with whatever fields behind, and lines of JSON with the names that nginx users give its
variables. `docs/imports.md` tells the rules to people.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import IO, Any
from urllib.parse import unquote, urlsplit

import msgspec

MAX_LINE_BYTES = 65_536

# Why a line is no page view, in the order of the questions.
BAD_LINE, NOT_GET, STATUS, NOT_PAGE, FEED, HIDDEN = (
    "bad line", "method", "status", "not a page", "feed", "hidden path",
)  # fmt: skip


class BadLine(ValueError):
    """The line says nothing that can be read."""


class Line(msgspec.Struct):
    """What a line says of one request."""

    at: datetime
    address: str
    method: str
    target: str
    status: int
    host: str = ""
    referrer: str = ""
    agent: str = ""


# --- Common and combined -------------------------------------------------------------------------

_TEXT = r'[^"\\]*(?:\\.[^"\\]*)*'  # between quotes, where a backslash protects a quote
_COMBINED = re.compile(
    r'(?:(?P<host>[^\s"]+) (?=[^\s"]*[.:]))?(?P<address>(?!- )[^\s"]+) [^\s"]+ [^\["]* '
    rf'\[(?P<time>[^\]]+)\] "(?P<request>{_TEXT})" (?P<status>\d{{3}}) [\d-]+'
    rf'(?: "(?P<referrer>{_TEXT})" "(?P<agent>{_TEXT})"(?: .*)?|(?: [^"].*)?)'
)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))")
_PLAIN_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "v": "\v", "f": "\f"}


def _unescape(text: str) -> str:
    r"""A quoted field as it was sent: servers write `\"`, `\\` and, of bytes, `\xc3`."""
    if "\\" not in text:
        return text

    def plain(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1], 16))
        return _PLAIN_ESCAPES.get(found[2], found[2])

    undone = _ESCAPE.sub(plain, text)
    try:
        return undone.encode("latin-1").decode()
    except UnicodeError:
        return undone


def _field(text: str | None) -> str:
    """A field's text; `-` is what servers write for none."""
    return "" if not text or text == "-" else _unescape(text)


_MONTHS = {name: number for number, name in enumerate(
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
)}  # fmt: skip
_CLF_TIME = re.compile(
    r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.\d+)? ([+-])(\d\d)(\d\d)"
)


@lru_cache(maxsize=64)
def _offset(sign: str, hours: str, minutes: str) -> timezone:
    away = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-away if sign == "-" else away)


def _clf_time(text: str) -> datetime:
    """`17/May/2015:10:05:03 +0000`, whatever the machine's language is."""
    found = _CLF_TIME.fullmatch(text)
    if not found or found[2] not in _MONTHS:
        raise BadLine("the time is not as in 17/May/2015:10:05:03 +0000")
    day, _month, year, hour, minute, second, *offset = found.groups()
    month = _MONTHS[found[2]]
    at = datetime(
        int(year), month, int(day), int(hour), int(minute), min(int(second), 59),
        tzinfo=_offset(*offset),
    )  # fmt: skip
    return at.astimezone(UTC)


def _request(text: str) -> tuple[str, str]:
    """Method and target of `GET /path HTTP/1.1`."""
    method, _space, rest = text.partition(" ")
    target, space, protocol = rest.rpartition(" ")
    if not space or not protocol.startswith("HTTP/"):
        target = rest  # HTTP/0.9 names no protocol
    if not method.isalpha() or not target:
        raise BadLine("the request is not as in GET /path HTTP/1.1")
    return method.upper(), target


def combined(text: str) -> Line:
    """A line in the common or combined form. Raises `BadLine`."""
    found = _COMBINED.fullmatch(text)
    if not found:
        raise BadLine("not in the common or combined form")
    method, target = _request(_unescape(found["request"]))
    return Line(
        at=_clf_time(found["time"]),
        address=found["address"],
        method=method,
        target=target,
        status=int(found["status"]),
        host=_host(found["host"]),
        referrer=_field(found["referrer"]),
        agent=_field(found["agent"]),
    )


def _host(text: Any) -> str:
    """A host's name without its port; none of `-`, `_` and `default`."""
    host = text if isinstance(text, str) else ""
    host = host.rpartition(":")[0] if re.search(r"[^:]:\d+$", host) else host
    return "" if host in ("-", "_", "default", "localhost") else host.strip("[]").lower()


# --- JSON ----------------------------------------------------------------------------------------

_NAMES = {
    "address": ("remote_addr", "client_ip", "clientip", "remote_ip", "ip", "client"),
    "time": ("time_iso8601", "@timestamp", "timestamp", "time", "msec", "ts", "time_local"),
    "method": ("request_method", "method", "verb"),
    "target": ("request_uri", "uri", "url", "path"),
    "status": ("status", "status_code", "response"),
    "host": ("host", "http_host", "server_name", "vhost"),
    "referrer": ("http_referer", "http_referrer", "referer", "referrer"),
    "agent": ("http_user_agent", "user_agent", "agent"),
}
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def _named(fields: dict[str, Any], what: str) -> Any:
    for name in _NAMES[what]:
        if fields.get(name) not in (None, ""):
            return fields[name]
    return ""


def _text(value: Any) -> str:
    return "" if value == "-" or not isinstance(value, str) else value


def _any_time(value: Any) -> datetime:
    """ISO 8601, the logs' own form, or seconds or milliseconds since 1970."""
    try:
        if isinstance(value, str) and "/" in value:
            return _clf_time(value)
        if isinstance(value, str) and not re.fullmatch(r"\d+(\.\d+)?", value):
            at = datetime.fromisoformat(value)
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        seconds = float(value)
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise BadLine(f"the time cannot be read: {error}") from None


def from_json(text: str) -> Line:
    """A line of JSON. Raises `BadLine`."""
    try:
        fields = _decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise BadLine(f"not an object in JSON: {error}") from None
    method, target = _text(_named(fields, "method")), _text(_named(fields, "target"))
    if not (method and target):
        method, target = _request(_text(fields.get("request")))
    try:
        status = int(_named(fields, "status"))
    except (TypeError, ValueError):
        raise BadLine("there is no status") from None
    return Line(
        at=_any_time(_named(fields, "time")),
        address=_text(_named(fields, "address")),
        method=method.upper(),
        target=target,
        status=status,
        host=_host(_named(fields, "host")),
        referrer=_text(_named(fields, "referrer")),
        agent=_text(_named(fields, "agent")),
    )


def by_its_look(text: str) -> Line:
    """A line of either form. Raises `BadLine`."""
    return from_json(text) if text.startswith("{") else combined(text)


FORMATS: dict[str, Callable[[str], Line]] = {
    "auto": by_its_look,
    "combined": combined,
    "nginx": combined,
    "json": from_json,
}


def parse(text: str, form: str = "auto") -> Line:
    """One line of a log. Raises `BadLine`, and nothing else, whatever the text is."""
    if len(text) > MAX_LINE_BYTES:
        raise BadLine("longer than any request")
    try:
        line = FORMATS[form](text.strip())
    except BadLine:
        raise
    except (ValueError, OverflowError) as error:  # a day such as 31/Feb, a year such as 0
        raise BadLine(str(error)) from None
    if not 1 < line.at.year < 9999:  # where the calendar ends there are no days of other zones
        raise BadLine("the time is out of this world")
    return line


# --- Which lines are page views ------------------------------------------------------------------

PAGE_ENDINGS = frozenset(
    {"htm", "html", "xhtml", "shtml", "php", "php5", "phtml", "asp", "aspx", "jsp", "jspx", "do",
     "cfm", "cgi", "pl", "amp"}
)  # fmt: skip
FEED_NAMES = frozenset({"feed", "rss", "atom"})
_FEED_QUERY = re.compile(
    r"(?:^|&)(?:feed|flav|format|type|alt)=(?:feed|rss|atom|rdf)[0-9.]*(?:&|$)"
)


def path_of(target: str) -> tuple[str, str]:
    """Path and query of a request's target, which may be a whole URL; "" for what has none."""
    if not target.startswith("/"):
        try:
            parts = urlsplit(target)
        except ValueError:
            return "", ""
        return (parts.path or "/", parts.query) if parts.netloc else ("", "")
    path, _mark, query = target.partition("?")
    return path.partition("#")[0], query


def not_a_page(line: Line) -> str:
    """Why the line is no page view, or "" if it is one."""
    if line.method != "GET":
        return NOT_GET
    if not (200 <= line.status <= 299 or line.status == 304):
        return STATUS
    path, query = path_of(line.target)
    if "/." in path:
        return HIDDEN
    name = unquote(path.rpartition("/")[2]).lower()
    ending = name.rpartition(".")[2] if "." in name else ""
    if not path or (ending and ending not in PAGE_ENDINGS) or name.endswith("."):
        return NOT_PAGE
    if name in FEED_NAMES or path.rstrip("/").rpartition("/")[2].lower() in FEED_NAMES:
        return FEED
    return FEED if query and _FEED_QUERY.search(query.lower()) else ""


# --- Files ---------------------------------------------------------------------------------------


@contextmanager
def opened(source: IO[bytes]) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """The bytes of a log, unpacked if they are gzip's. A pipe will do: nothing is read twice."""
    peek: Callable[[int], bytes] | None = getattr(source, "peek", None)
    if peek is not None and peek(2)[:2] == b"\x1f\x8b":
        with gzip.open(source) as unpacked:
            yield unpacked
    else:
        yield source


def lines(source: IO[bytes]) -> Iterator[str]:
    """The lines of a log that are not empty. A line without end is cut into bad ones."""
    with opened(source) as data:
        while raw := data.readline(MAX_LINE_BYTES + 1):
            text = raw.decode("utf-8", "replace").strip()
            if text:
                yield text
