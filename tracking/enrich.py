"""What can be told from an address, a user agent, a referrer and a URL. Pure: no database."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings

DATA = Path(__file__).parent / "data"
MAX_AGENT = 512  # characters, cut before any pattern looks at them
MAX_URL = 4_096
MAX_HOST = 253


# --- Addresses --------------------------------------------------------------------------------


@lru_cache(maxsize=16_384)
def plain_address(text: str) -> str:
    """An IP address in its one spelling, or "" for what is none.

    A port, brackets and a zone are dropped, an IPv4 address in IPv6 clothes is undressed.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


@lru_cache(maxsize=1)
def _trusted_networks() -> tuple[Any, ...]:
    return tuple(ipaddress.ip_network(net, strict=False) for net in settings.TRUSTED_PROXIES)


@lru_cache(maxsize=4_096)
def is_trusted_proxy(address: str) -> bool:
    """Whether the installation believes what this address says about its clients."""
    networks = _trusted_networks()
    return bool(networks and address) and any(
        ipaddress.ip_address(address) in network for network in networks
    )


def client_address(peer: str, header: str) -> str:
    """The address of the client: the peer's, or what trusted proxies say, read from the right."""
    peer = plain_address(peer)
    if not header or not is_trusted_proxy(peer):
        return peer
    for part in reversed(header.split(",")[-32:]):
        address = plain_address(part)
        if not address:
            break
        peer = address
        if not is_trusted_proxy(address):
            break
    return peer


@lru_cache(maxsize=1)
def _geo_database() -> Any:
    if not settings.GEOIP_PATH:
        return None
    import maxminddb

    return maxminddb.open_database(settings.GEOIP_PATH)


@lru_cache(maxsize=65_536)
def country_of(address: str) -> str | None:
    """The ISO 3166 code of the country that the address belongs to, or None."""
    if not address:
        return None
    database = _geo_database()
    if database is None:
        import iptocc

        return iptocc.country_code(address)
    found = database.get(address) or {}
    return found.get("country_code") or (found.get("country") or {}).get("iso_code")


# --- User agents ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """What a user agent says of itself; `bot` is its class, empty for people."""

    browser: str = ""
    os: str = ""
    device: str = ""
    bot: str = ""


@lru_cache(maxsize=1)
def lists_version() -> str:
    """The versions of the lists that `agent_facts` judges by."""
    return f"uap {version('ua-parser-builtins')}, crawlers {version('crawler-user-agents')}"


# What a crawler that no list knows yet calls itself.
_CALLS_ITSELF_BOT = re.compile(r"bot\b|crawl|spider|headless|preview|scrap", re.IGNORECASE)
_SYSTEMS = {"Mac OS X": "macOS", "Linux": "Linux", "Ubuntu": "Linux", "Fedora": "Linux"}


def _bot_class(text: str) -> str:
    import crawleruseragents

    if not crawleruseragents.is_crawler(text):
        return "unlisted" if _CALLS_ITSELF_BOT.search(text) else ""
    for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA:
        if re.search(entry["pattern"], text):
            return (entry.get("tags") or ["crawler"])[0]
    return "crawler"


def _device(text: str, os: str) -> str:
    if os in ("iOS", "Android", "Windows Phone") or "Mobile" in text:
        tablet = "iPad" in text or (os == "Android" and "Mobile" not in text)
        return "tablet" if tablet else "mobile"
    return "desktop"


@lru_cache(maxsize=8_192)
def agent_facts(text: str) -> AgentFacts:
    """Browser, system and device of a user agent of at most `MAX_AGENT` characters."""
    import ua_parser

    if not text:
        return AgentFacts()
    parsed = ua_parser.parse(text)
    browser = parsed.user_agent.family if parsed.user_agent else ""
    os = parsed.os.family if parsed.os else ""
    os = _SYSTEMS.get(os, os)
    browser = browser.removeprefix("Mobile ")
    for suffix in (" Mobile WebView", " Mobile iOS", " Mobile", " iOS", " UI/WKWebView"):
        browser = browser.removesuffix(suffix)
    return AgentFacts(browser[:64], os[:64], _device(text, os), _bot_class(text))


# --- Pages ------------------------------------------------------------------------------------


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


@lru_cache(maxsize=16_384)
def page_of(url: str) -> Page:
    """Host, path and campaign parameters of a URL or of a bare path."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").rstrip(".")[:MAX_HOST] or None
        path = parts.path or ("/" if host else None)
    except ValueError:
        return Page(None, None)
    try:
        pairs = parse_qsl(parts.query, max_num_fields=200) if parts.query else []
    except ValueError:  # nobody writes that many by hand: no campaign is named here
        pairs = []
    if parts.fragment.startswith("/"):  # a page of an application that routes by fragment
        path = f"{path or '/'}#{parts.fragment.partition('?')[0]}"
    query = tuple((key, value) for key, value in pairs if key in _NAMES_CAMPAIGN and value)
    return Page(host, path, query)


# --- Sources ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """Where a visit came from."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    term: str | None = None
    content: str | None = None
    channel: str = "direct"
    click_id: str | None = None
    referrer_host: str | None = None


@lru_cache(maxsize=1)
def _referrers() -> dict[str, tuple[str, str]]:
    lists = json.loads((DATA / "referrers.json").read_text())
    return {
        host: (kind, name)
        for kind in ("search", "social", "ai")
        for host, name in lists[kind].items()
    }


_COUNTRY_ENDING = re.compile(r"(?:com?|org|net|gov|edu)?\.?[a-z]{2}|com|net|org")


@lru_cache(maxsize=16_384)
def named_referrer(host: str) -> tuple[str, str] | None:
    """Kind (`search`, `social`, `ai`) and name of a well-known host, by suffix and by ending."""
    known = _referrers()
    labels = host.split(".")[-6:]  # no name that is known has more
    for start in range(len(labels) - 1):
        suffix = ".".join(labels[start:])
        ending = ".".join(labels[start + 1 :])
        found = known.get(suffix) or known.get("{}." + ending)
        if found is None and _COUNTRY_ENDING.fullmatch(ending):
            found = known.get(labels[start] + ".{}")
        if found:
            return found
    return None


_PAID = re.compile(r"^(.*cp.*|ppc|retargeting|paid.*)$")
_CHANNEL_OF_KIND = {"search": "organic_search", "social": "organic_social", "ai": "ai_assistant"}
_MEDIUM_OF_KIND = {"search": "organic", "social": "social", "ai": "ai"}


def channel_of(kind: str | None, medium: str, paid: bool) -> str:
    """The channel of a visit, by the kind of its source and its medium."""
    if medium in ("display", "banner", "cpm", "interstitial"):
        return "display"
    if paid or _PAID.match(medium):
        return {"search": "paid_search", "social": "paid_social"}.get(kind or "", "paid_other")
    if medium in ("email", "e-mail", "mail", "newsletter"):
        return "email"
    if medium == "affiliate":
        return "affiliate"
    if kind or medium in ("social", "organic"):
        fallback = "organic_social" if medium == "social" else "organic_search"
        return _CHANNEL_OF_KIND.get(kind or "", fallback)
    return "referral"


def bare(host: str | None) -> str:
    """A host without its www."""
    return (host or "").lower().removeprefix("www.")


@lru_cache(maxsize=16_384)
def source_of(referrer: str, query: tuple[tuple[str, str], ...], own: frozenset[str]) -> Source:
    """The source of a visit by its referrer and the campaign parameters of its first page.

    `own` are the site's hosts without www: a visit that comes from there comes from nowhere new.
    """
    page = page_of(referrer)
    host = bare(page.host) if page.host and bare(page.host) not in own else None
    tags = dict(reversed(query))
    click_id = next((key for key in CLICK_IDS if key in tags), None)
    network, paid = CLICK_IDS[click_id] if click_id else (None, False)
    given = tags.get("utm_source") or tags.get("ref") or tags.get("source") or network
    named = named_referrer(bare(given)) if given and "." in given else None
    if given and named is None:
        named = _referrer_by_name().get(given.lower())
    if not given and host:
        named = named_referrer(host)
    if not given and not host and not tags.get("utm_medium"):
        return Source()
    kind, name = named or (None, given or host)
    medium = (tags.get("utm_medium") or "").lower()
    return Source(
        source=name,
        medium=medium or ("cpc" if paid else _MEDIUM_OF_KIND.get(kind or "", "referral")),
        campaign=tags.get("utm_campaign"),
        term=tags.get("utm_term"),
        content=tags.get("utm_content"),
        channel=channel_of(kind, medium, paid),
        click_id=click_id,
        referrer_host=host,
    )


@lru_cache(maxsize=1)
def _referrer_by_name() -> dict[str, tuple[str, str]]:
    """`utm_source=google` and a visit from google.com are one source."""
    return {name.lower(): (kind, name) for kind, name in _referrers().values()}


_LANGUAGE = re.compile(r"\s*([A-Za-z]{2,3})(?:[-_]([A-Za-z]{2}))?(?![A-Za-z])")


@lru_cache(maxsize=4_096)
def language_of(text: str) -> str | None:
    """The first language of a list such as `de-DE,de;q=0.9`, as `de-DE`."""
    found = _LANGUAGE.match(text)
    if not found:
        return None
    region = found[2]
    return found[1].lower() + (f"-{region.upper()}" if region else "")


_SCREEN = re.compile(r"[1-9]\d{1,4}x[1-9]\d{1,4}")


def screen_of(text: str | None) -> str | None:
    """A screen size such as `1440x900`, or None for anything else."""
    return text if text and _SCREEN.fullmatch(text) else None
