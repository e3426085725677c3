"""Sites and offers of sites."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin.base import TenantAdmin
from accounts.models import Site, SiteTransfer, Tenant


@admin.register(Site)
class SiteAdmin(TenantAdmin):
    list_display = ("name", "tenant", "kind", "key", "time_zone", "delete_at")
    list_filter = (
        "kind",
        "tenant",
        ("delete_at", admin.EmptyFieldListFilter),
        ("reset_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("name", "key", "script_name", "tenant__name")
    autocomplete_fields = ("tenant", "owner", "team")
    readonly_fields = ("key", "reset_at", "created_at", "updated_at")
    list_select_related = ("tenant",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A site changes its tenant by an offer that is taken, which also changes its owner."""
        return (*self.readonly_fields, "tenant") if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            obj.keep_days_of(Site.plain.get(pk=obj.pk), timezone.now())
        super().save_model(request, obj, form, change)


@admin.register(SiteTransfer)
class SiteTransferAdmin(TenantAdmin):
    """Offers of sites: staff look at them and withdraw them, and make none for others."""

    list_display = ("site", "email", "offered_by", "created_at", "expires_at")
    search_fields = ("email", "site__name", "site__key", "offered_by__email")
    list_select_related = ("site", "offered_by")
    readonly_fields = ("site", "email", "offered_by", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def tenant_of(self, row: models.Model) -> Tenant | None:
        return row.site.tenant if isinstance(row, SiteTransfer) else None
