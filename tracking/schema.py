"""How the endpoints for events describe themselves: msgspec reads them, no serializer does."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.schema import ProblemSerializer


class EventSerializer(serializers.Serializer[Any]):
    """One event. The names of the seeds (`sessionId`, `type`) stand beside ours."""

    id = serializers.CharField(required=False, help_text="Sent again with it, it counts once.")
    name = serializers.CharField(
        required=False, help_text="Such as page_view, click, conversion, or a name of your own."
    )
    type = serializers.CharField(required=False, help_text="Instead of `name`.")
    site = serializers.CharField(required=False, help_text="The public key of the site.")
    timestamp = serializers.JSONField(
        required=False, help_text="Milliseconds since 1970, or ISO 8601; without it: now."
    )
    url = serializers.CharField(required=False)
    path = serializers.CharField(required=False)
    title = serializers.CharField(required=False)
    referrer = serializers.CharField(required=False)
    session_id = serializers.CharField(required=False)
    sessionId = serializers.CharField(required=False)  # noqa: N815  a name of the contract
    category = serializers.CharField(required=False, help_text="`conversion` makes it one.")
    action = serializers.CharField(required=False)
    label = serializers.CharField(required=False)  # type: ignore[assignment]
    value = serializers.DecimalField(20, 6, required=False)
    currency = serializers.CharField(required=False, help_text="Such as EUR.")
    screen = serializers.CharField(required=False)
    language = serializers.CharField(required=False)
    props = serializers.DictField(required=False)
    ip = serializers.CharField(required=False, help_text="Believed from a token only.")
    user_agent = serializers.CharField(required=False, help_text="Believed from a token only.")


class ClickSerializer(EventSerializer):
    """A click on a link."""

    link_id = serializers.JSONField(help_text="The link's id, or its short name.")


class ViewSerializer(EventSerializer):
    """A view of a profile."""

    profile_id = serializers.JSONField(help_text="The profile's id, or its username.")


class OutcomeOfEventSerializer(serializers.Serializer[Any]):
    """What became of an event."""

    result = serializers.ChoiceField(["accepted", "duplicate", "rejected"])
    reason = serializers.CharField(required=False)


class TakenSerializer(serializers.Serializer[Any]):
    """What became of each event, by its id."""

    results = serializers.DictField(child=OutcomeOfEventSerializer())


class HowToSendSerializer(serializers.Serializer[Any]):
    """How events are sent."""

    send = serializers.CharField()
    example = serializers.DictField()


ANSWER = OpenApiExample(
    "Taken",
    {"results": {"019a8b1c-6a00-7c3e-9d52-3f6b1c2a4d5e": {"result": "accepted"}}},
    response_only=True,
    status_codes=["202"],
)
CONVERSION = OpenApiExample(
    "A conversion",
    {
        "sessionId": "lt_1234567890_abc123",
        "type": "event",
        "category": "conversion",
        "action": "signup_submit",
        "path": "/signup/",
        "timestamp": 1640995200000,
    },
    request_only=True,
)
RESPONSES: dict[Any, Any] = {
    202: TakenSerializer,
    413: OpenApiResponse(ProblemSerializer, "The body is too large."),
    503: OpenApiResponse(ProblemSerializer, "Not stored, or nobody knows: send it again."),
}


class _Sending(OpenApiViewExtension):
    """A view that takes events."""

    summary = ""
    event: type[serializers.Serializer[Any]] = EventSerializer
    examples: tuple[OpenApiExample, ...] = ()

    def view_replacement(self) -> Any:
        example = OpenApiExample("As the tracker sends", self.target.example, request_only=True)
        decorate = extend_schema_view(
            get=extend_schema(
                summary=f"How to send: {self.summary.lower()}",
                responses=HowToSendSerializer,
                tags=["events"],
            ),
            post=extend_schema(
                summary=self.summary,
                request=self.event,
                responses=RESPONSES,
                examples=[*self.examples, example, ANSWER],
                tags=["events"],
            ),
        )

        @decorate
        class Described(self.target):  # type: ignore[name-defined]
            __doc__ = self.target.__doc__

        return Described


class TrackExtension(_Sending):
    target_class = "tracking.views.TrackView"
    summary = "Send events"
    examples = (CONVERSION,)


class ClickExtension(_Sending):
    target_class = "tracking.link_views.ClickView"
    summary = "Send clicks on links"
    event = ClickSerializer


class ViewExtension(_Sending):
    target_class = "tracking.link_views.ProfileViewView"
    summary = "Send views of profiles"
    event = ViewSerializer
