"""The people of the demo's company beside those of each role: teams, levels, invitations."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.members import invitations, teams
from accounts.members.people import Rights
from accounts.models import Invitation, Membership, Site, Team, User, WebhookEndpoint
from accounts.outgoing import endpoints
from accounts.roles import AccessLevel, Role


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose level shows what it narrows."""

    address: str
    name: str
    role: Role
    level: AccessLevel
    team: str


PEOPLE = (
    Person("noor@demo.localhost", "Noor Haddad", Role.ANALYST, AccessLevel.OWN, "Journal"),
    Person("leo@demo.localhost", "Leo Marchetti", Role.MANAGER, AccessLevel.TEAM, "Shop"),
)
INVITED = "nina@demo.localhost"
INVITED_LONG_AGO = "karl@demo.localhost"


@transaction.atomic
def gather(owner: Membership, shop: Site, journal: Site, password: str) -> None:
    """Make the teams, their members, and two invitations, of which one has expired.

    Noor owns the journal, and sees nothing else; the shop is shared with Leo's team.
    """
    made = {name: teams.make(owner.tenant, name, by=owner.user) for name in ("Journal", "Shop")}
    for person in PEOPLE:
        user = User.objects.create_user(person.address, password, name=person.name)
        Membership.objects.create(
            user=user,
            tenant=owner.tenant,
            role=person.role,
            level=person.level,
            team=made[person.team],
        )
    journal.owner, shop.team = User.objects.get(email=PEOPLE[0].address), made["Shop"]
    journal.save(update_fields=["owner", "updated_at"])
    shop.save(update_fields=["team", "updated_at"])
    _invite(owner, made["Journal"])
    _add_webhook(owner)


def _invite(owner: Membership, team: Team) -> None:
    now = timezone.now()
    rights = Rights(Role.ANALYST, AccessLevel.TEAM, team)
    invitations.invite(owner.tenant, [INVITED], rights, now, by=owner.user)
    before = now - timedelta(days=settings.INVITATION_DAYS + 5)
    Invitation.objects.create(
        tenant=owner.tenant,
        email=INVITED_LONG_AGO,
        role=Role.VIEWER,
        digest=secrets.token_bytes(32),  # of a link that nobody has
        invited_by=owner.user,
        sent_at=before,
        expires_at=before + timedelta(days=settings.INVITATION_DAYS),
    )


def _add_webhook(owner: Membership) -> None:
    """A webhook that nobody is behind: paused, so that nothing is sent, with a test called back."""
    values = {
        "name": "Warehouse",
        "url": "https://hooks.example.com/linkpro",
        "shape": WebhookEndpoint.Shape.STANDARD,
        "events": ["site.created", "site.changed", "site.deleted"],
    }
    endpoint, _secret = endpoints.make(owner, values)
    endpoints.send_test(endpoint, owner.user)
    endpoints.change(endpoint, {"enabled": False}, owner.user)
