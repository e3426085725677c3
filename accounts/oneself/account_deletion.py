"""The end of a person's own account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from accounts import audit
from accounts.members import people
from accounts.models import Invitation, Membership, Tenant, User
from accounts.outgoing import outbox
from accounts.outgoing.letters import compose
from accounts.tenants import tenant_deletion


@dataclass(frozen=True, slots=True)
class Farewell:
    """What goes with an account, and what keeps it from going.

    `held_by` are tenants with other members that nobody else owns; `ending` are those in which the
    person is alone: they are deleted, too; `left` are the others.
    """

    held_by: list[Tenant]
    ending: list[Tenant]
    left: list[Tenant]


def farewell(user: User) -> Farewell:
    """What the deletion of the account would mean now."""
    rows = Membership.objects.unscoped("tenants of the person who goes")
    tenants = list(Tenant.objects.filter(memberships__user=user).order_by("name"))
    others = rows.filter(tenant__in=tenants).exclude(user=user)
    shared = set(others.values_list("tenant", flat=True))
    alone = {tenant.pk for tenant in people.last_owner_of(user)}
    return Farewell(
        held_by=[tenant for tenant in tenants if tenant.pk in shared & alone],
        ending=[tenant for tenant in tenants if tenant.pk not in shared],
        left=[tenant for tenant in tenants if tenant.pk in shared - alone],
    )


@transaction.atomic
def delete(user: User, now: datetime) -> Farewell:
    """Delete an account with its memberships, tokens, sessions and means of sign-in.

    What it owns becomes an owner's; tenants in which nobody else is are deleted after their grace.
    The audit log keeps its number. Raises `people.Refused` while a tenant would be left to members
    without an owner.
    """
    own = Membership.objects.unscoped("the person's own memberships").filter(user=user)
    people.lock(own.values_list("tenant", flat=True))
    person = User.objects.select_for_update().get(pk=user.pk)
    found = farewell(person)
    staying = [tenant.pk for tenant in (*found.held_by, *found.left)]
    for member in own.filter(tenant__in=staying).order_by("tenant"):
        people.leave(member)
    for tenant in found.ending:
        tenant_deletion.schedule(tenant, person, now, tell=False)
    _forget(person)
    return found


def _forget(person: User) -> None:
    audit.record("user.deleted", person, tenant=None, actor=person)
    letter = compose("accounts/email/account_deleted", {})
    kind, address = "account_deleted", person.email
    outbox.add_mail(kind, address, letter.subject, letter.text, tenant=None, html=letter.html)
    keys = UserSession.objects.filter(user=person).values_list("session_key", flat=True)
    Session.objects.filter(session_key__in=list(keys)).delete()
    taken = Invitation.objects.unscoped("invitations that the person took")
    taken.filter(accepted_by=person).delete()
    person.delete()
