"""A web address that a tenant gives, taken apart once: what is judged here is what is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from django.utils.translation import gettext as _

from accounts.outgoing.public import RESOLVE_SECONDS, OutgoingError, Resolved, resolve

# Ports of public servers that are asked; an installation's own hosts may use any.
PORTS = (80, 443, 8080, 8443)
MAX_URL = 2_000

# What cannot be seen, or does not mean the same to every parser.
_UNCLEAR = re.compile(r"[\x00-\x20\x7f-\xa0\\<>\"^`{|}\u2028\u2029\ud800-\udfff]")
_SPLITS = re.compile(r"%(0[0ad]|5c)", re.IGNORECASE)
_KEPT = "/?:@!$&'()*+,;=%-._~[]"


class BadAddress(OutgoingError):
    """The text is no address that may be asked; the message says what is wrong with it."""

    code = "url_invalid"


@dataclass(frozen=True, slots=True)
class Target:
    """An address as it is asked: every part judged, none left to another parser."""

    scheme: str
    resolved: Resolved
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.resolved.host}]" if ":" in self.resolved.host else self.resolved.host
        usual = {"http": 80, "https": 443}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def check_url(url: str) -> str:
    """The address as it may be stored, after all that is checked before each request.

    Raises `BadAddress` or `NotPublic`.
    """
    return target_of(url).url


def target_of(url: str, deadline: float = RESOLVE_SECONDS) -> Target:
    """An address taken apart, checked and resolved. Raises `BadAddress` or `NotPublic`."""
    if len(url) > MAX_URL:
        raise BadAddress(_("The address is longer than %(n)s characters.") % {"n": MAX_URL})
    if _UNCLEAR.search(url) or _SPLITS.search(url):
        raise BadAddress(_("The address has characters that do not belong in one. Type it anew."))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _not_understood() from None
    if parts.scheme not in ("http", "https") or not host:
        raise _not_understood()
    if "@" in parts.netloc:
        raise BadAddress(_("The address must not hold a user name or password."))
    if "#" in url:
        raise BadAddress(_("Leave out the “#” and what follows it: servers never see it."))
    port = port if port is not None else (443 if parts.scheme == "https" else 80)
    if port == 0:
        raise _not_understood()
    resolved = resolve(host, port, min(deadline, RESOLVE_SECONDS))
    _check_ways(parts.scheme, port, resolved)
    path = quote(f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}", safe=_KEPT)
    return Target(parts.scheme, resolved, port, path)


def _check_ways(scheme: str, port: int, resolved: Resolved) -> None:
    if resolved.own:
        return
    if scheme != "https":
        raise BadAddress(_("The address must begin with https://."))
    if port not in PORTS:
        ports = ", ".join(str(known) for known in PORTS)
        raise BadAddress(_("The port must be one of %(ports)s.") % {"ports": ports})


def _not_understood() -> BadAddress:
    return BadAddress(_("This is no address. Write it like https://example.com/hook."))
