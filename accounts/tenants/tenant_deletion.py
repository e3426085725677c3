"""The end of an organisation: after days of grace, a piece at a time, so that it can be resumed."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.members import people
from accounts.models import OutboxMessage, Site, Tenant, User
from accounts.outgoing.notices import notify
from accounts.tenants.organisation import locked

# Rows that a transaction deletes, so that none holds its locks for long.
PIECE = 500


@transaction.atomic
def schedule(tenant: Tenant, actor: User, now: datetime, *, tell: bool = True) -> Tenant:
    """Let a tenant be deleted in `TENANT_GRACE_DAYS`; its owners are told. Asked again: no change.

    Until then everything goes on, and `keep` takes it back.
    """
    tenant = locked(tenant)
    if tenant.delete_at is None:
        tenant.delete_at = now + timedelta(days=settings.TENANT_GRACE_DAYS)
        _note(tenant, actor, "tenant.deletion_scheduled", None)
        if tell:
            _tell_owners(tenant, actor)
    return tenant


@transaction.atomic
def keep(tenant: Tenant, actor: User) -> Tenant:
    """Take a deletion back. A tenant that was to stay anyway is left as it is."""
    tenant = locked(tenant)
    before, tenant.delete_at = tenant.delete_at, None
    if before is not None:
        _note(tenant, actor, "tenant.deletion_taken_back", before)
    return tenant


def _note(tenant: Tenant, actor: User, action: str, before: datetime | None) -> None:
    tenant.save(update_fields=["delete_at", "updated_at"])
    pair = [before and str(before), tenant.delete_at and str(tenant.delete_at)]
    audit.record(action, tenant, tenant=tenant, actor=actor, changes={"delete_at": pair})


def _tell_owners(tenant: Tenant, actor: User) -> None:
    owners = people.live_owners([tenant.pk]).select_related("user")
    by = None if tenant.suspended_at else tenant  # whose own mail waits while it is suspended
    for owner in owners:
        told = {"tenant": tenant, "actor": actor.get_full_name()}
        notify(owner.user, "tenant_deletion", "accounts/email/tenant_deletion", told, by=by)


# --- When the grace is over -------------------------------------------------------------------


def delete_due(now: datetime) -> int:
    """Delete the tenants whose grace is over; returns how many. May be stopped and run again.

    What their sites leave in the big tables is erased by `analytics.orphans`.
    """
    due = Tenant.objects.filter(delete_at__lte=now).values_list("pk", flat=True)
    return sum(_delete(tenant_id, now) for tenant_id in list(due))


def _delete(tenant_id: UUID, now: datetime) -> bool:
    """Delete one tenant, unless it was kept meanwhile."""
    if not _closed(tenant_id, now):
        return False
    sites = Site.objects.unscoped("sites of a tenant that goes").filter(tenant=tenant_id)
    for site in sites.iterator(PIECE):
        site.delete()
    messages = OutboxMessage.objects.unscoped("mail of a tenant that goes")
    while piece := list(messages.filter(tenant=tenant_id).values_list("pk", flat=True)[:PIECE]):
        messages.filter(pk__in=piece).delete()
    return _delete_last(tenant_id)


@transaction.atomic
def _closed(tenant_id: UUID, now: datetime) -> bool:
    """Close the tenant to everybody: nothing is added to it any more, and nobody takes it back."""
    found = Tenant.objects.select_for_update(no_key=True, skip_locked=True)
    tenant = found.filter(pk=tenant_id, delete_at__lte=now).first()
    if tenant is None:
        return False
    if tenant.suspended_at is None:
        tenant.suspended_at = now
        tenant.save(update_fields=["suspended_at", "updated_at"])
    return True


@transaction.atomic
def _delete_last(tenant_id: UUID) -> bool:
    """The tenant itself, with the few rows that are left of it; its audit log stays."""
    found = Tenant.objects.select_for_update(skip_locked=True).filter(pk=tenant_id)
    tenant = found.first()
    if tenant is None:
        return False
    changes = {"name": [tenant.name, None]}
    audit.record("tenant.deleted", tenant, tenant=tenant, actor=None, changes=changes)
    tenant.delete()
    return True
