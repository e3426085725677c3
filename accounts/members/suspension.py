"""What staff of the installation stop: an account, or a whole tenant. Nothing is lost by it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.members.people import lock
from accounts.models import Tenant, User, WebhookEndpoint


@transaction.atomic
def suspend_tenant(tenant: Tenant, now: datetime, *, by: User) -> Tenant:
    """Close a tenant to its members and their programs, until resumed. Asked again: no change.

    Its mails and webhooks wait meanwhile: nothing is claimed for it (`accounts.outgoing.dispatch`).
    """
    found = lock([tenant.pk])[tenant.pk]
    if found.suspended_at is None:
        _set(found, now, "tenant.suspended", by)
    return found


@transaction.atomic
def resume_tenant(tenant: Tenant, *, by: User) -> Tenant:
    """Open a suspended tenant again. What waited leaves; its webhooks begin anew with patience."""
    found = lock([tenant.pk])[tenant.pk]
    if found.suspended_at is not None:
        _set(found, None, "tenant.resumed", by)
        failing = WebhookEndpoint.objects.for_tenant(found).filter(failing_since__isnull=False)
        failing.update(failing_since=None)
    return found


def _set(tenant: Tenant, at: datetime | None, action: str, by: User) -> None:
    changes = {"suspended_at": [tenant.suspended_at and str(tenant.suspended_at), at and str(at)]}
    tenant.suspended_at = at
    tenant.save(update_fields=["suspended_at", "updated_at"])
    audit.record(action, tenant, tenant=tenant, actor=by, changes=changes)


@transaction.atomic
def stop_account(user: User, *, by: User) -> User:
    """Let a person sign in no more; their sessions and API tokens open nothing from now on."""
    return _let(user, False, by)


@transaction.atomic
def start_account(user: User, *, by: User) -> User:
    """Let a person sign in again; their API tokens work as before."""
    return _let(user, True, by)


def _let(user: User, active: bool, by: User) -> User:
    found = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if found.is_active != active:
        found.is_active = active
        found.save(update_fields=["is_active"])
        changes = {"is_active": [not active, active]}
        audit.record("user.changed", found, tenant=None, actor=by, changes=changes)
        found.end_sessions()
    return found
