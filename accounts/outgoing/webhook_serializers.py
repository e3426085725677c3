"""Shapes of webhooks and of what was sent to them, in the API."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.models import OutboxAttempt, OutboxMessage, WebhookEndpoint
from accounts.outgoing import endpoints, events, http
from accounts.outgoing.public import OutgoingError
from accounts.outgoing.targets import MAX_URL


class WebhookSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    """A webhook. Its secret is not among what can be read."""

    url = serializers.CharField(max_length=MAX_URL)
    events = serializers.ListField(
        child=serializers.CharField(max_length=64),
        allow_empty=False,
        max_length=100,
        help_text="Types of events; `*` for everything, also what is added later.",
    )
    secret = serializers.CharField(
        write_only=True,
        required=False,
        max_length=200,
        help_text="`whsec_` and the base64 of 24 to 64 bytes; without it one is made.",
    )

    class Meta:
        model = WebhookEndpoint
        fields = (
            "id",
            "name",
            "url",
            "shape",
            "events",
            "enabled",
            "secret",
            "former_secret_until",
            "stopped_because",
            "failing_since",
            "created_at",
            "updated_at",
        )
        read_only_fields = (
            "former_secret_until",
            "stopped_because",
            "failing_since",
            "created_at",
            "updated_at",
        )

    def validate_url(self, url: str) -> str:
        url = url.strip()
        if isinstance(self.instance, WebhookEndpoint) and url == self.instance.url:
            return url
        try:
            return http.check_url(url)
        except OutgoingError as error:
            raise serializers.ValidationError(str(error), code=error.code) from None

    def validate_events(self, types: list[str]) -> list[str]:
        known = {events.ALL, *events.EVENTS}
        if unknown := [one for one in types if one not in known]:
            told = _("There is no event “%(type)s”. The events are %(types)s.")
            names = {"type": unknown[0], "types": ", ".join(sorted(known))}
            raise serializers.ValidationError(told % names, code="unknown_event")
        return list(dict.fromkeys(types))

    def validate_secret(self, text: str) -> bytes:
        if self.instance is not None:
            told = _("A secret is given when the webhook is made; afterwards it is rotated.")
            raise serializers.ValidationError(told, code="secret_fixed")
        try:
            return endpoints.read_secret(text)
        except endpoints.BadSecret as error:
            raise serializers.ValidationError(str(error), code="secret_invalid") from None


class SecretSerializer(serializers.Serializer[Any]):
    """A webhook's new secret."""

    secret = serializers.CharField(read_only=True, help_text="Shown only this once.")


class MadeWebhookSerializer(WebhookSerializer):
    """A webhook that was just made, with its secret."""

    secret = serializers.CharField(read_only=True, help_text="Shown only this once.")


class AttemptSerializer(serializers.ModelSerializer[OutboxAttempt]):
    """One try, and what came of it."""

    class Meta:
        model = OutboxAttempt
        fields = ("number", "at", "delivered", "status", "detail", "seconds")


class DeliverySerializer(serializers.ModelSerializer[OutboxMessage]):
    """One event for one webhook; its id is the `webhook-id` of every try."""

    type = serializers.CharField(source="kind", read_only=True)
    attempts = AttemptSerializer(source="history", many=True, read_only=True)
    next_at = serializers.SerializerMethodField()

    class Meta:
        model = OutboxMessage
        fields = ("id", "type", "state", "attempts", "next_at", "created_at", "finished_at")

    def get_next_at(self, message: OutboxMessage) -> str | None:
        """When it is tried next; null where it is over."""
        waits = message.state == OutboxMessage.State.WAITING
        return message.next_at.isoformat() if waits else None


class SinceSerializer(serializers.Serializer[Any]):
    """From which moment on failed deliveries are sent again."""

    since = serializers.DateTimeField()


class ReplayedSerializer(serializers.Serializer[Any]):
    """How many deliveries are sent again."""

    replayed = serializers.IntegerField(read_only=True)
