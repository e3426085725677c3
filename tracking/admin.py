"""What arrived, for the installation's staff."""

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from tracking.models import Agent, Outcome


@admin.register(Outcome)
class OutcomeAdmin(ReadOnlyAdmin):
    list_display = ("hour", "site", "reason", "n")
    list_filter = ("reason",)
    list_select_related = ("site",)
    ordering = ("-hour", "site", "reason")


@admin.register(Agent)
class AgentAdmin(ReadOnlyAdmin):
    list_display = ("text", "browser", "os", "device", "bot", "created_at")
    list_filter = ("bot", "device")
    search_fields = ("text",)
