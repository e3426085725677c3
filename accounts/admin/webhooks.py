"""Webhooks: staff see which there are and how they fare, and can stop them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from accounts.admin.base import ReadOnlyAdmin
from accounts.models import User, WebhookEndpoint
from accounts.outgoing import endpoints


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    """The host of the address only: the rest of it may be a secret, and secrets are not shown."""

    list_display = ("name", "tenant", "host", "shape", "enabled", "failing_since", "created_at")
    list_filter = ("enabled", "shape")
    search_fields = ("name", "tenant__name")
    list_select_related = ("tenant",)
    fields = (
        "name",
        "tenant",
        "host",
        "shape",
        "events",
        "enabled",
        "stopped_because",
        "failing_since",
        "former_secret_until",
        "created_at",
        "updated_at",
    )
    actions = ("pause",)

    @admin.display(description=gettext_lazy("host"))
    def host(self, endpoint: WebhookEndpoint) -> str:
        """Where it leads."""
        return endpoints.host_of(endpoint)

    @admin.action(description=gettext_lazy("Pause the selected webhooks"), permissions=["act"])
    @transaction.atomic
    def pause(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Nothing is sent to them until their tenant resumes them."""
        for endpoint in queryset.filter(enabled=True).select_related("tenant"):
            if isinstance(request.user, User):
                endpoints.change(endpoint, {"enabled": False}, request.user)
