"""What all pages of the admin share: staff see every tenant, and leave a trace."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin

from accounts import audit
from accounts.models import AuditEntry, Tenant, User
from accounts.staff import READ_STEP


class WatchedAdmin(ModelAdmin):
    """Rows that staff may read: whoever does is written down, one entry a page."""

    show_full_result_count = False
    # The path to the tenant in the filters of the list, which may name one.
    tenant_filters = ("tenant__id__exact", "tenant__exact", "tenant", "tenant_id")

    def tenant_of(self, row: models.Model) -> Tenant | None:
        """Whose row it is, for the audit."""
        return row if isinstance(row, Tenant) else getattr(row, "tenant", None)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        response = super().changelist_view(request, extra_context)
        if response.status_code == 200:  # the list, or rows about which an action asks
            # What was searched for may be somebody's name.
            told = {"filters": sorted(name for name in request.GET if name.isidentifier())}
            self._note_reading(request, "staff.listed", self.model, self._listed(request), told)
        return response

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        response = super().changeform_view(request, object_id, form_url, extra_context)
        return self._noted(request, response, "original")

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """It shows the row, and all that would go with it."""
        return self._noted(request, super().delete_view(request, object_id, extra_context))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """It shows the row, and what staff changed of it."""
        return self._noted(request, super().history_view(request, object_id, extra_context))

    def _noted(self, request: HttpRequest, response: Any, name: str = "object") -> Any:
        """The response; which row it shows is written down."""
        row = (getattr(response, "context_data", None) or {}).get(name)
        if request.method == "GET" and isinstance(row, models.Model):
            self._note_reading(request, "staff.viewed", row, self.tenant_of(row), {})
        return response

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """What a field of choice offers while somebody types is written down once a minute."""
        match = request.resolver_match
        if match is not None and match.url_name == "autocomplete":
            self._note_offer(request)
        return super().get_search_results(request, queryset, search_term)

    def _note_offer(self, request: HttpRequest) -> None:
        told = {"filters": ["autocomplete"]}
        rows = AuditEntry.objects.unscoped("what the person of staff was offered a moment ago")
        same = rows.filter(tenant=None, action="staff.listed", actor=request.user.pk, changes=told)
        kind, since = self.model._meta.model_name, timezone.now() - READ_STEP
        if not same.filter(target_type=kind, created_at__gt=since).exists():
            self._note_reading(request, "staff.listed", self.model, None, told)

    def _listed(self, request: HttpRequest) -> Tenant | None:
        """The tenant to which the list is narrowed, if it is."""
        named = [request.GET[name] for name in self.tenant_filters if request.GET.get(name)]
        try:
            return Tenant.objects.filter(pk=UUID(named[0])).first() if named else None
        except ValueError:
            return None

    def _note_reading(
        self,
        request: HttpRequest,
        action: str,
        seen: models.Model | type[models.Model],
        tenant: Tenant | None,
        told: dict[str, Any],
    ) -> None:
        actor = request.user if isinstance(request.user, User) else None
        audit.record(action, seen, tenant=tenant, actor=actor, changes=told)


class TenantAdmin(WatchedAdmin):
    """The base of all tenants' rows in the admin: staff see every tenant, changes are audited."""

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
            self.note(request, f"{row._meta.model_name}.deleted", row, audit.gone(row))
            row.delete()
        formset.save_m2m()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.note(request, f"{obj._meta.model_name}.deleted", obj, audit.gone(obj))
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    def note(self, request: HttpRequest, action: str, row: models.Model, changes: dict) -> None:
        """One audit entry, in the log of the tenant whose row it is."""
        actor = request.user if isinstance(request.user, User) else None
        audit.record(action, row, tenant=self.tenant_of(row), actor=actor, changes=changes)


class ReadOnlyAdmin(WatchedAdmin):
    """Rows that the system writes and nobody changes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Whether somebody may set off an action (`permissions=["act"]`): who might change rows."""
        return super().has_change_permission(request)
