"""The same endpoint as one would write it first: a DRF view, a serializer, `create`.

It fills the same columns with the same libraries, and does less: no pseudonym of the day, no check
for bots, no table of agents, no ids that count once, no dirty day, no books.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import iptocc
import ua_parser
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

application = get_wsgi_application()

from rest_framework import serializers  # noqa: E402  needs Django's settings
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from accounts.models import Site  # noqa: E402
from tracking.models import Event  # noqa: E402


class EventSerializer(serializers.Serializer):
    """One event as the tracker sends it."""

    id = serializers.UUIDField()
    site = serializers.SlugRelatedField(slug_field="key", queryset=Site.plain.all())
    name = serializers.CharField(max_length=64)
    url = serializers.URLField(max_length=2048)
    title = serializers.CharField(max_length=512, required=False)
    referrer = serializers.URLField(max_length=2048, required=False, allow_blank=True)
    timestamp = serializers.IntegerField()
    screen = serializers.CharField(max_length=32, required=False)
    language = serializers.CharField(max_length=64, required=False)

    def create(self, given: dict[str, Any]) -> Event:
        """Work out what the event does not say, and store it."""
        meta = self.context["request"].META
        address = meta["HTTP_X_FORWARDED_FOR"].split(",")[-1].strip()
        agent = meta.get("HTTP_USER_AGENT", "")
        parsed = ua_parser.parse(agent)
        page, referrer = urlsplit(given["url"]), urlsplit(given.get("referrer", ""))
        tags = {name: values[0] for name, values in parse_qs(page.query).items()}
        digest = hashlib.blake2b(f"{address} {agent}".encode(), digest_size=8).digest()
        return Event.plain.create(
            site=given["site"],
            event_id=given["id"],
            name=given["name"],
            occurred_at=datetime.fromtimestamp(given["timestamp"] / 1000, UTC),
            received_at=datetime.now(UTC),
            visitor=int.from_bytes(digest, "big", signed=True),
            host=page.hostname,
            path=page.path,
            title=given.get("title"),
            referrer_host=referrer.hostname,
            source=tags.get("utm_source") or referrer.hostname,
            medium=tags.get("utm_medium") or ("referral" if referrer.hostname else None),
            campaign=tags.get("utm_campaign"),
            channel="referral" if referrer.hostname else "direct",
            country=iptocc.country_code(address),
            browser=parsed.user_agent.family if parsed.user_agent else None,
            os=parsed.os.family if parsed.os else None,
            device="mobile" if "Mobile" in agent else "desktop",
            language=given.get("language"),
            screen=given.get("screen"),
        )


class TrackView(APIView):
    """Takes one event a request."""

    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        """Check, store, answer."""
        serializer = EventSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response({"status": "ok"}, status=202)


def livez(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok")


urlpatterns = [path("api/track", TrackView.as_view()), path("livez", livez)]
