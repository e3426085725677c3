"""What a URL says of a page: its host, its path, and the words of a campaign. Pure: no database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

MAX_URL = 4_096
MAX_HOST = 253


@dataclass(frozen=True, slots=True)
class Page:
    """The parts of a page's URL that count; `query` holds only what names a campaign."""

    host: str | None
    path: str | None
    query: tuple[tuple[str, str], ...] = ()


UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
# Click ids by the network that adds them, and whether they always mean a paid click.
CLICK_IDS = {
    "gclid": ("Google", True),
    "gbraid": ("Google", True),
    "wbraid": ("Google", True),
    "msclkid": ("Bing", True),
    "dclid": ("Google", True),
    "ttclid": ("TikTok", True),
    "twclid": ("Twitter", True),
    "li_fat_id": ("LinkedIn", True),
    "fbclid": ("Facebook", False),
    "igshid": ("Instagram", False),
}
_NAMES_CAMPAIGN = frozenset((*UTM, "ref", "source", *CLICK_IDS))


# Whoever builds personal data or a key into a path does not mean to publish it: `/unsubscribe/ada@
# acme.test`, `/shop;jsessionid=1A2B`, a JSON web token.
_SESSION_IN_PATH = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/;]*", re.IGNORECASE)
_PIECE = re.compile(r"([/?&=;,:\s]+)")
_EMAIL = re.compile(r"[^@]+@(?!\d+x\.)[^@]+\.[^\W\d_]{2,}")  # not the picture `logo@2x.png`
_WEB_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*")


def _redacted_piece(piece: str) -> str:
    if _EMAIL.fullmatch(piece.replace("%40", "@")):
        return "[e-mail]"
    return "[token]" if piece.startswith("eyJ") and _WEB_TOKEN.fullmatch(piece) else piece


def redacted(text: str) -> str:
    """A path, or a word of a campaign, without e-mail addresses, session ids and web tokens."""
    if ";" in text:
        text = _SESSION_IN_PATH.sub("", text)
    if "@" in text or "%40" in text or "eyJ" in text:
        text = "".join(map(_redacted_piece, _PIECE.split(text)))
    return text


# What may stand in a host: letters of any script, and the colons of an address.
_HOST = re.compile(r"[\w.:-]+")


def _host(name: str) -> str | None:
    """A host in the spelling of browsers (punycode, lower case), or None for what is none."""
    name = name.rstrip(".")[:MAX_HOST]
    if not _HOST.fullmatch(name):
        return None
    if not name.isascii():
        try:
            name = name.encode("idna").decode()
        except UnicodeError:
            return None
    return name


@lru_cache(maxsize=16_384)
def page_of(url: str) -> Page:
    """Host, path and campaign parameters of a URL or of a bare path, without personal data."""
    try:
        parts = urlsplit(url.strip())
        host = _host(parts.hostname or "")
        path = parts.path or ("/" if host else None)
    except ValueError:
        return Page(None, None)
    try:
        pairs = parse_qsl(parts.query, max_num_fields=200) if parts.query else []
    except ValueError:  # nobody writes that many by hand: no campaign is named here
        pairs = []
    if parts.fragment.startswith("/"):  # a page of an application that routes by fragment
        path = f"{path or '/'}#{parts.fragment.partition('?')[0]}"
    query = ((key, redacted(value)) for key, value in pairs if key in _NAMES_CAMPAIGN)
    return Page(host, redacted(path) if path else None, tuple(pair for pair in query if pair[1]))
