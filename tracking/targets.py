"""Where a link may lead. Pure: no database."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from accounts.domains import InvalidDomain, host_name

MAX_URL = 2_048
_PHONE = re.compile(r"\+?[0-9*#][0-9*#().-]{1,31}")


def _refusal(told: str, code: str = "url_invalid") -> ValidationError:
    return ValidationError(told, code=code)


def _not_understood() -> ValidationError:
    return _refusal(_("This is no address. Write it like https://example.com/page."))


def _host_of(parts: SplitResult) -> str:
    """The host of a web address. Raises `ValidationError`."""
    try:
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise _not_understood() from None
    if "@" in parts.netloc:
        told = _("An address with a user name or password would show it to everybody.")
        raise _refusal(told, "url_credentials")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        try:
            host_name(host)
        except InvalidDomain:
            raise _not_understood() from None
    return host


def _web(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _not_understood() from None
    _host_of(parts)
    scheme, _colon, rest = text.partition(":")
    return f"{scheme.lower()}:{rest}"


def _mail(rest: str) -> str:
    for address in unquote(rest.partition("?")[0]).split(","):
        try:
            validate_email(address.strip())
        except ValidationError:
            told = _("This is no e-mail address. Write it like mailto:ada@example.com.")
            raise _refusal(told) from None
    return f"mailto:{rest}"


def _phone(rest: str) -> str:
    number = unquote(rest).replace(" ", "").replace("/", "-")
    if not _PHONE.fullmatch(number):
        raise _refusal(_("This is no telephone number. Write it like tel:+49301234567."))
    return f"tel:{number}"


def _bare(text: str) -> str:
    """What was typed without a scheme: a domain, or an e-mail address."""
    if "@" in text and not re.search(r"[/?#:]", text):
        return _mail(text)
    found = _web(f"https://{text.removeprefix('//')}")
    if "." not in (urlsplit(found).hostname or ""):
        raise _not_understood()
    return found


def valid_link_url(text: str) -> str:
    """The address as it is kept: http(s) with a host, mailto: or tel:; a bare domain gets https.

    Raises `ValidationError` with the code `url_invalid`, `url_scheme`, `url_credentials` or
    `url_too_long`.
    """
    text = text.strip(" \t\r\n")
    if not text.isprintable():  # controls, what turns the direction of text, halves of characters
        raise _refusal(_("The address has characters that cannot be seen. Type it anew."))
    scheme, colon, rest = text.partition(":")
    named = scheme.lower()
    if named in ("http", "https") and colon:
        found = _web(text.replace(" ", "%20"))
    elif named == "mailto" and colon:
        found = _mail(rest.strip())
    elif named == "tel" and colon:
        found = _phone(rest.strip())
    elif not colon or "/" in scheme or (re.match(r"\d{1,5}(?:[/?#]|$)", rest) and "." in scheme):
        found = _bare(text.replace(" ", "%20"))
    else:
        told = _("Links lead to https://, http://, mailto: or tel: addresses.")
        raise _refusal(told, "url_scheme")
    if len(found) > MAX_URL:
        told = _("The address is longer than %(n)s characters.") % {"n": MAX_URL}
        raise _refusal(told, "url_too_long")
    return found
