"""The page of the hours of the week."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import QueryDict

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import heat_map, queries
from analytics.asked import Asked, asked
from analytics.controls import controls
from analytics.metrics import METRICS
from analytics.overview import notes

# Four weeks have each weekday equally often.
PERIOD = "28d"


def read(query: QueryDict, now: datetime, site: Site) -> Asked:
    """What the address asks for."""
    return asked(query, now, site, metrics=heat_map.METRICS_OF_HOURS, period=PERIOD)


def context(scope: Scope, site: Site, ask: Asked) -> dict[str, Any]:
    """Everything that `templates/analytics/_hours_report.html` draws."""
    known = queries.days(scope, site, ask.period.first, ask.period.last, ask.filters)
    return {
        **controls(scope, site, ask, compares=False),
        "counting": known.counting(ask.period),
        "notes": notes(ask, known.coverage(ask.period)),
        "heat": heat_map.table(scope, site, ask, ask.metric, known),
        "choices": [
            {
                "label": str(METRICS[key].label),
                "url": ask.url({"metric": key if key != ask.default_metric else ""}),
                "current": key == ask.metric,
            }
            for key in heat_map.METRICS_OF_HOURS
        ],
    }
