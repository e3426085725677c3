"""A small website over the API: its numbers, its funnel, its raw data as a file."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.api import Refused, one_of
from accounts.permissions import member_or_403
from accounts.roles import Role, TokenScope
from accounts.schema import parameter
from accounts.spreadsheets import MOST_ROWS, XLSX_TYPE, TooManyRows, file_name
from accounts.streaming import streamed
from analytics import website_stats
from analytics.export import TABLES, lines
from analytics.period import LONGEST_DAYS, PRESETS
from analytics.questions import Question, asked, flag_asked
from analytics.serializers import FunnelSerializer, WebsiteSerializer

SITE_PARAMETER = parameter(
    "site", "Key or id; without it the token's only site, or the first web site."
)


def period_parameters(days: int) -> list[Any]:
    """How a question says which days it is about."""
    return [
        parameter("days", f"The last so many days, at most {LONGEST_DAYS}.", int, default=days),
        parameter("period", "Instead of `days`.", enum=list(PRESETS)),
        parameter("first", "Instead of `days`, with `last`: 2026-11-01.", OpenApiTypes.DATE),
        parameter("last", "The last day, inclusive.", OpenApiTypes.DATE),
    ]


class Metrics(APIView):
    """The numbers of a website."""

    read_role = Role.VIEWER
    api_family = "website"

    @extend_schema(
        summary="Numbers of a website",
        parameters=[SITE_PARAMETER, *period_parameters(7)],
        responses=WebsiteSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response(website_stats.metrics(asked(request, days=7)))


class Funnel(APIView):
    """How far visitors come through a website's pages."""

    read_role = Role.VIEWER
    api_family = "website"

    @extend_schema(
        summary="Funnel of a website's pages",
        parameters=[SITE_PARAMETER, *period_parameters(7)],
        responses=FunnelSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response(website_stats.funnel(asked(request, days=7)))


class JsonOnly(BaseContentNegotiation):
    """The parameter `format` is the file's here; errors are JSON."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return next(iter(parsers), None)

    def select_renderer(
        self, request: Any, renderers: Any, format_suffix: Any = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "xlsx": XLSX_TYPE,
}


class Export(APIView):
    """Raw events, visits or conversions of a site as a file.

    One row a line, made while it is sent; a workbook (`xlsx`) is made first and has 1,048,575 rows
    at most. An answer that ends without its last chunk (curl: error 18), or JSON without its last
    bracket, is not the whole file.
    """

    read_role = Role.ANALYST
    token_scope = TokenScope.EXPORT
    api_family = "website"
    content_negotiation_class = JsonOnly
    renderer_classes = (JSONRenderer,)

    @extend_schema(
        summary="Raw data of a website",
        parameters=[
            SITE_PARAMETER,
            *period_parameters(30),
            parameter("format", "The kind of file.", enum=list(TYPES), default="json"),
            parameter("table", "Which rows.", enum=list(TABLES), default="events"),
            parameter("bots", "Whether bots' events are in it, marked.", bool, default=False),
        ],
        responses={
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "text/csv"): OpenApiTypes.STR,
            (200, XLSX_TYPE): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        kind = one_of(request, "format", TYPES, "json")
        table = one_of(request, "table", TABLES, "events")
        question = asked(request)
        _record(request, question, table, kind)
        name = f"{question.site.key}-{table}-{question.period.first}-{question.period.last}"
        try:
            rows = lines(question.site, question.period, table, kind, flag_asked(request, "bots"))
        except TooManyRows:
            told = _("A sheet has %(rows)d rows at most: ask for fewer days, or for CSV.")
            raise Refused("too_many_rows", told % {"rows": MOST_ROWS}) from None
        return streamed(request, rows, content_type=TYPES[kind], filename=file_name(name, kind))


@transaction.atomic
def _record(request: Request, question: Question, table: str, kind: str) -> None:
    """Write down who took what away, before it is sent."""
    member, period = member_or_403(request), question.period
    told = {"table": table, "format": kind, "first": str(period.first), "last": str(period.last)}
    audit.record(
        "site.exported", question.site, tenant=member.tenant, actor=member.user, changes=told
    )
