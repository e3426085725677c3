"""The rows that entries of the audit log are about: their models, and what they are called."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models

from accounts.models import AuditEntry, Membership, Tenant
from accounts.tenancy import TenantOwned

OURS = ("accounts", "privacy", "tracking", "analytics", "reports")
# Names of rows by their kind and id.
Targets = dict[tuple[str, str], str]


@lru_cache(maxsize=1)
def models_by_kind() -> dict[str, type[models.Model]]:
    """Our models by the kind that entries call them."""
    return {
        model._meta.model_name or "": model
        for model in apps.get_models()
        if model._meta.app_label in OURS
    }


def field_of(model: type[models.Model] | None, name: str) -> Any:
    """The model's field of that name; None where there is none."""
    try:
        return model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return None


def points_to(model: type[models.Model] | None, name: str) -> Any:
    """The model that a field points to, if it is a relation."""
    return getattr(field_of(model, name), "related_model", None)


def names_of(tenant: Tenant, entries: list[AuditEntry]) -> Targets:
    """The names of the tenant's own rows that entries are about, or that their changes point to."""
    wanted: dict[str, set[str]] = {}
    for entry in entries:
        wanted.setdefault(entry.target_type, set()).add(entry.target_id)
        for name, pair in entry.changes.items():
            pointed = points_to(models_by_kind().get(entry.target_type), name)
            if pointed and isinstance(pair, list):
                ids = {str(value) for value in pair if isinstance(value, int | str)}
                wanted.setdefault(pointed._meta.model_name, set()).update(ids)
    found = {("tenant", str(tenant.pk)): tenant.name}
    for kind, ids in wanted.items():
        model = models_by_kind().get(kind)
        if model is Membership:
            members = Membership.objects.for_tenant(tenant).filter(pk__in=_ids(model, ids))
            told = members.select_related("user")
            found |= {(kind, str(row.pk)): row.user.get_full_name() for row in told}
            continue
        named = next((name for name in ("name", "title") if field_of(model, name)), None)
        if model is None or not issubclass(model, TenantOwned) or named is None:
            continue
        own = model.objects.for_tenant(tenant).filter(pk__in=_ids(model, ids))
        rows = own.values_list("pk", named)
        found |= {(kind, str(pk)): name for pk, name in rows}
    return found


def _ids(model: type[models.Model], texts: Iterable[str]) -> set[Any]:
    return {_id(model, text) for text in texts} - {None}


def _id(model: type[models.Model], text: str) -> Any:
    """A target's id as the model has it; None for what cannot be one."""
    try:
        return model._meta.pk.to_python(text) if model._meta.pk else None
    except ValidationError:
        return None
