"""The pages behind the overview: a dimension's values, the hours of the week, single visits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from accounts import audit
from accounts.models import Membership, Site
from accounts.pages import role_or_403
from accounts.roles import Role
from accounts.spreadsheets import XLSX_TYPE, csv_lines, file_name, pieces_of, xlsx_file
from accounts.streaming import streamed
from analytics import details as detail_parts
from analytics import hours as hour_parts
from analytics import visits as visit_parts
from analytics.asked import Asked
from analytics.views import report, shown


@report(detail_parts.read)
def details(
    request: HttpRequest, member: Membership, site: Site, ask: Asked, dimension: str
) -> HttpResponse:
    """All values of a dimension."""
    page = request.GET.get("page", "1")
    context = detail_parts.context(member.scope(), site, ask, dimension, page)
    common = {"site": site, "page": "details", "may_export": member.may(Role.ANALYST)}
    return shown(request, "details", common | context)


def _taken_away(
    member: Membership, site: Site, ask: Asked, dimension: str, kind: str
) -> tuple[str, tuple[list[str], Iterator[list[Any]]]]:
    """The file's name and its table, once it is written down who takes them; analysts may."""
    role_or_403(member, Role.ANALYST)
    table = detail_parts.table(member.scope(), site, ask, dimension)
    asked_for = [value for _key, value in ask.pairs(shared=True)]
    told = {"dimension": dimension, "format": kind, "asked": asked_for}
    audit.record("breakdown.exported", site, tenant=member.tenant, actor=member.user, changes=told)
    name = f"{site.key}-{dimension}-{ask.period.first}-{ask.period.last}"
    return file_name(name, kind), table


@report(detail_parts.read)
def details_csv(
    request: HttpRequest, member: Membership, site: Site, ask: Asked, dimension: str
) -> StreamingHttpResponse:
    """All values of a dimension as a file; analysts may take it."""
    name, (header, rows) = _taken_away(member, site, ask, dimension, "csv")
    return streamed(
        request,
        csv_lines(header, rows),
        content_type="text/csv; charset=utf-8",
        filename=name,
    )


@report(detail_parts.read)
def details_xlsx(
    request: HttpRequest, member: Membership, site: Site, ask: Asked, dimension: str
) -> StreamingHttpResponse:
    """All values of a dimension as a workbook; analysts may take it."""
    name, (header, rows) = _taken_away(member, site, ask, dimension, "xlsx")
    book = xlsx_file([(header[0], header, rows)])
    return streamed(request, pieces_of(book), content_type=XLSX_TYPE, filename=name)


@report(hour_parts.read)
def hours(request: HttpRequest, member: Membership, site: Site, ask: Asked) -> HttpResponse:
    """The hours of the week."""
    context = hour_parts.context(member.scope(), site, ask)
    return shown(request, "hours", {"site": site, "page": "hours"} | context)


@report(visit_parts.read)
def visits(request: HttpRequest, member: Membership, site: Site, ask: Asked) -> HttpResponse:
    """The visits of the period, the newest first."""
    context = visit_parts.context(member.scope(), site, ask, request.GET.get("before", ""))
    return shown(request, "visits", {"site": site, "page": "visits"} | context)


@report(visit_parts.read_visit)
def visit(
    request: HttpRequest, member: Membership, site: Site, ask: Asked, day: str, visit: str
) -> HttpResponse:
    """One visit and its events."""
    scope = member.scope()
    found = visit_parts.visit(scope, site, day, visit)
    context = visit_parts.context_of_visit(scope, site, ask, found)
    return render(request, "analytics/visit.html", {"site": site, "page": "visits"} | context)
