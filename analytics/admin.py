"""Derived days for the installation's staff."""

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from analytics.models import SiteDay


@admin.register(SiteDay)
class SiteDayAdmin(ReadOnlyAdmin):
    list_display = ("site", "date", "version", "rebuilt_at", "cost_ms", "sealed_at", "drift")
    list_filter = ("date",)
    search_fields = ("site__name", "site__key")
    list_select_related = ("site",)
