"""The links of a profile: adding, changing, moving, deleting, and taking a deletion back.

Whoever changes the links of a profile locks its row first, so that the living links always stand
at 0, 1, 2 … whatever happens at the same time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.models import User
from tracking.models import Link, LinkProfile
from tracking.models.links import new_slug
from tracking.profiles import locked
from tracking.targets import valid_link_url

MAX_LINKS = 200


def living(profile: LinkProfile) -> QuerySet[Link]:
    """The profile's links that are not deleted, in their order."""
    return profile.links.filter(deleted_at=None).order_by("position", "id")


def _in_order(links: list[Link]) -> None:
    """Let the links stand at 0, 1, 2 …; only what moves is written."""
    moved = []
    for position, link in enumerate(links):
        if link.position != position:
            link.position = position
            moved.append(link)
    Link.objects.unscoped("links of one locked profile").bulk_update(moved, ["position"])


def _record(action: str, link: Link, actor: User, changes: dict[str, Any]) -> None:
    tenant = link.profile.site.tenant
    audit.record(f"link.{action}", link, tenant=tenant, actor=actor, changes=changes)


# --- What a link may be -----------------------------------------------------------------------


def _tidy(values: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(values)
    if "title" in kept:
        kept["title"] = " ".join(kept["title"].split())
    if "slug" in kept:
        kept["slug"] = kept["slug"].strip().removeprefix("/l/") or _free_slug()
    return kept


def _free_slug() -> str:
    rows = Link.objects.unscoped("a short name is taken for every tenant")
    while rows.filter(slug=(slug := new_slug())).exists():
        pass
    return slug


def slug_taken(slug: str) -> ValidationError:
    """The error that says so. A deleted link keeps its name: it may stand on paper."""
    told = _("The short name “%(slug)s” is taken. Choose another.") % {"slug": slug}
    return ValidationError({"slug": ValidationError(told, code="slug_taken")})


def _checked(link: Link) -> None:
    """Raise one `ValidationError` with everything that is wrong, by field; tidy the URL."""
    errors: dict[str, Any] = {}
    try:
        link.url = valid_link_url(link.url)
    except ValidationError as error:
        errors["url"] = error.error_list
    try:
        link.clean_fields(exclude={"profile", "url"})
    except ValidationError as error:
        errors = error.update_error_dict(errors)
    rows = Link.objects.unscoped("a short name is taken for every tenant")
    if "slug" not in errors and rows.filter(slug=link.slug).exclude(pk=link.pk).exists():
        errors = slug_taken(link.slug).update_error_dict(errors)
    if errors:
        raise ValidationError(errors)


def _save(link: Link) -> None:
    try:
        with transaction.atomic():
            link.save()
    except IntegrityError:
        raise slug_taken(link.slug) from None


def _check_room(links: list[Link]) -> None:
    if len(links) >= MAX_LINKS:
        told = ngettext(
            "A profile has at most %(n)s link. Delete one first.",
            "A profile has at most %(n)s links. Delete one first.",
            MAX_LINKS,
        )
        raise ValidationError(told % {"n": MAX_LINKS}, code="too_many_links")


# --- What is done with links ------------------------------------------------------------------


@transaction.atomic
def add(
    profile: LinkProfile, actor: User, values: Mapping[str, Any], position: int | None = None
) -> Link:
    """A new link at `position`, or at the end.

    `values`: `title` and `url`; if given also `slug` (generated when empty) and `is_active`.
    Raises `ValidationError`, by field or with the code `too_many_links`.
    """
    profile = locked(profile)
    links = list(living(profile))
    _check_room(links)
    given = _tidy(values)
    link = Link(profile=profile, **given)
    _checked(link)
    at = len(links) if position is None else min(position, len(links))
    link.position = len(links)
    _save(link)
    links.insert(at, link)
    _in_order(links)
    changes = audit.differences(None, link, ["title", "url", "slug", "is_active", "position"])
    _record("created", link, actor, changes)
    return link


def _found(link: Link) -> tuple[list[Link], Link]:
    """The living links of the link's profile, locked, and the link among them.

    Raises `ValidationError` with the code `deleted` when it is not there any more.
    """
    profile = locked(link.profile)
    links = list(living(profile))
    for row in links:
        row.profile = profile
        if row.pk == link.pk:
            found = row
            break
    else:
        raise ValidationError(_("This link was deleted."), code="deleted")
    return links, found


@transaction.atomic
def change(link: Link, actor: User, values: Mapping[str, Any]) -> Link:
    """The link with other values: those of `add`, and `position`. Raises `ValidationError`.

    An empty short name leaves the one that it has, since that may stand on paper.
    """
    given = {name: value for name, value in values.items() if name != "slug" or value.strip()}
    given = _tidy(given)
    position = given.pop("position", None)
    _links, link = _found(link)
    before = Link(**{name: getattr(link, name) for name in given})
    for name, value in given.items():
        setattr(link, name, value)
    _checked(link)
    if changes := audit.differences(before, link, list(given)):
        _save(link)
        _record("changed", link, actor, changes)
    return link if position is None else move(link, actor, position)


@transaction.atomic
def move(link: Link, actor: User, position: int) -> Link:
    """The link at another place, counted from 0; past the end means last.

    Raises `ValidationError` with the code `deleted`.
    """
    links, link = _found(link)
    before, after = links.index(link), max(0, min(position, len(links) - 1))
    links.insert(after, links.pop(before))
    _in_order(links)
    if before != after:
        _record("moved", link, actor, {"position": [before, after]})
    return link


@transaction.atomic
def delete(link: Link, actor: User) -> Link:
    """Take the link off the page. Its row stays: it names the clicks of the past."""
    links, link = _found(link)
    link.deleted_at = timezone.now()
    link.save(update_fields=["deleted_at", "updated_at"])
    links.remove(link)
    _in_order(links)
    _record("deleted", link, actor, {"name": [link.title, None]})
    return link


@transaction.atomic
def restore(link: Link, actor: User) -> Link:
    """Take a deletion back: the link stands where it stood, or last if that is too far.

    Raises `ValidationError` with the code `too_many_links`.
    """
    profile = locked(link.profile)
    link = profile.links.get(pk=link.pk)
    if link.deleted_at is None:
        return link
    links = list(living(profile))
    _check_room(links)
    link.deleted_at = None
    link.save(update_fields=["deleted_at", "updated_at"])
    links.insert(min(link.position, len(links)), link)
    _in_order(links)
    _record("restored", link, actor, {"name": [None, link.title]})
    return link
