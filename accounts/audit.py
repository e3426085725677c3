"""Write down who changed what, in the transaction of the change."""

from __future__ import annotations

import re
from typing import Any

import structlog
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from accounts.models import AuditEntry, Tenant, User
from accounts.outgoing import events

# Values that are never written down, whatever model they stand in.
_SECRET = {"password", "digest", "key", "secret", "token", "code"}
_SECRET_BEGINNINGS = ("sealed", "password", "secret")
# Stands for a value that says who somebody is, or that is too large to be told.
HIDDEN = "•••"
# Values that say who somebody is: that they changed is written down, what they are is not.
_PERSONAL = {
    "user": {"email", "name", "last_login"},
    "invitation": {"email", "name"},
    "sitetransfer": {"email"},
    "mailserver": {"from_address", "username"},
    "outboxmessage": {"recipient", "subject"},
    "membership": {"name"},
    "staffaccess": {"name"},
}
_PERSONAL_ANYWHERE = {"email", "e_mail", "address", "recipient", "person"}
# The names of these rows are words of an organisation; those of others may be a person's.
_NAMED_BY = ("name", "title")
# Looked for where a word begins only: a long one without an @ would be read from each letter.
_WORD = r"[^\s@:/<>\"',;]"
_ADDRESS = re.compile(rf"(?<!{_WORD}){_WORD}+@{_WORD}+\.{_WORD}+")


def record(
    action: str,
    target: models.Model | type[models.Model],
    *,
    tenant: Tenant | None,
    actor: User | None,
    changes: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Add one entry, such as `site.created`. `changes` maps a field to `[before, after]`.

    The target is a row, or a model where no single row is meant. The request's id is taken from the
    log context, so that entry and log lines meet. Secrets are left out, and what says who somebody
    is becomes `HIDDEN`. The tenant's webhooks are told.
    """
    told = structlog.contextvars.get_contextvars()
    token_id = told.get("token_id")
    kind = target._meta.model_name or ""
    entry = AuditEntry.objects.create(
        tenant=tenant,
        actor=actor,
        actor_kind=_kind(actor, token_id, bool(told.get("staff"))),
        token_id=token_id,
        action=action,
        target_type=kind,
        target_id=str(target.pk) if isinstance(target, models.Model) else "",
        changes=_without_secrets(kind, changes or {}),
        request_id=told.get("request_id", ""),
        reason=_without_addresses(reason),
    )
    if tenant is not None:
        events.publish(entry, target, tenant)
    return entry


def _kind(actor: User | None, token_id: int | None, staff: bool) -> AuditEntry.ActorKind:
    if actor is None:
        return AuditEntry.ActorKind.SYSTEM
    if token_id is not None:
        return AuditEntry.ActorKind.TOKEN
    return AuditEntry.ActorKind.STAFF if staff else AuditEntry.ActorKind.PERSON


# --- What is not written down -----------------------------------------------------------------


def _without_secrets(kind: str, changes: dict[str, Any]) -> dict[str, Any]:
    personal = _PERSONAL_ANYWHERE | _PERSONAL.get(kind, set())
    return {
        name: _hidden(value) if name in personal else _without_addresses(value)
        for name, value in changes.items()
        if name not in _SECRET and not name.startswith(_SECRET_BEGINNINGS)
    }


def _hidden(value: Any) -> Any:
    """The same without the values; what was empty stays so."""
    if isinstance(value, list):
        return [HIDDEN if part else None for part in value]
    return HIDDEN if value else None


def _without_addresses(value: Any) -> Any:
    """The value without the addresses of mail that stand in it, such as in a link's `mailto:`."""
    if isinstance(value, str):
        return _ADDRESS.sub(HIDDEN, value)
    if isinstance(value, list):
        return [_without_addresses(part) for part in value]
    if isinstance(value, dict):
        return {name: _without_addresses(part) for name, part in value.items()}
    return value


# --- What changed -----------------------------------------------------------------------------


def differences(before: models.Model | None, after: models.Model, fields: list[str]) -> dict:
    """`{field: [before, after]}` of the fields that differ, as JSON can hold them.

    A row that is pointed to is told by its id, bytes by `HIDDEN`.
    """
    pairs = {}
    for field in fields:
        values = [_value(before, field), _value(after, field)]
        if values[0] != values[1]:
            pairs[field] = [_told(value) for value in values]
    return pairs


def _value(row: models.Model | None, name: str) -> Any:
    if row is None:
        return None
    try:
        field = row._meta.get_field(name)
    except FieldDoesNotExist:
        return getattr(row, name, None)
    value = getattr(row, getattr(field, "attname", name), None)
    return bytes(value) if isinstance(value, memoryview) else value


def _told(value: Any) -> Any:
    if isinstance(value, bytes):
        return HIDDEN
    if isinstance(value, list | tuple):
        return [_told(part) for part in value]
    return value if isinstance(value, bool | int | None) else str(value)


def gone(row: models.Model) -> dict[str, Any]:
    """The changes of a row that is deleted: its name, where it has one that is no person's."""
    names = [name for name in _NAMED_BY if getattr(row, name, None)]
    return {"name": [str(getattr(row, names[0])), None]} if names else {}
