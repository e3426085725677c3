"""A site's statistics over the API: `/api/v1/sites/{id}/…`; the id may also be the public key."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import Refused, one_of, whole_number
from accounts.permissions import scope_of
from accounts.roles import Role
from accounts.schema import parameter
from analytics import site_serializers as shapes
from analytics import site_stats
from analytics.counting import DIMENSIONS
from analytics.metrics import MEASURES
from analytics.period import Interval
from analytics.questions import (
    asked,
    filters_asked,
    find_site,
    interval_asked,
    known_metric,
    metrics_asked,
)
from analytics.visit_list import visits
from analytics.website_views import period_parameters

PERIOD = period_parameters(30)
FILTER = parameter("filter", "Repeated: `country:is:FR`, `page:one_of:/a|/b`.", many=True)
METRICS = parameter("metrics", "By commas; without it all: `visitors,page_views`.")
COMPARE = parameter("compare", "Beside which days.", enum=site_stats.COMPARE)
MOST_SEARCHED = 200


class SiteStatistics(APIView):
    """A question about a site."""

    read_role = Role.VIEWER
    api_family = "statistics"


class Totals(SiteStatistics):
    """The metrics of a period; with `compare` its finished days beside as many others."""

    @extend_schema(
        summary="Totals",
        parameters=[*PERIOD, METRICS, FILTER, COMPARE],
        responses=shapes.TotalsSerializer,
    )
    def get(self, request: Request, site: str) -> Response:
        compare = one_of(request, "compare", site_stats.COMPARE, "")
        keys, filters = metrics_asked(request), filters_asked(request)
        return Response(site_stats.totals(asked(request, site), keys, filters, compare))


class Series(SiteStatistics):
    """Metrics step by step, from hours to months."""

    @extend_schema(
        summary="Series",
        parameters=[
            *PERIOD,
            METRICS,
            FILTER,
            COMPARE,
            parameter("interval", "Without it what fits the period.", enum=list(Interval)),
        ],
        responses=shapes.SeriesSerializer,
    )
    def get(self, request: Request, site: str) -> Response:
        compare = one_of(request, "compare", site_stats.COMPARE, "")
        keys = metrics_asked(request, default=("visitors", "page_views"))
        question = asked(request, site)
        interval = interval_asked(request, question.period)
        filters = filters_asked(request)
        return Response(site_stats.series(question, keys, interval, filters, compare))


class Breakdown(SiteStatistics):
    """The values of a dimension, the largest first."""

    @extend_schema(
        summary="Values of a dimension",
        parameters=[
            *PERIOD,
            METRICS,
            FILTER,
            parameter("order", "A measure.", enum=MEASURES, default="visitors"),
            parameter("search", "Part of the value."),
            parameter("page", "", int, default=1),
            parameter("page_size", "At most 500.", int, default=50),
        ],
        responses=shapes.BreakdownSerializer,
    )
    def get(self, request: Request, site: str, dimension: str) -> Response:
        if dimension not in DIMENSIONS:
            told = _("There is no dimension “%(name)s”; see /api/v1/metrics-catalogue.")
            raise Refused("dimension_unknown", told % {"name": dimension[:64]})
        order = known_metric(request.query_params.get("order", "") or "visitors")
        if order not in MEASURES:
            told = _("Order by a count: %(choices)s.") % {"choices": ", ".join(MEASURES)}
            raise Refused("order_invalid", told)
        found = site_stats.breakdown(
            asked(request, site),
            dimension,
            metrics_asked(request, default=("visitors", "sessions", "page_views", "events")),
            order=order,
            search=request.query_params.get("search", "")[:MOST_SEARCHED],
            page=whole_number(request, "page", 1, 1, 1_000_000),
            size=whole_number(request, "page_size", 50, 1, 500),
            filters=filters_asked(request),
        )
        return Response(found)


class HeatMap(SiteStatistics):
    """The hours of the week, each as the average of the hours that it was."""

    @extend_schema(
        summary="Hours of the week",
        parameters=[*PERIOD, FILTER, parameter("metric", "", default="visitors")],
        responses=shapes.HeatMapSerializer,
    )
    def get(self, request: Request, site: str) -> Response:
        metric = known_metric(request.query_params.get("metric", "") or "visitors")
        question = asked(request, site)
        return Response(site_stats.heat(question, metric, filters_asked(request)))


class Now(SiteStatistics):
    """Who is on the site now, from raw events."""

    @extend_schema(summary="Now", responses=shapes.NowSerializer)
    def get(self, request: Request, site: str) -> Response:
        scope = scope_of(request)
        return Response(site_stats.now(scope, find_site(scope, site)))


class Visits(SiteStatistics):
    """Single visits, newest first; nobody's address is told."""

    @extend_schema(
        summary="Visits",
        parameters=[
            *PERIOD,
            FILTER,
            parameter("cursor", "From the address in `next`."),
            parameter("page_size", "At most 500.", int, default=50),
        ],
        responses=shapes.VisitPageSerializer,
    )
    def get(self, request: Request, site: str) -> Response:
        size = whole_number(request, "page_size", 50, 1, 500)
        cursor = request.query_params.get("cursor", "")
        found, following = visits(asked(request, site), filters_asked(request), cursor, size)
        return Response({"next": _following(request, following), **found})


def _following(request: Request, cursor: str | None) -> str | None:
    """The address of the next page."""
    if cursor is None:
        return None
    query: list[tuple[str, Any]] = [
        (name, value)
        for name, values in request.query_params.lists()
        for value in values
        if name != "cursor"
    ]
    return request.build_absolute_uri(f"{request.path}?{urlencode([*query, ('cursor', cursor)])}")


class Outcomes(SiteStatistics):
    """What became of the events that arrived: stored, repeated, bots, refused and why."""

    @extend_schema(
        summary="Outcomes of events", parameters=PERIOD, responses=shapes.OutcomesSerializer
    )
    def get(self, request: Request, site: str) -> Response:
        return Response(site_stats.outcomes(asked(request, site)))


class Catalogue(SiteStatistics):
    """What can be asked, with labels and explanations."""

    @extend_schema(summary="Metrics and dimensions", responses=shapes.CatalogueSerializer)
    def get(self, request: Request) -> Response:
        return Response(site_stats.catalogue())
