"""Which link or profile an event is about: by id, or by the name it has in addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import msgspec
from django.db.models import Q
from django.db.models.functions import Now

from tracking.ingest.directory import LastingAnswers, Remembered, SiteFacts, facts_of
from tracking.ingest.fields import Dropped
from tracking.ingest.wire import CLICK, VIEW, Hit
from tracking.models import Link, LinkProfile

# A click may arrive as late as the times of the public are believed (`steps.PAST`): so long a
# deleted link still takes the clicks of pages that show it.
LATE = timedelta(days=7)
MAX_ID = 2**31 - 1

Name = int | str


@dataclass(frozen=True, slots=True)
class ProfileFacts:
    """What an event and a page need to know of a profile."""

    id: int
    site: SiteFacts
    username: str
    title: str
    is_published: bool

    unknown: ClassVar[str] = "profile_unknown"  # why an event is refused that may not name it

    def complete(self, hit: Hit) -> None:
        """Say what the event does not say itself. A view of a profile is one of its page."""
        if hit.name == VIEW:
            hit.path = self.path
            hit.title = hit.title or self.title
        else:
            hit.path = hit.path or self.path

    @property
    def path(self) -> str:
        """Where its page is."""
        return f"/@{self.username}"


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What a click and a redirect need to know of a link."""

    id: int
    profile: ProfileFacts
    slug: str
    title: str
    url: str
    is_active: bool
    deleted_at: datetime | None

    unknown: ClassVar[str] = "link_unknown"

    def complete(self, hit: Hit) -> None:
        """Say what the event does not say itself: of a click also where it leads."""
        hit.link_id = self.id
        hit.path = hit.path or self.profile.path
        if hit.name == CLICK:
            hit.label = hit.label or self.title
            said = msgspec.json.decode(hit.props) if hit.props else {}
            target = {"href": self.url, "outbound": True}
            hit.props = msgspec.json.encode(target | said).decode()

    @property
    def site(self) -> SiteFacts:
        """In whose numbers its clicks are."""
        return self.profile.site


def profile_facts(profile: LinkProfile) -> ProfileFacts:
    """The facts of a profile, whose site is read along."""
    return ProfileFacts(
        id=profile.pk,
        site=facts_of(profile.site),
        username=profile.username,
        title=profile.title,
        is_published=profile.is_published,
    )


def link_facts(link: Link) -> LinkFacts:
    """The facts of a link, whose profile and site are read along."""
    return LinkFacts(
        id=link.pk,
        profile=profile_facts(link.profile),
        slug=link.slug,
        title=link.title,
        url=link.url,
        is_active=link.is_active,
        deleted_at=link.deleted_at,
    )


def living(prefix: str = "") -> Q:
    """Rows whose site is not to be deleted, or not yet; `prefix` leads from the row to the site."""
    return Q(**{f"{prefix}delete_at": None}) | Q(**{f"{prefix}delete_at__gt": Now()})


def _ids(names: Iterable[Name]) -> list[int]:
    return [name for name in names if isinstance(name, int) and 0 < name <= MAX_ID]


def _texts(names: Iterable[Name]) -> list[str]:
    return [name for name in names if isinstance(name, str)]


def _links(names: list[Name]) -> dict[Name, LinkFacts]:
    links = Link.objects.unscoped("an event or an address names its link")
    wanted = Q(pk__in=_ids(names)) | Q(slug__in=_texts(names))
    found = links.filter(wanted & living("profile__site__")).select_related("profile__site")
    facts = [link_facts(link) for link in found]
    return {fact.id: fact for fact in facts} | {fact.slug: fact for fact in facts}


def _profiles(names: list[Name]) -> dict[Name, ProfileFacts]:
    profiles = LinkProfile.objects.unscoped("an event names its profile")
    wanted = Q(pk__in=_ids(names)) | Q(username__in=_texts(names))
    found = profiles.filter(wanted & living("site__")).select_related("site")
    facts = [profile_facts(profile) for profile in found]
    return {fact.id: fact for fact in facts} | {fact.username: fact for fact in facts}


link = LastingAnswers(_links)
profile = Remembered(_profiles)


def _of(remembered: Remembered, name: Name) -> Any:
    """Figures are an id; where there is none of this number, they may be a name after all."""
    if isinstance(name, str) and name.isascii() and name.isdigit() and len(name) < 11:
        return remembered.get(int(name)) or remembered.get(name)
    return remembered.get(name)


def named(
    link_name: Name | None, profile_name: Name | None, now: datetime
) -> LinkFacts | ProfileFacts | None:
    """The link or profile that an event names; of both, the link, if it is one of the profile.

    Raises `Dropped` where there is none such, or a link is deleted for too long; `NotLoaded`.
    """
    found_link = found_profile = None
    if link_name is not None:
        found_link = _of(link, link_name)
        deleted_at = found_link and found_link.deleted_at
        if found_link is None or (deleted_at and deleted_at < now - LATE):
            raise Dropped(LinkFacts.unknown)
    if profile_name is not None:
        if isinstance(profile_name, str):
            profile_name = profile_name.lower()
        found_profile = _of(profile, profile_name)
        if found_profile is None:
            raise Dropped(ProfileFacts.unknown)
    if found_link and found_profile and found_link.profile.id != found_profile.id:
        raise Dropped(LinkFacts.unknown)
    return found_link or found_profile
