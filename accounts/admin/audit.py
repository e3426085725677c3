"""The audit log, where its chains begin and end, and staff who look into organisations."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy

from accounts.admin.base import ReadOnlyAdmin
from accounts.audit_log.entries import GROUPS
from accounts.models import AuditEntry, StaffAccess
from accounts.models.audit import AuditAnchor, AuditHead

MOST_COUNTED = 5_000


class BoundedPaginator(Paginator):
    """Counts so far and no further: to count all of a log takes as long as to read it."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return len(rows.order_by().values("pk")[:MOST_COUNTED])


class GroupFilter(admin.SimpleListFilter):
    """What was done, without asking the log which actions there are."""

    title = gettext_lazy("what was done")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, label) for name, (label, _rows) in GROUPS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        _label, rows = GROUPS.get(self.value() or "", ("", Q()))
        return queryset.filter(rows)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "actor_kind",
        "actor_id",
        "action",
        "target_type",
        "target_id",
        "tenant_id",
    )
    list_filter = (GroupFilter, "actor_kind", ("created_at", admin.DateFieldListFilter), "tenant")
    search_fields = ("=action", "=target_id", "=request_id")
    search_help_text = gettext_lazy("A whole action, id of a target, or id of a request.")
    paginator = BoundedPaginator


@admin.register(AuditHead)
class AuditHeadAdmin(ReadOnlyAdmin):
    list_display = ("tenant_id", "sequence", "updated_at")


@admin.register(AuditAnchor)
class AuditAnchorAdmin(ReadOnlyAdmin):
    list_display = ("tenant_id", "first_sequence", "sequence", "ended_month", "created_at")
    list_filter = ("ended_month",)


@admin.register(StaffAccess)
class StaffAccessAdmin(ReadOnlyAdmin):
    """Who looked where and why; an open access is ended on its own page, `/staff`."""

    list_display = ("tenant", "user", "reason", "started_at", "ends_at")
    list_filter = ("tenant",)
    search_fields = ("tenant__name", "user__email", "reason")
    list_select_related = ("tenant", "user")
