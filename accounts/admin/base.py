"""What all pages of the admin share: staff see every tenant, and leave a trace."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from accounts import audit
from accounts.models import (
    Tenant,
    User,
)


class TenantAdmin(ModelAdmin):
    """The base of all tenants' rows in the admin: staff see every tenant, changes are audited."""

    show_full_result_count = False

    def tenant_of(self, row: models.Model) -> Tenant | None:
        """Whose row it is, for the audit."""
        return row if isinstance(row, Tenant) else getattr(row, "tenant", None)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = type(obj)._base_manager.filter(pk=obj.pk).first() if change else None
        super().save_model(request, obj, form, change)
        changes = audit.differences(before, obj, form.changed_data)
        action = f"{obj._meta.model_name}.{'changed' if change else 'created'}"
        self.note(request, action, obj, changes)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Rows within another row's page are audited one by one, like any other."""
        rows = formset.save(commit=False)
        changed = {changed_row.pk: fields for changed_row, fields in formset.changed_objects}
        for row in rows:
            model = type(row)
            before = model._base_manager.filter(pk=row.pk).first() if row.pk in changed else None
            row.save()
            fields = changed.get(row.pk) or [field.name for field in row._meta.concrete_fields]
            action = f"{row._meta.model_name}.{'changed' if before else 'created'}"
            self.note(request, action, row, audit.differences(before, row, fields))
        for row in formset.deleted_objects:
            self.note(request, f"{row._meta.model_name}.deleted", row, {"name": [str(row), None]})
            row.delete()
        formset.save_m2m()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.note(request, f"{obj._meta.model_name}.deleted", obj, {"name": [str(obj), None]})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    def note(self, request: HttpRequest, action: str, row: models.Model, changes: dict) -> None:
        """One audit entry. A tenant that is being deleted cannot be pointed at any more."""
        tenant = None if action == "tenant.deleted" else self.tenant_of(row)
        actor = request.user if isinstance(request.user, User) else None
        audit.record(action, row, tenant=tenant, actor=actor, changes=changes)


class ReadOnlyAdmin(ModelAdmin):
    """Rows that the system writes and nobody changes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
