"""What the public page of a link profile shows; no request, no database of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext

from tracking.enrich import bare, named_referrer
from tracking.models import Link, LinkProfile
from tracking.models.links import SCHEMES

TEMPLATE = "tracking/bio.html"
MAX_DESCRIPTION = 160  # characters, about what search results and previews show
# What a browser paints around the page: the page's own colour, in light and in dark.
PAINT = {
    "auto": ("#f6f5f3", "#121417"),
    "paper": ("#f7f2e8", "#f7f2e8"),
    "night": ("#0e1117", "#0e1117"),
    "sea": ("#e3f1f5", "#e3f1f5"),
    "clay": ("#f6e7df", "#f6e7df"),
    "forest": ("#10241b", "#10241b"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A link as the page shows it: its text, where it leads, and what it is to the person."""

    title: str
    href: str
    rel: str


def may_lead_to(url: str) -> bool:
    """Whether visitors are ever led there: to the web, to mail, or to a telephone."""
    try:
        return urlsplit(url).scheme.lower() in SCHEMES and url.isprintable()
    except ValueError:
        return False


def is_own_account(url: str) -> bool:
    """Whether a URL is an account of the person in a social network, by all that can be told."""
    try:
        parts = urlsplit(url)
        host = bare(parts.hostname)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or len(parts.path) < 2:
        return False
    named = named_referrer(host) if "." in host else None
    # Mastodon and its kin live at thousands of hosts, their people at /@name.
    return (named is not None and named[0] == "social") or parts.path.startswith("/@")


def avatar_path(username: str, digest: str) -> str:
    """Where the picture is; another picture has another address, so this one may be kept."""
    return f"/@{username}/avatar-{digest}.webp"


def _structured(profile: LinkProfile, page: dict[str, Any], accounts: list[str]) -> SafeString:
    """The page's `ProfilePage` as JSON-LD that may stand within a script element."""
    person = {
        "@type": "Person",
        "name": profile.title,
        "alternateName": f"@{profile.username}",
        "identifier": profile.username,
        "url": page["canonical"],
        "description": profile.bio,
        "image": page["image"],
        "sameAs": accounts,
    }
    times = {"dateCreated": profile.created_at, "dateModified": profile.updated_at}
    told = {
        "@context": "https://schema.org",
        "@type": "ProfilePage",
        "url": page["canonical"],
        **{name: at.isoformat(timespec="seconds") for name, at in times.items() if at},
        "mainEntity": {name: value for name, value in person.items() if value},
    }
    text = json.dumps(told, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return mark_safe(text)  # noqa: S308  nothing in it can end the element


def _shown(link: Link, preview: bool) -> Shown:
    rel = "me" if is_own_account(link.url) else ""
    return Shown(link.title, link.url if preview else link.path, rel)


def context(
    profile: LinkProfile, links: Iterable[Link], *, preview: bool = False
) -> dict[str, Any]:
    """All that `TEMPLATE` needs to show a profile with its links, in the order given.

    Links that are off, deleted, or lead where nobody is led to, are left out. In a preview links
    lead straight on, in a tab of their own, so that looking at one's own page counts no click.
    """
    given = [
        link
        for link in links
        if link.is_active and link.deleted_at is None and may_lead_to(link.url)
    ]
    image = avatar_path(profile.username, profile.avatar_digest) if profile.avatar_digest else ""
    about = " ".join(profile.bio.split()) or gettext("All links of %(name)s.") % {
        "name": profile.title
    }
    theme = profile.theme if profile.theme in PAINT else LinkProfile.Theme.AUTO.value
    page = {
        "canonical": f"{settings.BASE_URL}{profile.path}",
        "image": f"{settings.BASE_URL}{image}" if image else "",
    }
    accounts = list(dict.fromkeys(link.url for link in given if is_own_account(link.url)))
    return {
        **page,
        "username": profile.username,
        "title": profile.title,
        "bio": profile.bio,
        "description": Truncator(about).chars(MAX_DESCRIPTION),
        "avatar": image,
        "initial": profile.title.strip()[:1].upper(),
        "theme": theme,
        "paint": PAINT[theme],
        "links": [_shown(link, preview) for link in given],
        "accounts": accounts,
        "structured": _structured(profile, page, accounts),
        "preview": preview,
    }
