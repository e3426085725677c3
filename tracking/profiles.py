"""Making and changing link-in-bio profiles: the page at `/@username` and its picture."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit, pictures
from accounts.models import Site, Tenant, User
from tracking.models import LinkProfile

MAX_USERNAME = 30
# Names that look as if the installation itself spoke, or that stand for one of its addresses.
_RESERVED = """
    about abuse account accounts admin administrator api app assets auth billing blog bot contact
    dashboard demo docs download everyone favicon feed health help home host hostmaster info js
    l legal link linkpro links livez login logout mail me media metrics moderator news null official
    owner postmaster press pricing privacy profile profiles public readyz register report reports
    robots root rss security settings share shop signin signup site sitemap sites staff static
    status support system team terms track tracking undefined user users webmaster welcome ws www
"""
RESERVED = frozenset(_RESERVED.split())


# --- Names ------------------------------------------------------------------------------------


def tidy_username(text: str) -> str:
    """A name as it is kept: in lower case, without the @ and the spaces that people type."""
    return text.strip().removeprefix("@").lower()


def free_username(wanted: str) -> str:
    """A name like the wanted one that nobody has, or "" when the nearest ones are taken too."""
    stem = wanted[: MAX_USERNAME - 3].rstrip("._-")
    near = [f"{stem}{ending}" for ending in (*range(2, 10), "-1", "-2", *range(20, 60))]
    rows = LinkProfile.objects.unscoped("a name is taken for every tenant")
    taken = set(rows.filter(username__in=near).values_list("username", flat=True))
    return next((name for name in near if name not in taken), "")


def username_taken(wanted: str) -> ValidationError:
    """The error that says so and, where it can, what to take instead."""
    told = _("“%(name)s” is taken.") % {"name": wanted}
    if free := free_username(wanted):
        told += " " + _("“%(name)s” is free.") % {"name": free}
    return ValidationError({"username": ValidationError(told, code="username_taken")})


def _check_username(profile: LinkProfile) -> None:
    """Raise `ValidationError` for a name that is reserved or somebody else's."""
    name = profile.username
    if name in RESERVED:
        told = _("“%(name)s” is reserved. Choose another.") % {"name": name}
        raise ValidationError({"username": ValidationError(told, code="username_reserved")})
    rows = LinkProfile.objects.unscoped("a name is taken for every tenant")
    if rows.filter(username=name).exclude(pk=profile.pk).exists():
        raise username_taken(name)


# --- A profile --------------------------------------------------------------------------------


def _tidy(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are kept: names tidied, runs of spaces in the title as one."""
    kept = dict(values)
    if "username" in kept:
        kept["username"] = tidy_username(kept["username"])
    if "title" in kept:
        kept["title"] = " ".join(kept["title"].split())
    if "bio" in kept:
        kept["bio"] = kept["bio"].replace("\r\n", "\n").strip()
    return kept


def _checked(profile: LinkProfile) -> None:
    """Raise one `ValidationError` with everything that is wrong, by field."""
    errors: dict[str, Any] = {}
    try:
        profile.clean_fields(exclude={"site", "avatar"})
    except ValidationError as error:
        errors = error.update_error_dict(errors)
    if "username" not in errors:
        try:
            _check_username(profile)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
    if errors:
        raise ValidationError(errors)


def _save(profile: LinkProfile) -> None:
    """Save; two who take the same name at the same moment are told like one who comes later."""
    try:
        with transaction.atomic():
            profile.save()
    except IntegrityError:
        raise username_taken(profile.username) from None


@transaction.atomic
def make(tenant: Tenant, actor: User, values: Mapping[str, Any]) -> LinkProfile:
    """A new profile with the site that counts it, both the actor's.

    `values`: `username` and `title`; if given also `bio`, `theme`, `is_published` and `time_zone`
    (the tenant's without). Raises `ValidationError` by field.
    """
    given = _tidy(values)
    zone = given.pop("time_zone", "") or tenant.time_zone
    profile = LinkProfile(**given)
    _checked(profile)
    site = Site(tenant=tenant, owner=actor, kind=Site.Kind.BIO, name=profile.title, time_zone=zone)
    site.clean_fields(exclude={"tenant", "owner"})
    site.save()
    profile.site = site
    _save(profile)
    audit.record("site.created", site, tenant=tenant, actor=actor)
    changes = audit.differences(None, profile, [*given, "theme"])
    audit.record("linkprofile.created", profile, tenant=tenant, actor=actor, changes=changes)
    return profile


def locked(profile: LinkProfile) -> LinkProfile:
    """The profile as it is now, for this transaction alone: who else changes it waits."""
    rows = LinkProfile.objects.unscoped("by primary key, of a profile that was found in scope")
    return rows.select_related("site__tenant").select_for_update(of=("self",)).get(pk=profile.pk)


@transaction.atomic
def change(profile: LinkProfile, actor: User, values: Mapping[str, Any]) -> LinkProfile:
    """The profile with other values: those of `make`, except the time zone, which is its site's.

    A site that is named like its profile gets the new name as well. Raises `ValidationError`.
    """
    given = _tidy(values)
    profile = locked(profile)
    before = copy.copy(profile)
    for name, value in given.items():
        setattr(profile, name, value)
    _checked(profile)
    changes = audit.differences(before, profile, list(given))
    if not changes:
        return profile
    _save(profile)
    tenant = profile.site.tenant
    audit.record("linkprofile.changed", profile, tenant=tenant, actor=actor, changes=changes)
    if "title" in changes and profile.site.name == before.title:
        _rename_site(profile, actor)
    return profile


def _rename_site(profile: LinkProfile, actor: User) -> None:
    site, names = profile.site, [profile.site.name, profile.title]
    site.name = profile.title
    site.save(update_fields=["name", "updated_at"])
    audit.record("site.changed", site, tenant=site.tenant, actor=actor, changes={"name": names})


@transaction.atomic
def set_picture(profile: LinkProfile, actor: User, picture: bytes | None) -> LinkProfile:
    """The profile with a picture that `avatars.square` made, or without one."""
    profile = locked(profile)
    digests = [profile.avatar_digest, pictures.digest(picture) if picture else ""]
    if digests[0] == digests[1]:
        return profile
    profile.avatar, profile.avatar_digest = picture, digests[1]
    profile.save(update_fields=["avatar", "avatar_digest", "updated_at"])
    changes = {"picture": digests}
    audit.record(
        "linkprofile.changed",
        profile,
        tenant=profile.site.tenant,
        actor=actor,
        changes=changes,
    )
    return profile
