"""Teams of a tenant: members who see each other's rows, and what is shared with them."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.members.people import Refused, Rights, change, lock
from accounts.models import Membership, Team, Tenant, User
from accounts.roles import AccessLevel

MOST_TEAMS = 500


def _name(tenant: Tenant, text: str, but: Team | None = None) -> str:
    name = " ".join(text.split())
    others = Team.objects.for_tenant(tenant).filter(name__iexact=name)
    if any(team != but for team in others):
        raise Refused("name_taken", _("There is a team of this name already."))
    return name


@transaction.atomic
def make(tenant: Tenant, name: str, *, by: User) -> Team:
    """A new team without members. Raises `Refused`."""
    lock([tenant.pk])
    if Team.objects.for_tenant(tenant).count() >= MOST_TEAMS:
        told = _("At most %(most)d teams, please.")
        raise Refused("too_many", told % {"most": MOST_TEAMS})
    team = Team.objects.create(tenant=tenant, name=_name(tenant, name))
    changes = {"name": [None, team.name]}
    audit.record("team.created", team, tenant=tenant, actor=by, changes=changes)
    return team


@transaction.atomic
def rename(team: Team, name: str, *, by: User) -> Team:
    """Give a team another name. Raises `Refused`."""
    lock([team.tenant_id])
    pair = [team.name, _name(team.tenant, name, but=team)]
    if pair[0] != pair[1]:
        team.name = pair[1]
        team.save(update_fields=["name"])
        changes = {"name": pair}
        audit.record("team.changed", team, tenant=team.tenant, actor=by, changes=changes)
    return team


@transaction.atomic
def put(team: Team | None, member: Membership, *, by: User) -> Membership:
    """Put a member into a team, out of the one they were in; None: into none. Raises `Refused`."""
    lock([member.tenant_id])
    found = Membership.objects.for_tenant(member.tenant_id).filter(pk=member.pk).first()
    now = found or member  # of one who is gone `change` says so
    return change(now, Rights(now.role, now.level, team), by=by)


@transaction.atomic
def delete(team: Team, *, by: User, as_staff: bool = False) -> int:
    """Delete a team. Members who saw its rows see their own from now on; returns how many.

    What was shared with the team is still its owners'.
    """
    lock([team.tenant_id])
    rows = Membership.objects.for_tenant(team.tenant_id).filter(team=team)
    members = list(rows.select_related("user", "tenant"))
    fallen = 0
    for member in members:
        level = AccessLevel.OWN if member.level == AccessLevel.TEAM else member.level
        fallen += level != member.level
        change(member, Rights(member.role, level, None), by=by, as_staff=as_staff)
    changes = {"name": [team.name, None]}
    audit.record("team.deleted", team, tenant=team.tenant, actor=by, changes=changes)
    team.delete()
    return fallen
