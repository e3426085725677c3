"""Webhooks in the API."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import Refused, TenantViewSet
from accounts.models import OutboxMessage, WebhookEndpoint
from accounts.outgoing import deliveries, endpoints
from accounts.outgoing.webhook_serializers import (
    DeliverySerializer,
    MadeWebhookSerializer,
    ReplayedSerializer,
    SecretSerializer,
    SinceSerializer,
    WebhookSerializer,
)
from accounts.permissions import member_or_403, scope_of
from accounts.roles import role_for

NOT_STORED = {"Cache-Control": "no-store"}
UUID_PATTERN = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class WebhookViewSet(TenantViewSet):
    """The tenant's webhooks; admins see and change them, with a token for all sites."""

    model = WebhookEndpoint
    serializer_class = WebhookSerializer
    read_role = role_for("webhooks.manage")
    write_role = role_for("webhooks.manage")
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[WebhookEndpoint]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        if scope_of(self.request).sites is not None:  # events tell of all sites
            return rows.none()
        return rows.select_related("tenant")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Nothing is locked here: an address is looked up, and `endpoints.change` locks after."""
        return queryset

    @extend_schema(request=WebhookSerializer, responses={201: MadeWebhookSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make a webhook. Its secret is in this answer and nowhere else."""
        self.check_may_create()
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = {**serializer.validated_data}
        given = values.pop("secret", None)
        try:
            endpoint, secret = endpoints.make(member_or_403(request), values, given)
        except endpoints.TooMany as error:
            raise Refused("too_many_webhooks", str(error)) from None
        told = {**WebhookSerializer(endpoint).data, "secret": secret}
        return Response(told, status.HTTP_201_CREATED, headers=NOT_STORED)

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        endpoint = cast(WebhookEndpoint, serializer.instance)
        actor = member_or_403(self.request).user
        serializer.instance = endpoints.change(endpoint, serializer.validated_data, actor)

    def perform_destroy(self, instance: Any) -> None:
        endpoints.delete(instance, member_or_403(self.request).user)

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str | None = None) -> Response:
        """Send an event of the type `test`; the delivery says what came of it."""
        message = endpoints.send_test(self.get_object(), member_or_403(request).user)
        return Response(DeliverySerializer(message).data, status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses=SecretSerializer)
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, pk: str | None = None) -> Response:
        """A new secret; for 24 hours deliveries are signed with the former one as well."""
        actor = member_or_403(request).user
        secret = endpoints.rotate(self.get_object(), actor, timezone.now())
        return Response({"secret": secret}, headers=NOT_STORED)

    @extend_schema(responses=DeliverySerializer(many=True))
    @action(detail=True, methods=["get"], serializer_class=DeliverySerializer)
    def deliveries(self, request: Request, pk: str | None = None) -> Response:
        """What was sent to the webhook or waits for it, the newest first."""
        rows = deliveries.of(self.get_object()).prefetch_related("history")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(DeliverySerializer(page, many=True).data)

    @extend_schema(responses=DeliverySerializer)
    @action(
        detail=True,
        methods=["get"],
        url_path=f"deliveries/(?P<delivery>{UUID_PATTERN})",
    )
    def delivery(self, request: Request, pk: str = "", delivery: str = "") -> Response:
        """One delivery, with every try."""
        return Response(DeliverySerializer(self._delivery(self.get_object(), delivery)).data)

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(
        detail=True,
        methods=["post"],
        url_path=f"deliveries/(?P<delivery>{UUID_PATTERN})/replay",
    )
    def replay(self, request: Request, pk: str = "", delivery: str = "") -> Response:
        """Send one delivery again, under its id."""
        endpoint = self._enabled()
        message = self._delivery(endpoint, delivery)
        if not endpoints.replay(endpoint, message, member_or_403(request).user):
            told = _("It waits already, or its content is not kept any more.")
            raise Refused("not_replayable", told)
        again = self._delivery(endpoint, delivery)
        return Response(DeliverySerializer(again).data, status.HTTP_202_ACCEPTED)

    @extend_schema(request=SinceSerializer, responses={202: ReplayedSerializer})
    @action(detail=True, methods=["post"], url_path="replay-failed")
    def replay_failed(self, request: Request, pk: str | None = None) -> Response:
        """Send again what failed or was called back since a moment; at most 1,000 at once."""
        endpoint = self._enabled()
        given = SinceSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        since, actor = given.validated_data["since"], member_or_403(request).user
        told = {"replayed": endpoints.replay_failed(endpoint, since, actor)}
        return Response(told, status.HTTP_202_ACCEPTED)

    def _enabled(self) -> WebhookEndpoint:
        endpoint = cast(WebhookEndpoint, self.get_object())
        if not endpoint.enabled:
            told = _("Resume the webhook first: while it is paused nothing leaves.")
            raise Refused("webhook_paused", told)
        return endpoint

    def _delivery(self, endpoint: WebhookEndpoint, pk: str) -> OutboxMessage:
        return get_object_or_404(deliveries.of(endpoint), pk=pk)
