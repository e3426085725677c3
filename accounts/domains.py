"""Host names as they are compared: lower case, ASCII, without port or trailing dot; networks."""

import ipaddress
import re
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


class InvalidDomain(ValueError):
    """The text names no host; the message says so to people."""


def host_name(text: str) -> str:
    """The host of what somebody typed or pasted: `https://Shop.Example.com:443/x` → its host.

    International names become punycode. Raises `InvalidDomain`.
    """
    text = text.strip().lower()
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
        host = host.rstrip(".").encode("idna").decode() if not host.isascii() else host.rstrip(".")
    except (ValueError, UnicodeError):
        host = ""
    valid = len(host) <= 253 and all(_LABEL.fullmatch(label) for label in host.split("."))
    if not host or not valid:
        raise InvalidDomain(
            _("“%(text)s” is no host name. Write it like shop.example.com.")
            % {"text": text[:80].encode("utf-8", "backslashreplace").decode()}
        )
    return host


def valid_network(text: str) -> None:
    """Raise `ValidationError` unless the text is an IP address or a network such as 10.0.0.0/8."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValidationError(
            _("“%(text)s” is no address or network. Write it like 203.0.113.7 or 2001:db8::/48."),
            code="invalid_network",
            params={"text": text[:80].encode("utf-8", "backslashreplace").decode()},
        ) from None
