"""What was sent for a tenant, in the API."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters  # type: ignore[import-untyped]
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import Refused
from accounts.models import OutboxMessage
from accounts.outgoing import sent
from accounts.outgoing.webhook_serializers import DeliverySerializer
from accounts.outgoing.webhook_viewsets import UUID_PATTERN
from accounts.permissions import member_or_403, refuse_partial, scope_of
from accounts.roles import role_for


class MessageSerializer(DeliverySerializer):
    """A mail or a webhook with its tries; what it says is told to its receiver only."""

    class Meta(DeliverySerializer.Meta):
        fields = (  # type: ignore[assignment]
            "id",
            "channel",
            "recipient",
            "subject",
            "type",
            "state",
            "attempts",
            "next_at",
            "created_at",
            "finished_at",
        )


class MessageFilter(filters.FilterSet):
    """`?channel=`, `?state=`, `?type=`, `?search=` (part of a recipient or a subject)."""

    type = filters.CharFilter(field_name="kind", help_text="Such as `invitation`.")
    search = filters.CharFilter(
        method="found", max_length=100, help_text="Part of a recipient or of a subject."
    )

    class Meta:
        model = OutboxMessage
        fields = ("channel", "state")

    def found(self, rows: QuerySet[Any], name: str, text: str) -> QuerySet[Any]:
        return rows.filter(sent.about(text))


class MessageViewSet(viewsets.ReadOnlyModelViewSet[OutboxMessage]):
    """What was sent for the tenant in the last month, and what waits, the newest first.

    Admins see it, call back what waits, and send again what is over.
    """

    serializer_class = MessageSerializer
    read_role = role_for("mail.manage")
    write_role = role_for("mail.manage")
    filterset_class = MessageFilter
    lookup_value_regex = UUID_PATTERN
    queryset = OutboxMessage.plain.none()

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        refuse_partial(request)

    def get_queryset(self) -> QuerySet[OutboxMessage]:
        if getattr(self, "swagger_fake_view", False):
            return OutboxMessage.plain.none()
        rows = OutboxMessage.objects.visible_to(scope_of(self.request)).defer("sealed")
        return rows.select_related("tenant").prefetch_related("history")

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str | None = None) -> Response:
        """Call back what waits. What is on its way or over: 400 `too_late`."""
        told = _("It is too late: the message is on its way, or was sent.")
        return self._do(sent.cancel, "too_late", told)

    @extend_schema(request=None, responses={202: MessageSerializer})
    @action(detail=True, methods=["post"], url_path="send-again")
    def send_again(self, request: Request, pk: str | None = None) -> Response:
        """Send once more what is over, under its id."""
        told = _("It waits to be sent, or its content is not kept any more.")
        return self._do(sent.send_again, "not_sendable", told, status.HTTP_202_ACCEPTED)

    def _do(self, what: Any, code: str, told: str, done: int = status.HTTP_200_OK) -> Response:
        message = self.get_object()
        if not what(message, member_or_403(self.request).user, timezone.now()):
            raise Refused(code, told)
        return Response(self.get_serializer(self.get_object()).data, done)
