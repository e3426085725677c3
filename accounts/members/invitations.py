"""Invitations by mail: a secret link by which one address joins one tenant, once.

The link proves that whoever opens it reads the mailbox. Only its digest is stored. Opening it
changes nothing, since mail scanners open links too; joining takes a button.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.members import invitation_mails
from accounts.members.people import Refused, Rights, check_rights, lock
from accounts.models import Invitation, Membership, Tenant, User
from accounts.roles import Role
from accounts.tenants import organisation

# Invitations of one tenant that may wait at a time, and mails of it within a day.
MOST_OPEN = 100
MOST_A_DAY = 300
# How long one address is left alone after a mail.
RESEND_AFTER = timedelta(minutes=1)
# Invitations that are over are forgotten: they hold addresses of people who may never have come.
KEPT_FOR = timedelta(days=90)
MAX_SECRET = 100


def address_of(text: str) -> str:
    """An address as it is compared: composed (NFC), in lower case, and else as it was written.

    Accents stay, and nothing is folded further: `ß` and `ss` are two people's.
    """
    return unicodedata.normalize("NFC", text.strip()).lower()


def digest_of(secret: str) -> bytes:
    """What is stored of a link: it has 256 random bits, so one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).digest()


def open_ones(tenant: Tenant) -> QuerySet[Invitation]:
    """The invitations that nobody has accepted or revoked; some may have expired."""
    return Invitation.objects.for_tenant(tenant).filter(accepted_at=None, revoked_at=None)


# --- Made -------------------------------------------------------------------------------------


def problem_with(tenant: Tenant, address: str, now: datetime) -> Refused | None:
    """Why an address cannot be invited now; None where it can."""
    try:
        validate_email(address)
    except ValidationError:
        return Refused("address_invalid", _("%(address)s is no e-mail address.") % _named(address))
    if not organisation.may_receive(tenant, address):
        told = _("%(address)s: mail of this organisation may go to %(domains)s only.")
        domains = ", ".join(tenant.recipient_domains)
        return Refused("domain_not_allowed", told % {**_named(address), "domains": domains})
    if Membership.objects.for_tenant(tenant).filter(user__email=address).exists():
        return Refused("already_member", _("%(address)s is a member already.") % _named(address))
    known = Invitation.objects.for_tenant(tenant).filter(email=address)
    if known.filter(accepted_at=None, revoked_at=None, expires_at__gt=now).exists():
        told = _("%(address)s is invited already. You can send the mail again.")
        return Refused("already_invited", told % _named(address))
    if known.filter(sent_at__gt=now - RESEND_AFTER).exists():
        told = _("%(address)s got a mail a moment ago: wait a minute.")
        return Refused("too_soon", told % _named(address))
    return None


def _named(address: str) -> dict[str, str]:
    return {"address": address[:254]}


def too_many(tenant: Tenant, more: int, now: datetime) -> Refused | None:
    """Why the tenant cannot have so many open invitations more now; None where it can."""
    waiting = open_ones(tenant).filter(expires_at__gt=now).count()
    if waiting + more > MOST_OPEN:
        told = ngettext(
            "At most %(most)d invitation waits at a time.",
            "At most %(most)d invitations wait at a time. Revoke some first.",
            MOST_OPEN,
        )
        return Refused("too_many", told % {"most": MOST_OPEN})
    return _too_many_mails(tenant, more, now)


def _too_many_mails(tenant: Tenant, more: int, now: datetime) -> Refused | None:
    rows = Invitation.objects.for_tenant(tenant)
    if rows.filter(sent_at__gt=now - timedelta(days=1)).count() + more > MOST_A_DAY:
        return Refused("too_many", _("That is enough for one day. Go on tomorrow."))
    return None


def _check_inviter(tenant: Tenant, by: User, role: str, as_staff: bool) -> None:
    if as_staff:
        return
    member = Membership.objects.for_tenant(tenant).select_related("user", "tenant")
    inviter = member.filter(user=by).first()
    if inviter is None or not inviter.is_live() or not inviter.can("people.manage"):
        raise Refused("not_allowed", _("Only an owner invites people."))
    if not inviter.may(Role(role)):
        raise Refused("not_allowed", _("Nobody gives more rights than they have."))


@transaction.atomic
def invite(
    tenant: Tenant,
    addresses: Iterable[str],
    rights: Rights,
    now: datetime,
    *,
    by: User,
    as_staff: bool = False,
) -> list[Invitation]:
    """Invite some people, all with the same rights, and write to each; all of them or nobody.

    Raises `Refused`; where addresses are at fault its message has a line for each of those.
    """
    tenant = lock([tenant.pk])[tenant.pk]
    check_rights(tenant.pk, rights)
    _check_inviter(tenant, by, rights.role, as_staff)
    unique = list(dict.fromkeys(map(address_of, addresses)))
    problems = [found for one in unique if (found := problem_with(tenant, one, now))]
    if problems:
        raise Refused(problems[0].code, "\n".join(map(str, problems)))
    if why := too_many(tenant, len(unique), now):
        raise why
    return [_made(tenant, address, rights, now, by) for address in unique]


def _made(tenant: Tenant, address: str, rights: Rights, now: datetime, by: User) -> Invitation:
    open_ones(tenant).filter(email=address).update(revoked_at=now)  # one that has expired
    invitation = Invitation(
        tenant=tenant,
        email=address,
        role=rights.role,
        level=rights.level,
        team=rights.team,
        invited_by=by,
    )
    _send(invitation, now)
    given = {"role": rights.role, "level": rights.level, "team": rights.team and rights.team.pk}
    changes = {name: [None, value] for name, value in given.items() if value is not None}
    audit.record("invitation.created", invitation, tenant=tenant, actor=by, changes=changes)
    return invitation


@transaction.atomic
def resend(invitation: Invitation, now: datetime, *, by: User) -> Invitation:
    """Write again, with a new link and all its days; the old link opens nothing any more.

    One that has expired is open again. Raises `Refused`.
    """
    tenant = lock([invitation.tenant_id])[invitation.tenant_id]
    invitation = _current(invitation)
    if invitation.state(now) in ("accepted", "revoked"):
        raise Refused("over", _("This invitation is over. Invite the person anew."))
    if invitation.sent_at and invitation.sent_at > now - RESEND_AFTER:
        raise Refused("too_soon", _("A mail was sent a moment ago: wait a minute."))
    if not organisation.may_receive(tenant, invitation.email):
        raise Refused("domain_not_allowed", _("Mail may not go to this domain any more."))
    check = too_many if invitation.state(now) == "expired" else _too_many_mails
    if why := check(tenant, 1, now):
        raise why
    invitation.invited_by = by
    _send(invitation, now)
    audit.record("invitation.sent_again", invitation, tenant=tenant, actor=by)
    return invitation


@transaction.atomic
def revoke(invitation: Invitation, now: datetime, *, by: User) -> Invitation:
    """Take an invitation back: its link opens nothing any more. One that is over stays so."""
    lock([invitation.tenant_id])
    invitation = _current(invitation)
    if invitation.state(now) in ("open", "expired"):
        invitation.revoked_at = now
        invitation.save(update_fields=["revoked_at"])
        audit.record("invitation.revoked", invitation, tenant=invitation.tenant, actor=by)
    return invitation


def _current(invitation: Invitation) -> Invitation:
    rows = Invitation.objects.for_tenant(invitation.tenant_id)
    return rows.select_related("tenant", "team", "invited_by").get(pk=invitation.pk)


def _send(invitation: Invitation, now: datetime) -> None:
    """Give the invitation a new secret and days, save it, and put its mail into the outbox."""
    secret = secrets.token_urlsafe(32)
    invitation.digest = digest_of(secret)
    invitation.sent_at = now
    invitation.expires_at = now + timedelta(days=settings.INVITATION_DAYS)
    invitation.save()
    invitation_mails.send(invitation, secret)


# --- Taken ------------------------------------------------------------------------------------


def find(text: str) -> Invitation | None:
    """The invitation of a link, whatever has become of it; None for a secret that is none."""
    if not (0 < len(text) <= MAX_SECRET and text.isascii()):
        return None
    rows = Invitation.objects.unscoped("the secret says whose it is")
    found = rows.filter(digest=digest_of(text))
    return found.select_related("tenant", "team", "invited_by").first()


def refusal(invitation: Invitation, now: datetime) -> Refused | None:
    """Why nobody can join by the invitation any more; None while somebody can."""
    state = invitation.state(now)
    if state == "accepted":
        return Refused("accepted", _("This invitation was used already."))
    if state == "expired":
        return Refused("expired", _("This invitation has expired. Ask for a new one."))
    if state == "revoked" or invitation.tenant.suspended_at or not _inviter_may(invitation):
        return Refused("revoked", _("This invitation was taken back."))
    return None


def _inviter_may(invitation: Invitation) -> bool:
    """Whether the inviter may still give these rights; staff of the installation may."""
    by = invitation.invited_by
    if by is None or not by.is_active:
        return False
    rows = Membership.objects.for_tenant(invitation.tenant_id).select_related("user", "tenant")
    member = rows.filter(user=by, suspended_at=None).first()
    if member is None:
        return by.is_staff
    return by.is_staff or (member.can("people.manage") and member.may(Role(invitation.role)))


def is_for(invitation: Invitation, user: User) -> bool:
    """Whether the invitation was sent to the person's own address."""
    return address_of(invitation.email) == address_of(user.email)


@transaction.atomic
def accept(invitation: Invitation, user: User, now: datetime) -> Membership:
    """Join the tenant with the rights of the invitation, which is used up.

    Whoever calls this knows that the person reads mail to the address: they have the link, or
    their address is verified. Raises `Refused`.
    """
    lock([invitation.tenant_id])
    invitation = _current(invitation)
    if why := refusal(invitation, now):
        raise why
    if not is_for(invitation, user):
        raise Refused("other_address", _("This invitation was sent to another address."))
    tenant = invitation.tenant
    if Membership.objects.for_tenant(tenant).filter(user=user).exists():
        raise Refused("already_member", _("You are a member already."))
    member = Membership.objects.create(
        user=user,
        tenant=tenant,
        role=invitation.role,
        level=invitation.level,
        team=invitation.team,
    )
    invitation.accepted_at, invitation.accepted_by = now, user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    changes = {"role": [None, member.role], "level": [None, member.level]}
    audit.record("invitation.accepted", invitation, tenant=tenant, actor=user)
    audit.record("membership.created", member, tenant=tenant, actor=user, changes=changes)
    return member


def waiting_for(user: User, now: datetime) -> list[Invitation]:
    """The invitations that a person may accept, sent to their address, which is proven."""
    if not user.has_proven(user.email):
        return []
    rows = Invitation.objects.unscoped("invitations to the person's own address").filter(
        email=address_of(user.email), accepted_at=None, revoked_at=None, expires_at__gt=now
    )
    mine = rows.exclude(tenant__memberships__user=user)
    found = mine.select_related("tenant", "team", "invited_by").order_by("created_at")
    return [invitation for invitation in found if refusal(invitation, now) is None]


def forget_old(now: datetime) -> int:
    """Delete invitations that have been over for `KEPT_FOR`; returns how many."""
    before = now - KEPT_FOR
    over = Q(expires_at__lt=before) | Q(accepted_at__lt=before) | Q(revoked_at__lt=before)
    rows = Invitation.objects.unscoped("what is over goes in every tenant alike")
    return rows.filter(over).delete()[0]
