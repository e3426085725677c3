"""The lists of single events over the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import one_of, whole_number
from accounts.models import Site
from accounts.permissions import scope_of
from accounts.roles import Role
from accounts.schema import parameter
from tracking.event_lists import BOTS, events_of, of_last_days, page_of, told, with_bots
from tracking.models import Event, Link, LinkProfile

MOST_DAYS = 1_100
PAGE, MOST_ON_PAGE = 50, 500


class EventRowSerializer(serializers.Serializer[Any]):
    """One click or view. What was not measured, or is not kept by the site, is null."""

    id = serializers.UUIDField()
    timestamp = serializers.DateTimeField()
    session_id = serializers.CharField(allow_null=True)
    visitor_id = serializers.CharField(allow_null=True, help_text="A pseudonym of the day.")
    path = serializers.CharField(allow_null=True)
    referrer = serializers.CharField(allow_null=True, help_text="Its host.")
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    medium = serializers.CharField(allow_null=True)
    campaign = serializers.CharField(allow_null=True)
    user_agent = serializers.CharField(allow_null=True)
    browser = serializers.CharField(allow_null=True)
    os = serializers.CharField(allow_null=True)
    device = serializers.CharField(allow_null=True)
    country = serializers.CharField(allow_null=True, help_text="ISO 3166 code.")
    ip_address = serializers.IPAddressField(
        allow_null=True, help_text="As far as the site keeps it: not at all unless it is told to."
    )
    is_bot = serializers.BooleanField(help_text="Not counted in statistics.")
    bot = serializers.CharField(allow_null=True, help_text="The class of the bot.")


class EventPageSerializer(serializers.Serializer[Any]):
    """A page of events, newest first; `next` is the address of the following one."""

    next = serializers.CharField(allow_null=True)
    results = EventRowSerializer(many=True)


LIST_PARAMETERS = [
    parameter("days", "The last so many days, today included.", int, default=30),
    parameter("bots", "Whether bots are listed.", enum=BOTS, default="exclude"),
    parameter("cursor", "From the address in `next`."),
    parameter("page_size", "At most 500.", int, default=PAGE),
]


class EventList(APIView):
    """Events of a site, newest first."""

    read_role = Role.VIEWER
    api_family = "events"

    def page(self, request: Request, site: Site, events: QuerySet[Event]) -> Response:
        """The page that the address asks for."""
        size = whole_number(request, "page_size", PAGE, 1, MOST_ON_PAGE)
        kept = of_last_days(events, site, whole_number(request, "days", 30, 1, MOST_DAYS))
        kept = with_bots(kept, one_of(request, "bots", BOTS, "exclude"))
        rows, cursor = page_of(kept, request.query_params.get("cursor", ""), size)
        return Response({"next": _next(request, cursor), "results": [told(row) for row in rows]})


def _next(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    query = request.query_params.dict() | {"cursor": cursor}
    return request.build_absolute_uri(f"{request.path}?{urlencode(query)}")


class LinkClicks(EventList):
    """The clicks of a link."""

    @extend_schema(
        summary="Clicks of a link", parameters=LIST_PARAMETERS, responses=EventPageSerializer
    )
    def get(self, request: Request, link_id: int) -> Response:
        scope = scope_of(request)
        links = Link.objects.visible_to(scope).select_related("profile__site")
        site = get_object_or_404(links, pk=link_id).profile.site
        clicks = events_of(scope, site).filter(name="click", link_id=link_id)
        return self.page(request, site, clicks)


class ProfileViews(EventList):
    """The views of a link profile's page."""

    @extend_schema(
        summary="Views of a profile", parameters=LIST_PARAMETERS, responses=EventPageSerializer
    )
    def get(self, request: Request, profile_id: int) -> Response:
        scope = scope_of(request)
        profiles = LinkProfile.objects.visible_to(scope).select_related("site")
        site = get_object_or_404(profiles, pk=profile_id).site
        return self.page(request, site, events_of(scope, site).filter(name="page_view"))
