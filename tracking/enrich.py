"""What can be told from an address and a referrer. Pure: no database.

Whose address it is stands in `accounts.addresses`, what a user agent says in `agents`, what a URL
says in `pages`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from tracking.pages import CLICK_IDS, page_of

DATA = Path(__file__).parent / "data"


# --- Countries -----------------------------------------------------------------------------------


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
        for kind in ("search", "social", "email", "ai")  # of a host on two lists the last holds
        for host, name in lists[kind].items()
    }


_COUNTRY_ENDING = re.compile(r"(?:com?|org|net|gov|edu)?\.?[a-z]{2}|com|net|org")


@lru_cache(maxsize=16_384)
def named_referrer(host: str) -> tuple[str, str] | None:
    """Kind (`search`, `social`, `ai`, `email`) and name of a well-known host, by suffix and ending.

    Search engines have other services beside them, where nobody searches: of their subdomains
    only those count that are on the list, or are as short as `m` and `de`.
    """
    known = _referrers()
    labels = host.split(".")[-6:]  # no name that is known has more
    for start in range(len(labels) - 1):
        suffix = ".".join(labels[start:])
        ending = ".".join(labels[start + 1 :])
        found = known.get(suffix) or known.get("{}." + ending)
        if found is None and _COUNTRY_ENDING.fullmatch(ending):
            found = known.get(labels[start] + ".{}")
        if found and (found[0] != "search" or all(len(label) < 4 for label in labels[:start])):
            return found
    return None


_PAID = re.compile(r"^(.*cp.*|ppc|retargeting|paid.*)$")
_CHANNEL_OF_KIND = {"search": "organic_search", "social": "organic_social", "ai": "ai_assistant"}
_MEDIUM_OF_KIND = {"search": "organic", "social": "social", "ai": "ai", "email": "email"}


def channel_of(kind: str | None, medium: str, paid: bool) -> str:
    """The channel of a visit, by the kind of its source and its medium."""
    if medium in ("display", "banner", "cpm", "interstitial"):
        return "display"
    if paid or _PAID.match(medium):
        return {"search": "paid_search", "social": "paid_social"}.get(kind or "", "paid_other")
    if kind == "email" or medium in ("email", "e-mail", "mail", "newsletter"):
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
