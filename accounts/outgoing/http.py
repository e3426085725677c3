"""The way out for every address that a tenant gives: one request, to a public server, in time.

The host is resolved once, all its addresses are judged, and those and no other are connected to,
under the host's own name (`Host`, SNI, certificate). No proxy, no redirect, no cookie, nothing of
the environment. What is judged is what is asked: the address is parsed once, here.
"""

from __future__ import annotations

import ssl
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

import httpcore2
from django.conf import settings
from django.utils.translation import gettext as _

from accounts.outgoing.public import OutgoingError
from accounts.outgoing.targets import BadAddress, Target, check_url, target_of
from accounts.outgoing.wire import BadCertificate, Network, NoTls

__all__ = ["Answer", "BadAddress", "Insecure", "TimedOut", "TooLarge", "Unreachable", "check_url"]

AGENT = "LinkPro"
MAX_HEADERS = 100
_OWN_HEADERS = frozenset(
    ["accept-encoding", "connection", "content-length", "host", "te", "transfer-encoding"]
)


class Unreachable(OutgoingError):
    """Nobody answered, or what answered spoke no HTTP."""

    code = "unreachable"


class TimedOut(OutgoingError):
    """The answer was not whole in time."""

    code = "timed_out"


class TooLarge(OutgoingError):
    """The answer is larger than asked for."""

    code = "too_large"


class Insecure(OutgoingError):
    """The server's certificate proves nothing, or it speaks no TLS of today."""

    code = "insecure"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. The names of headers are in lower case; of repeated ones the last counts."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    seconds: float


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    deadline: float = 15.0,
    max_bytes: int = 1_000_000,
) -> Answer:
    """Ask once, and answer within `deadline` seconds, whatever the server does.

    Of the answer at most `max_bytes` are read, counted after decompression; 0: nothing but status
    and headers. A redirect is an answer like any other. Raises `OutgoingError`: `BadAddress`,
    `NotPublic`, `Unreachable`, `TimedOut`, `TooLarge`, `Insecure`.
    """
    begun = time.monotonic()
    target = target_of(url, deadline)
    sent = _headers(target, headers or {}, body, compressed=max_bytes > 0)
    network = Network(target.resolved.addresses, begun + deadline)
    context = _trusted(settings.OUTGOING_CA_FILE) if target.scheme == "https" else None
    pool = httpcore2.ConnectionPool(ssl_context=context, network_backend=network)
    address = httpcore2.URL(
        scheme=target.scheme, host=target.resolved.host, port=target.port, target=target.path
    )
    try:
        with pool, pool.stream(method, address, headers=sent, content=body) as response:
            told = _told(response.headers)
            content = _content(response, told, max_bytes) if max_bytes else b""
    except httpcore2.TimeoutException:
        raise TimedOut(_("No answer within %(seconds)g seconds.") % {"seconds": deadline}) from None
    except httpcore2.ConnectError as error:
        raise _refusal(error) from None
    except (httpcore2.NetworkError, httpcore2.ProtocolError, zlib.error):
        raise Unreachable(_("The server closed the connection or speaks no HTTP.")) from None
    return Answer(response.status, told, content, time.monotonic() - begun)


# --- What goes and what comes -----------------------------------------------------------------


def _headers(
    target: Target, given: Mapping[str, str], body: bytes, *, compressed: bool
) -> list[tuple[str, str]]:
    """All headers of a request. Raises `ValueError` for what no caller may set."""
    for name, value in given.items():
        plain = value.isascii() and value.isprintable() and name.isascii()
        if name.lower() in _OWN_HEADERS or not plain or not name.replace("-", "").isalnum():
            raise ValueError(f"The header {name!r} cannot be sent.")
    own = {
        "Host": target.authority,
        "User-Agent": AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "gzip" if compressed else "identity",
        "Connection": "close",
    }
    if body:
        own["Content-Length"] = str(len(body))
    return [*(own | dict(given)).items()]


def _told(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    told = [(name.decode("ascii").lower(), value.decode("latin-1")) for name, value in headers]
    if len(told) > MAX_HEADERS:
        raise TooLarge(_("The answer has more than %(n)s headers.") % {"n": MAX_HEADERS})
    return dict(told)


def _content(response: httpcore2.Response, told: Mapping[str, str], most: int) -> bytes:
    """The answer's content, unpacked piece by piece so that a bomb ends at `most` bytes."""
    packed = told.get("content-encoding", "identity").lower()
    if packed not in ("identity", "gzip", ""):
        raise Unreachable(_("The answer is packed in a way that LinkPro did not ask for."))
    unpacker = zlib.decompressobj(wbits=31) if packed == "gzip" else None
    found = bytearray()
    for piece in response.iter_stream():
        room = most + 1 - len(found)
        found += unpacker.decompress(piece, room) if unpacker else piece[:room]
        if len(found) > most:
            raise TooLarge(_("The answer is larger than %(n)s bytes.") % {"n": most})
    if unpacker and not unpacker.eof:
        raise Unreachable(_("The answer ended before its end."))
    return bytes(found)


def _refusal(error: httpcore2.ConnectError) -> OutgoingError:
    if isinstance(error, BadCertificate):
        return Insecure(
            _("The server's certificate is not valid for its name: expired, another's or unsigned.")
        )
    if isinstance(error, NoTls):
        return Insecure(_("The server offers no TLS 1.2 or newer."))
    return Unreachable(_("The server could not be reached. Check the address and its firewall."))


@cache
def _trusted(extra: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if extra:
        context.load_verify_locations(extra)
    return context
