"""What becomes of a site after its making: emptied, deleted with a grace, given to others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, QuerySet
from django.utils.translation import gettext as _

from accounts import audit
from accounts.authentication import memberships_of
from accounts.models import AuditEntry, Membership, Site, SiteTransfer, User
from accounts.roles import Role
from accounts.sites import mails

OFFER_DAYS = 14
# Offers of one tenant within a day: each is a mail to whatever address somebody enters.
MOST_OFFERS_A_DAY = 50


class Refused(ValueError):
    """It cannot be done as things stand; the message says why to people."""


def _locked(site: Site) -> Site:
    """The site as it is now, which nobody else changes until the transaction ends.

    Without its key: rows that point to it may be added meanwhile, and nobody waits in a circle.
    """
    return Site.plain.select_for_update(no_key=True).get(pk=site.pk)


# --- Emptied ----------------------------------------------------------------------------------


@transaction.atomic
def begin_reset(site: Site, member: Membership, now: datetime) -> Site:
    """Note that all that was received before `now` is to be erased; `analytics.lifecycle` does it.

    Returns the site. A second reset moves the moment on.
    """
    before = _locked(site)
    site.reset_at = now
    Site.plain.filter(pk=site.pk).update(reset_at=now, updated_at=now)
    changes = {"reset_at": [before.reset_at and str(before.reset_at), str(now)]}
    audit.record("site.reset", site, tenant=site.tenant, actor=member.user, changes=changes)
    return site


# --- Deleted ----------------------------------------------------------------------------------


@transaction.atomic
def schedule_deletion(site: Site, member: Membership, now: datetime) -> Site:
    """Let a site be deleted in `SITE_GRACE_DAYS`; until then it counts on. Asked again: no change.

    An offer to others is withdrawn: nobody takes over what is about to go.
    """
    site.delete_at = _locked(site).delete_at
    if site.delete_at is None:
        site.delete_at = now + timedelta(days=settings.SITE_GRACE_DAYS)
        _note_deletion(site, member, "site.deletion_scheduled", None, now)
        SiteTransfer.plain.filter(site=site).delete()
        mails.tell_of_deletion(site, member.user)
    return site


@transaction.atomic
def keep(site: Site, member: Membership, now: datetime) -> Site:
    """Take a deletion back. A site that was to stay anyway is left as it is."""
    before = _locked(site).delete_at
    site.delete_at = None
    if before is not None:
        _note_deletion(site, member, "site.deletion_taken_back", before, now)
    return site


def _note_deletion(
    site: Site, member: Membership, action: str, before: datetime | None, now: datetime
) -> None:
    Site.plain.filter(pk=site.pk).update(delete_at=site.delete_at, updated_at=now)
    pair = [before and str(before), site.delete_at and str(site.delete_at)]
    changes = {"delete_at": pair}
    audit.record(action, site, tenant=site.tenant, actor=member.user, changes=changes)


def delete_due(now: datetime) -> int:
    """Delete the sites whose grace is over; returns how many.

    What they leave in the big tables is erased by `analytics.orphans`.
    """
    sites = Site.objects.unscoped("the grace of every tenant's sites ends alike")
    due = sites.filter(delete_at__lte=now).values_list("pk", flat=True)
    return sum(_delete(pk, now) for pk in list(due))


@transaction.atomic
def _delete(pk: int, now: datetime) -> bool:
    """Delete one site, unless it was kept meanwhile or another worker is at it."""
    found = Site.plain.select_for_update(skip_locked=True).filter(pk=pk, delete_at__lte=now)
    site = found.first()
    if site is None:
        return False
    changes = {"name": [site.name, None], "key": [site.key, None]}
    audit.record("site.deleted", site, tenant=site.tenant, actor=None, changes=changes)
    site.delete()
    return True


# --- Given to others --------------------------------------------------------------------------


@transaction.atomic
def offer(site: Site, email: str, member: Membership, now: datetime) -> SiteTransfer:
    """Offer a site to a person of another organisation, for `OFFER_DAYS`; an older offer ends.

    Whether the address belongs to anybody here is not told. Raises `Refused`.
    """
    if _locked(site).delete_at is not None:
        raise Refused(_("The site is about to be deleted. Keep it first, then offer it."))
    email = email.strip().lower()
    if email == member.user.email.lower() and len(homes(member.user, but=site)) == 0:
        raise Refused(_("You are in no other organisation that could take the site."))
    entries = AuditEntry.objects.for_tenant(site.tenant_id).filter(action="site.offered")
    if entries.filter(created_at__gt=now - timedelta(days=1)).count() >= MOST_OFFERS_A_DAY:
        raise Refused(_("That is enough for one day. Go on tomorrow."))
    SiteTransfer.plain.filter(site=site).delete()
    made = SiteTransfer.objects.create(
        site=site, email=email, offered_by=member.user, expires_at=now + timedelta(days=OFFER_DAYS)
    )
    changes = {"expires_at": [None, str(made.expires_at)]}
    audit.record("site.offered", site, tenant=site.tenant, actor=member.user, changes=changes)
    mails.tell_of_offer(made, member.user)
    return made


@transaction.atomic
def withdraw(site: Site, member: Membership) -> bool:
    """Take an offer back; False where there was none any more."""
    gone, _by_model = SiteTransfer.plain.filter(site=site).delete()
    if gone:
        audit.record("site.offer_withdrawn", site, tenant=site.tenant, actor=member.user)
    return bool(gone)


def offers_to(user: User, now: datetime) -> QuerySet[SiteTransfer]:
    """The sites that are offered to a person and may still be taken.

    Only to an address that the person has proven to be theirs (an `EmailAddress` that is verified).

    An offer counts as long as whoever made it may still give the site away.
    """
    givers = Membership.objects.unscoped("rights of today of those who made offers").filter(
        role__in=[role for role in Role if role.covers(Role.ADMIN)],
        user__is_active=True,
        suspended_at=None,
        tenant__suspended_at=None,
    )
    offers = SiteTransfer.objects.unscoped("offers of other tenants to this very address")
    proven = EmailAddress.objects.filter(user=user, verified=True, email=user.email.lower())
    return offers.filter(
        Exists(proven),
        email=user.email.lower(),
        expires_at__gt=now,
        site__delete_at=None,
        site__tenant__memberships__in=givers,
        site__tenant__memberships__user_id=F("offered_by_id"),
    ).select_related("site__tenant", "offered_by")


def homes(user: User, but: Site) -> list[Membership]:
    """Where a person may take a site to: their organisations but its own, managing sites there."""
    rows = memberships_of(user).exclude(tenant=but.tenant_id).order_by("tenant__name")
    return [row for row in rows if row.may(Role.MANAGER)]


@dataclass(frozen=True, slots=True)
class Taken:
    """A site after its change of hands, and who has it now."""

    site: Site
    home: Membership


@transaction.atomic
def accept(pk: int, user: User, home: Membership, now: datetime) -> Taken:
    """Take an offered site into the organisation of the membership `home`, with all its numbers.

    It gets the taker as owner and no team; tokens that were made for it lose it. Raises `Refused`
    when the offer is gone, or `home` may not take it.
    """
    offered = offers_to(user, now).select_for_update(of=("self",)).filter(pk=pk).first()
    if offered is None:
        raise Refused(_("This offer is over: it was withdrawn, or its time has run out."))
    site = _locked(offered.site)
    if home.user_id != user.pk or home.pk not in {row.pk for row in homes(user, but=site)}:
        raise Refused(_("Taking a site needs the role “Manager” in the organisation it goes to."))
    giver, taker = site.tenant, home.tenant
    told = {"tenant": [giver.name, taker.name], "owner": [site.owner_id, user.pk]}
    _forget_in_tokens(site)
    Site.plain.filter(pk=site.pk).update(tenant=taker, owner=user, team=None, updated_at=now)
    offered.delete()
    for tenant in (giver, taker):
        audit.record("site.transferred", site, tenant=tenant, actor=user, changes=told)
    return Taken(Site.plain.get(pk=site.pk), home)


def _forget_in_tokens(site: Site) -> None:
    """Take the site out of the lists of tokens, or it would come back to them with the site."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_apitoken SET site_ids = array_remove(site_ids, %s)"
            " WHERE site_ids @> ARRAY[%s]",
            [site.pk, site.pk],
        )


@transaction.atomic
def decline(pk: int, user: User, now: datetime) -> Site | None:
    """Turn an offer down; the site, or None where the offer is gone already."""
    offered = offers_to(user, now).select_for_update(of=("self",)).filter(pk=pk).first()
    if offered is None:
        return None
    offered.delete()
    tenant = offered.site.tenant
    audit.record("site.offer_declined", offered.site, tenant=tenant, actor=user)
    return offered.site
