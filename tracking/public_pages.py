"""The public pages of profiles as bytes, rendered where they are loaded and remembered for seconds.

While the database is away the last page of each name is shown, see `LastingAnswers`.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Prefetch
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from tracking import bio
from tracking.ingest.directory import LastingAnswers
from tracking.ingest.links import LinkFacts, ProfileFacts, living, profile_facts
from tracking.models import Link, LinkProfile

MOST_PAGES = 500  # about 5 kB each
MOST_AVATARS = 200  # of 12 kB at most
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Document:
    """A page as it is sent, plain and packed; each is an entity with a tag of its own."""

    plain: bytes
    packed: bytes
    digest: str

    def etag(self, packed: bool) -> str:
        """The tag of one of the two."""
        return f'"{self.digest}-gzip"' if packed else f'"{self.digest}"'


@dataclass(frozen=True, slots=True)
class BioPage:
    """A published profile with its page."""

    profile: ProfileFacts
    document: Document


def document_of(text: str) -> Document:
    """A text as it is sent; blank lines and indentation are left out."""
    lines = (line.strip() for line in text.splitlines())
    plain = "\n".join(line for line in lines if line).encode()
    digest = hashlib.sha256(plain).hexdigest()[:20]
    return Document(plain, gzip.compress(plain, mtime=0), digest)


def _rendered(profile: LinkProfile, links: Iterable[Link]) -> Document:
    return document_of(render_to_string(bio.TEMPLATE, bio.context(profile, links)))


def _pages(names: list[str]) -> dict[str, BioPage]:
    profiles = LinkProfile.objects.unscoped("everybody sees a published page").filter(
        living("site__"), username__in=names, is_published=True
    )
    shown = Link.objects.unscoped("of the profiles above").filter(is_active=True, deleted_at=None)
    with_links = Prefetch("links", shown.order_by("position", "id"))
    found = profiles.select_related("site").defer("avatar").prefetch_related(with_links)
    return {
        profile.username: BioPage(profile_facts(profile), _rendered(profile, profile.links.all()))
        for profile in found
    }


def _avatars(keys: list[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
    """Pictures by name and digest, of hidden profiles too: their owners look at them first."""
    profiles = LinkProfile.objects.unscoped("who has the address of a picture may see it").filter(
        living("site__"),
        username__in={name for name, _digest in keys},
        avatar_digest__in={digest for _name, digest in keys},
    )
    rows = profiles.values_list("username", "avatar_digest", "avatar")
    return {(name, digest): bytes(picture) for name, digest, picture in rows if picture}


page = LastingAnswers(_pages, most=MOST_PAGES)
avatar = LastingAnswers(_avatars, most=MOST_AVATARS)


# --- Pages that say why there is none -----------------------------------------------------------


@lru_cache(maxsize=1_024)
def _notice(heading: str, words: str, username: str = "") -> Document:
    told = {"heading": heading, "words": words, "username": username}
    return document_of(render_to_string("tracking/bio_missing.html", told))


def nobody() -> Document:
    """There is no page of this name, or nobody may see it yet."""
    words = _("Check the name, or ask whoever gave you the address.")
    return _notice(_("This page does not exist"), words)


def no_link() -> Document:
    """There never was a link of this name."""
    words = _("Check the address, or ask whoever gave it to you.")
    return _notice(_("This link does not exist"), words)


def link_is_off(link: LinkFacts) -> Document:
    """The link was taken off the page, or switched off; others may still be there."""
    known = link.profile.username if link.profile.is_published else ""
    if link.deleted_at is not None:
        return _notice(_("This link is gone"), _("Its owner has deleted it."), known)
    return _notice(_("This link is switched off"), _("Its owner has taken it off."), known)


def unavailable() -> Document:
    """Nobody knows just now whether there is something."""
    words = _("Something does not answer here. Try again in a moment.")
    return _notice(_("Not available just now"), words)


def unreadable() -> Document:
    """The request cannot be answered by anybody here."""
    return _notice(_("This address is not served here"), _("Check the address."))
