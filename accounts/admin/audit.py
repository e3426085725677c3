"""The audit log."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin.base import ReadOnlyAdmin
from accounts.models import (
    AuditEntry,
)


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
    list_filter = ("actor_kind", "action")
    search_fields = ("action", "target_id", "request_id")
    date_hierarchy = "created_at"
