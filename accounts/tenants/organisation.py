"""An organisation's settings: what it is called, how it looks, to whom its mail may go."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit, pictures
from accounts.domains import InvalidDomain, host_name
from accounts.models import Logo, Membership, Tenant, User
from accounts.roles import Role
from accounts.tenants import colours

# What people and programs may change of it; its logo and its end have ways of their own.
FIELDS = ("name", "time_zone", "date_format", "colour", "retention_days", "recipient_domains")
MOST_DOMAINS = 100
# Organisations that one person may own where all may sign up.
MOST_OWNED = 20


def locked(tenant: Tenant) -> Tenant:
    """The tenant as it is now, which nobody else changes until the transaction ends."""
    return Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)


# --- New ones ---------------------------------------------------------------------------------


def may_found(user: User) -> bool:
    """Whether the person may make a further organisation: staff may, others where all may come."""
    return user.is_staff or settings.SIGNUP_POLICY == "open"


@transaction.atomic
def found(owner: User, name: str, time_zone: str) -> Membership:
    """A new organisation; the membership of its owner is returned. Raises `ValidationError`."""
    own = Membership.objects.unscoped("the person's own memberships").filter(user=owner)
    if not owner.is_staff and own.filter(role=Role.OWNER).count() >= MOST_OWNED:
        told = _("You own %(most)d organisations already: that is as many as one person may.")
        raise ValidationError(told % {"most": MOST_OWNED}, code="too_many")
    tenant = Tenant(name=name.strip(), time_zone=time_zone)
    tenant.full_clean()
    tenant.save(force_insert=True)
    member = Membership.objects.create(user=owner, tenant=tenant, role=Role.OWNER)
    audit.record("tenant.created", tenant, tenant=tenant, actor=owner)
    return member


# --- Settings ---------------------------------------------------------------------------------


@transaction.atomic
def change(tenant: Tenant, actor: User, values: dict[str, Any]) -> Tenant:
    """The tenant with new values of some `FIELDS`. Raises `ValidationError`."""
    changed = locked(tenant)
    before = copy(changed)
    for field, value in values.items():
        if field not in FIELDS:
            raise ValueError(f"{field} is not changed here")
        setattr(changed, field, value)
    changed.full_clean(exclude=["logo_digest"])
    if differing := audit.differences(before, changed, list(values)):
        changed.save(update_fields=[*differing, "updated_at"])
        audit.record("tenant.changed", changed, tenant=changed, actor=actor, changes=differing)
    return changed


# --- Looks ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shades:
    """A colour of one's own where it is used: filled, and as text or line on light and dark."""

    fill: str
    on_fill: str
    on_light: str
    on_dark: str


@dataclass(frozen=True, slots=True)
class Branding:
    """How an organisation looks to those it sends or shows something to."""

    name: str
    shades: Shades | None
    logo_url: str


def shades_of(colour: str) -> Shades | None:
    """What a colour `#rrggbb` becomes where it must be read; None without one."""
    if not colours.COLOUR.fullmatch(colour):
        return None
    return Shades(
        fill=colour,
        on_fill=colours.text_on(colour),
        on_light=colours.legible(colour, colours.LIGHT),
        on_dark=colours.legible(colour, colours.DARK),
    )


def logo_path(tenant: Tenant) -> str:
    """Where the logo is served, to anybody and for ever; "" without one."""
    if not tenant.logo_digest:
        return ""
    return reverse("tenant_logo", args=[tenant.pk, tenant.logo_digest])


def branding(tenant: Tenant) -> Branding:
    """How the tenant looks, with the logo's whole address; no query."""
    path = logo_path(tenant)
    return Branding(
        name=tenant.name,
        shades=shades_of(tenant.colour),
        logo_url=settings.BASE_URL + path if path else "",
    )


@transaction.atomic
def set_logo(tenant: Tenant, actor: User, picture: bytes | None) -> Tenant:
    """The tenant with a logo that `pictures.logo` drew, or without one."""
    changed = locked(tenant)
    digests = [changed.logo_digest, pictures.digest(picture) if picture else ""]
    if digests[0] == digests[1]:
        return changed
    if picture:
        Logo.plain.update_or_create(tenant=changed, defaults={"picture": picture})
    else:
        Logo.objects.for_tenant(changed).delete()
    changed.logo_digest = digests[1]
    changed.save(update_fields=["logo_digest", "updated_at"])
    changes = {"logo": digests}
    audit.record("tenant.changed", changed, tenant=changed, actor=actor, changes=changes)
    return changed


def logo_of(tenant_id: Any, digest: str) -> bytes | None:
    """The picture at an address of `logo_path`; None where there is another one, or none."""
    rows = Logo.objects.unscoped("who has the address of a logo may see it")
    found = rows.filter(
        tenant=tenant_id, tenant__logo_digest=digest, tenant__suspended_at=None
    ).first()
    return bytes(found.picture) if found and digest else None


# --- To whom its mail may go ------------------------------------------------------------------

# None of these stands in the domain of an address, though a host may be read out of some of them.
_FOREIGN = frozenset("/\\?#:@[] \t\r\n")


def domain_of(address: str) -> str:
    """The domain of an e-mail address, as domains are compared; "" where there is none."""
    local, _at, domain = address.rpartition("@")
    if not local or _FOREIGN & set(domain):
        return ""
    try:
        return host_name(domain)
    except InvalidDomain:
        return ""


def checked_domains(texts: list[str]) -> list[str]:
    """The domains that somebody wrote, each once, IDN as ASCII. Raises `ValidationError`."""
    try:
        domains = [host_name(text.strip().removeprefix("@")) for text in texts if text.strip()]
    except InvalidDomain as error:
        raise ValidationError(str(error), code="invalid_domain") from error
    domains = list(dict.fromkeys(domains))
    if len(domains) > MOST_DOMAINS:
        told = _("At most %(most)d domains, please.") % {"most": MOST_DOMAINS}
        raise ValidationError(told, code="too_many")
    return domains


def may_receive(tenant: Tenant, address: str) -> bool:
    """Whether invitations and reports of the tenant may go to an address.

    Only the domains themselves are meant, not what lies below them.
    """
    domain = domain_of(address)
    return bool(domain) and (not tenant.recipient_domains or domain in tenant.recipient_domains)
