"""LinkPro's addresses, and views that answer one question each, for somebody signed in.

An empty view behind the same middleware is what the others are measured in.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Membership
from accounts.pages import member_required, site_or_404
from accounts.permissions import scope_of
from accounts.roles import Role
from analytics import queries
from analytics.period import Period
from analytics.segments import Filter, Operator
from linkpro.urls import urlpatterns as own

METRICS = ("visitors", "page_views")
# The most popular country of the world.
ONE_COUNTRY = Filter("country", Operator.IS, ("AB",))
# Nobody waits longer for a page, and the bench does not either.
PATIENCE_SECONDS = 60


@member_required
def empty(request: HttpRequest, member: Membership) -> HttpResponse:
    """What every page costs."""
    return HttpResponse("ok")


def plain(request: HttpRequest) -> HttpResponse:
    """What every answer of Django costs, to whomever."""
    return HttpResponse("ok")


class Anybody(APIView):
    """What REST framework costs, to whomever."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request) -> Response:
        """Nothing is asked."""
        return Response({"status": "ok"})


class Asker(APIView):
    """What it costs to know who asks the API, and what they may read."""

    read_role = Role.VIEWER

    def get(self, request: Request) -> Response:
        """Who asks is found, judged, and given a scope; no row is read for the answer."""
        return Response({"tenant": scope_of(request).tenant})


def _period(request: HttpRequest) -> Period:
    first, last = (date.fromisoformat(request.GET[name]) for name in ("first", "last"))
    return Period(first, last, timezone.now().date())


def _breakdown(request: HttpRequest, member: Membership, key: str, *filters: Filter) -> Any:
    site = site_or_404(member, key)
    found = queries.breakdown(
        member.scope(), site, _period(request), "page", METRICS, filters=filters
    )
    return JsonResponse({"rows": [[row.value, row.numbers["visitors"]] for row in found.rows]})


@member_required
def breakdown(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """The most visited pages."""
    return _breakdown(request, member, key)


@member_required
def filtered(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """The pages most visited from one country, from raw events; 503 where that is hopeless."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{PATIENCE_SECONDS}s'")
            return _breakdown(request, member, key, ONE_COUNTRY)
    except OperationalError:
        return HttpResponse(status=503)


@member_required
def visitors_now(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """Who is there: counted from raw events."""
    site = site_or_404(member, key)
    return JsonResponse({"now": queries.visitors_now(member.scope(), site, timezone.now())})


urlpatterns = [
    path("bench/empty", empty),
    path("bench/plain", plain),
    path("api/bench/anybody", Anybody.as_view()),
    path("api/bench/asker", Asker.as_view()),
    path("bench/breakdown/<str:key>", breakdown),
    path("bench/filtered/<str:key>", filtered),
    path("bench/now/<str:key>", visitors_now),
    *own,
]
