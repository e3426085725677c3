"""Write down who changed what, in the transaction of the change."""

from typing import Any

import structlog
from django.db import models

from accounts.models import AuditEntry, Tenant, User

# Values that are never written down, whatever model they stand in.
_SECRET = {"password", "digest", "key", "secret"}


def record(
    action: str,
    target: models.Model,
    *,
    tenant: Tenant | None,
    actor: User | None,
    changes: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Add one entry, such as `site.created`. `changes` maps a field to `[before, after]`.

    The request's id is taken from the log context, so that entry and log lines meet.
    """
    told = structlog.contextvars.get_contextvars()
    token_id = told.get("token_id")
    kept = {name: value for name, value in (changes or {}).items() if name not in _SECRET}
    return AuditEntry.objects.create(
        tenant=tenant,
        actor=actor,
        actor_kind=_kind(actor, token_id),
        token_id=token_id,
        action=action,
        target_type=target._meta.model_name or "",
        target_id=str(target.pk),
        changes=kept,
        request_id=told.get("request_id", ""),
        reason=reason,
    )


def _kind(actor: User | None, token_id: int | None) -> AuditEntry.ActorKind:
    if actor is None:
        return AuditEntry.ActorKind.SYSTEM
    return AuditEntry.ActorKind.PERSON if token_id is None else AuditEntry.ActorKind.TOKEN


def differences(before: models.Model | None, after: models.Model, fields: list[str]) -> dict:
    """`{field: [before, after]}` of the fields that differ, as text that JSON can hold."""

    def text(row: models.Model | None, field: str) -> Any:
        value = getattr(row, field, None) if row is not None else None
        return value if isinstance(value, bool | int | list | None) else str(value)

    pairs = {field: [text(before, field), text(after, field)] for field in fields}
    return {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}
