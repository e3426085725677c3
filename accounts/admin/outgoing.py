"""What leaves the installation: the outbox, and the mail servers of tenants."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import TabularInline

from accounts.admin.base import ReadOnlyAdmin
from accounts.models import MailServer, OutboxAttempt, OutboxMessage, User
from accounts.outgoing import sent


class AttemptInline(TabularInline):
    model = OutboxAttempt
    extra = 0
    fields = ("number", "at", "delivered", "status", "detail", "seconds")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    """All messages, without what they say; staff call them back and send them again."""

    list_display = ("created_at", "kind", "recipient", "tenant", "channel", "state", "attempts")
    list_filter = ("state", "channel", "kind", "tenant")
    search_fields = ("recipient", "subject", "=id")
    list_select_related = ("tenant",)
    fields = (
        "tenant",
        "channel",
        "kind",
        "recipient",
        "subject",
        "endpoint",
        "state",
        "attempts",
        "created_at",
        "next_at",
        "finished_at",
    )
    inlines: ClassVar[list] = [AttemptInline]
    actions = ("send_again", "cancel")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxMessage]:
        return super().get_queryset(request).defer("sealed")

    @admin.action(description=gettext_lazy("Send again what is over"), permissions=["act"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        """What waits, and what is wiped, is left out."""
        self._do(request, queryset, sent.send_again)

    @admin.action(description=gettext_lazy("Call back what waits"), permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        """What is on its way, and what is over, is left out."""
        self._do(request, queryset, sent.cancel)

    def _do(self, request: HttpRequest, queryset: QuerySet[OutboxMessage], what: Any) -> None:
        actor = request.user if isinstance(request.user, User) else None
        now = timezone.now()
        done = sum(what(message, actor, now) for message in queryset)
        told = ngettext("%(done)d message was changed.", "%(done)d messages were changed.", done)
        messages.info(request, told % {"done": done})


@admin.register(MailServer)
class MailServerAdmin(ReadOnlyAdmin):
    """Tenants' mail servers; passwords are set by tenants and shown to nobody."""

    list_display = ("tenant", "server", "port", "use_tls", "failing_since", "tested_at")
    list_filter = (("failing_since", admin.EmptyFieldListFilter),)
    search_fields = ("server", "tenant__name")
    list_select_related = ("tenant",)
    fields = (
        "tenant",
        "server",
        "port",
        "use_tls",
        "username",
        "from_address",
        "tested_at",
        "test_error",
        "failing_since",
        "failure",
        "updated_at",
    )
