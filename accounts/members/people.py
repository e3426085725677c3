"""The members of a tenant: what they may, their suspension, their going, and who owns it all.

A tenant always keeps an owner who can sign in. Whatever could take the last one away locks the
tenant's row first, so that two at once cannot do what one may not.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Invitation, Membership, Team, Tenant, User
from accounts.roles import MEMBER_LEVELS, Role
from accounts.tenancy import TenantOwned


class Refused(ValueError):
    """It cannot be done as things stand: `code` tells programs why, the message tells people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Rights:
    """What a member is to have; a team of their own tenant, or none."""

    role: str
    level: str
    team: Team | None = None


# --- Ownership --------------------------------------------------------------------------------


def lock(tenants: Iterable[UUID]) -> dict[UUID, Tenant]:
    """The tenants as they are now; nobody else changes their people until the transaction ends.

    Without their keys: rows that point to them may be added meanwhile.
    """
    rows = Tenant.objects.select_for_update(no_key=True).filter(pk__in=list(tenants))
    return {row.pk: row for row in rows.order_by("pk")}


def live_owners(tenants: Iterable[UUID]) -> models.QuerySet[Membership]:
    """The owners of some tenants who may do something today."""
    rows = Membership.objects.unscoped("owners, of the tenants that are named")
    live = rows.filter(role=Role.OWNER, suspended_at=None, user__is_active=True)
    return live.filter(tenant__in=list(tenants)).order_by("created_at", "pk")


def left_without_owner(going: Iterable[Membership]) -> list[Tenant]:
    """The tenants that would lose their last owner with these memberships, by name."""
    gone = {row.pk: row.tenant_id for row in going}
    owners = list(live_owners(gone.values()).values_list("pk", "tenant_id"))
    kept = {tenant for pk, tenant in owners if pk not in gone}
    lost = {tenant for pk, tenant in owners if pk in gone} - kept
    return list(Tenant.objects.filter(pk__in=lost).order_by("name"))


def last_owner_of(user: User) -> list[Tenant]:
    """The tenants that nobody but this person owns, by name."""
    return left_without_owner(Membership.objects.unscoped("the user's own").filter(user=user))


def keep_an_owner(going: Iterable[Membership]) -> None:
    """Refuse what would leave a tenant without owner. The tenants are locked. Raises `Refused`."""
    if alone := left_without_owner(going):
        names = ", ".join(tenant.name for tenant in alone)
        told = _("%(names)s would be without an owner: make somebody else an owner first.")
        raise Refused("last_owner", told % {"names": names})


# --- Rights -----------------------------------------------------------------------------------


def _opened(member: Membership, by: User, as_staff: bool) -> Membership:
    """The membership as it is now, its tenant locked, and `by` somebody who may change it today.

    Raises `Refused`.
    """
    lock([member.tenant_id])
    rows = Membership.objects.for_tenant(member.tenant_id).select_related("user", "tenant", "team")
    if not as_staff:
        actor = rows.filter(user=by).first()
        if actor is None or not actor.is_live() or not actor.can("people.manage"):
            raise Refused("not_allowed", _("Only an owner changes the people of an organisation."))
    found = rows.filter(pk=member.pk).first()
    if found is None:
        raise Refused("gone", _("This person is not a member any more."))
    return found


def _note(action: str, member: Membership, by: User, changes: dict[str, Any]) -> None:
    audit.record(f"membership.{action}", member, tenant=member.tenant, actor=by, changes=changes)


def check_rights(tenant: UUID, rights: Rights) -> None:
    """Refuse rights that nobody can have in the tenant. Raises `Refused`."""
    if rights.role not in Role.values or rights.level not in MEMBER_LEVELS:
        raise Refused("rights_invalid", _("There is no such role or level."))
    if rights.team is not None and rights.team.tenant_id != tenant:
        raise Refused("team_invalid", _("There is no such team."))


@transaction.atomic
def change(member: Membership, rights: Rights, *, by: User, as_staff: bool = False) -> Membership:
    """Give a member other rights; they are signed out, and sign in with the new ones.

    Returns the membership, unchanged where nothing differs. Raises `Refused`.
    """
    member = _opened(member, by, as_staff)
    check_rights(member.tenant_id, rights)
    before = copy(member)
    if rights.role != Role.OWNER:
        keep_an_owner([member])
    member.role, member.level, member.team = rights.role, rights.level, rights.team
    changes = audit.differences(before, member, ["role", "level", "team_id"])
    if changes:
        member.save(update_fields=["role", "level", "team"])
        _note("changed", member, by, changes)
        settle(member, by)
    return member


def settle(member: Membership, by: User) -> None:
    """What follows from other rights: sessions are over, and so is what the rights were for."""
    if not (member.can("people.manage") and member.is_live()):
        _end_invitations(member, by, None)
    member.user.end_sessions()


def _end_invitations(member: Membership, by: User, successor: User | None) -> None:
    """Open invitations of somebody who may invite no more: revoked, or the successor's now."""
    rows = Invitation.objects.for_tenant(member.tenant_id)
    rows = rows.filter(invited_by=member.user, accepted_at=None, revoked_at=None)
    if successor is not None:
        rows.update(invited_by=successor)
        return
    for invitation in rows:
        invitation.revoked_at = timezone.now()
        invitation.save(update_fields=["revoked_at"])
        audit.record("invitation.revoked", invitation, tenant=member.tenant, actor=by)


@transaction.atomic
def hand_over(member: Membership, *, by: User, step_down: bool) -> Membership:
    """Make a member an owner too; with `step_down` the giver becomes an admin.

    Open invitations of a giver who steps down are the new owner's. Raises `Refused`.
    """
    member = _opened(member, by, as_staff=False)
    if member.user_id == by.pk:
        raise Refused("oneself", _("You are an owner already."))
    if not member.is_live():
        raise Refused("suspended", _("This person is suspended. Let them in again first."))
    given = change(member, Rights(Role.OWNER, member.level, member.team), by=by)
    if step_down:
        giver = Membership.objects.for_tenant(member.tenant_id).get(user=by)
        _end_invitations(giver, by, member.user)
        change(giver, Rights(Role.ADMIN, giver.level, giver.team), by=by)
    return given


# --- Suspension -------------------------------------------------------------------------------


@transaction.atomic
def suspend(member: Membership, now: datetime, *, by: User, as_staff: bool = False) -> Membership:
    """Let a member in no more, until resumed: sessions and API tokens open nothing from now on.

    Raises `Refused`.
    """
    member = _opened(member, by, as_staff)
    if member.user_id == by.pk:
        raise Refused("oneself", _("Nobody suspends themselves. You can leave instead."))
    if member.suspended_at is None:
        keep_an_owner([member])
        member.suspended_at = now
        member.save(update_fields=["suspended_at"])
        _note("suspended", member, by, {"suspended_at": [None, str(now)]})
        settle(member, by)
    return member


@transaction.atomic
def resume(member: Membership, *, by: User, as_staff: bool = False) -> Membership:
    """Let a suspended member in again, with the rights and the API tokens they had."""
    member = _opened(member, by, as_staff)
    if member.suspended_at is not None:
        changes = {"suspended_at": [str(member.suspended_at), None]}
        member.suspended_at = None
        member.save(update_fields=["suspended_at"])
        _note("resumed", member, by, changes)
    return member


# --- Going ------------------------------------------------------------------------------------


def owned_models() -> list[type[TenantOwned]]:
    """The models whose rows have an owner themselves, of whatever app."""
    tenants = [model for model in apps.get_models() if issubclass(model, TenantOwned)]
    return [model for model in tenants if model.owner_path == ""]


def owned_rows(member: Membership) -> list[TenantOwned]:
    """Everything in the tenant that the member owns."""
    sets: list[Any] = [model.objects.for_tenant(member.tenant_id) for model in owned_models()]
    return [row for rows in sets for row in rows.filter(owner=member.user)]


def heirs(member: Membership) -> list[Membership]:
    """Who may get what a member leaves: the others who are not suspended, owners first."""
    rows = Membership.objects.for_tenant(member.tenant_id).exclude(pk=member.pk)
    live = rows.filter(suspended_at=None, user__is_active=True).select_related("user", "tenant")
    ranks = list(Role)
    return sorted(live, key=lambda row: (-ranks.index(Role(row.role)), row.user.get_full_name()))


@transaction.atomic
def remove(
    member: Membership, *, by: User, heir: Membership | None = None, as_staff: bool = False
) -> int:
    """Take somebody out of the tenant; their API tokens die, and what they own is the heir's.

    Without `heir` it is the remover's, or an owner's. Returns how many rows changed hands.
    Raises `Refused`.
    """
    member = _opened(member, by, as_staff)
    return _go(member, "removed", by, heir)


@transaction.atomic
def leave(member: Membership, *, heir: Membership | None = None) -> int:
    """Go oneself; see `remove`. Invitations that are still open become an owner's."""
    lock([member.tenant_id])
    found = Membership.objects.for_tenant(member.tenant_id).filter(pk=member.pk)
    here = found.select_related("user", "tenant").first()
    if here is None:
        raise Refused("gone", _("You are not a member any more."))
    keep_an_owner([here])
    if owner := live_owners([here.tenant_id]).exclude(pk=here.pk).first():
        _end_invitations(here, here.user, owner.user)
    return _go(here, "left", here.user, heir)


@transaction.atomic
def leave_all(user: User) -> int:
    """Leave every tenant, as a person does whose account ends. Raises `Refused`."""
    own = Membership.objects.unscoped("the user's own memberships").filter(user=user)
    lock(own.values_list("tenant", flat=True))
    keep_an_owner(own)
    return sum(leave(member) for member in own.order_by("tenant"))


def _go(member: Membership, action: str, by: User, heir: Membership | None) -> int:
    keep_an_owner([member])
    count = _give(member, by, heir)
    _end_invitations(member, by, None)
    _note(action, member, by, {"user": [member.user_id, None], "role": [member.role, None]})
    member.delete()
    member.user.end_sessions()
    return count


def _give(member: Membership, by: User, heir: Membership | None) -> int:
    """Hand on what somebody owns, one audit entry a row."""
    able = heirs(member)
    fallback = next((row for row in able if row.user_id == by.pk), able[0] if able else None)
    chosen = next((row for row in able if row.pk == heir.pk), None) if heir else fallback
    if heir is not None and chosen is None:
        raise Refused("heir_invalid", _("Choose another member to get what they own."))
    rows = owned_rows(member)
    for row in rows:
        taker = chosen.user if chosen else None
        found: Any = type(row).objects.for_tenant(member.tenant_id).filter(pk=row.pk)
        found.update(owner=taker)
        pair = [member.user_id, taker and taker.pk]
        kind = row._meta.model_name
        audit.record(
            f"{kind}.changed", row, tenant=member.tenant, actor=by, changes={"owner": pair}
        )
    return len(rows)
