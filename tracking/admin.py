"""What arrived, for the installation's staff."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin import ReadOnlyAdmin
from tracking import rejects
from tracking.models import Agent, Outcome, Rejected


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


@admin.register(Rejected)
class RejectedAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "site", "reason", "page", "size", "replayed_at", "outcome")
    list_filter = ("reason", "outcome", "hour")
    search_fields = ("page", "sample", "site__name", "site__key")
    list_select_related = ("site",)
    ordering = ("-received_at",)
    actions = ("send_again",)

    @admin.action(description=gettext_lazy("Send the selected events again"))
    def send_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Try the selected samples once more."""
        ends = rejects.replay(queryset.select_related("site"))
        told = ", ".join(f"{end}: {n}" for end, n in sorted(ends.items()))
        messages.info(request, _("Sent again. %(ends)s") % {"ends": told})
