"""Derived and imported days for the installation's staff."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin import ReadOnlyAdmin
from analytics.models import ImportedDay, SiteDay


class StateFilter(admin.SimpleListFilter):
    """Days that drifted from their raw events, and days that are closed."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("drifted", _("Drifted")), ("sealed", _("Sealed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "drifted":
            return queryset.filter(drift__gt=0)
        if self.value() == "sealed":
            return queryset.filter(sealed_at__isnull=False)
        return queryset


@admin.register(SiteDay)
class SiteDayAdmin(ReadOnlyAdmin):
    list_display = (
        "site", "date", "version", "rebuilt_at", "cost_ms", "sealed_at", "checked_at", "drift",
    )  # fmt: skip
    list_filter = (StateFilter, "date")
    search_fields = ("site__name", "site__key")
    list_select_related = ("site",)


@admin.register(ImportedDay)
class ImportedDayAdmin(ReadOnlyAdmin):
    list_display = (
        "site", "source", "date", "dimension", "value", "visitors", "sessions", "page_views",
        "imported_at",
    )  # fmt: skip
    list_filter = ("date",)
    search_fields = ("site__name", "site__key", "=source", "=dimension")
    list_select_related = ("site",)
