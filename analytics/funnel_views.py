"""The page of the funnel of a site's pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Membership, Site
from accounts.roles import Role
from accounts.tenancy import Scope
from analytics import queries
from analytics.asked import Asked, asked
from analytics.controls import controls
from analytics.figures import figure
from analytics.metrics import Unit
from analytics.overview import notes
from analytics.page_funnel import LAST, PageFunnel, Step, page_funnel
from analytics.views import report, shown


def read(query: QueryDict, now: datetime, site: Site) -> Asked:
    """What the address asks for."""
    return asked(query, now, site, metrics=("page_views",))


def context(scope: Scope, site: Site, ask: Asked) -> dict[str, Any]:
    """Everything that `templates/analytics/_funnel_report.html` draws."""
    known = queries.days(scope, site, ask.period.first, ask.period.last)
    found = page_funnel(scope, site, ask.period, known)
    return {
        **controls(scope, site, ask),
        "chips": [],  # the funnel is of everybody: filters of other pages do not narrow it
        "counting": known.counting(ask.period),
        "notes": notes(ask, found.coverage),
        "steps": _rows(found),
        "any": any(step.count for step in found.steps),
        "has_pages": any(step.paths for step in found.steps),
        "complete": found.configured,
        "settings_url": reverse("site_funnel", args=[site.key]),
    }


def _rows(found: PageFunnel) -> list[dict[str, Any]]:
    """The steps as bars; the longest bar is the largest step."""
    top = max((step.count or 0 for step in found.steps), default=0)
    return [
        {
            "label": step.label,
            "paths": ", ".join(step.paths),
            "count": figure(step.count, Unit.COUNT),
            "reason": _reason(step),
            "share": 100 * float(step.count or 0) / float(top) if top else 0.0,
            "rate": figure(step.rate, Unit.RATE),
            "step_rate": figure(step.step_rate, Unit.RATE),
        }
        for step in found.steps
    ]


def _reason(step: Step) -> str:
    """Why a step has no number."""
    if step.count is not None:
        return ""
    if step.key != LAST and not step.paths:
        return _("No pages belong to this step yet")
    return _("Not measured in this period")


@report(read)
def funnel(request: HttpRequest, member: Membership, site: Site, ask: Asked) -> HttpResponse:
    """How far visitors come through the pages of a site."""
    common = {"site": site, "page": "funnel", "may_change": member.may(Role.MANAGER)}
    return shown(request, "funnel", common | context(member.scope(), site, ask))
