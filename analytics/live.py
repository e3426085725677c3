"""Who is on a site now: the last half hour by minute, with its pages and sources."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import queries
from analytics.asked import Asked, asked
from analytics.dimensions import name_of
from analytics.figures import figure
from analytics.metrics import Unit

MINUTES = 30
ROWS = 10


def read(query: QueryDict, now: datetime, site: Site) -> Asked:
    """What the address asks for: nothing but what leads back to the other pages."""
    return asked(query, now, site, metrics=("visitors",))


def context(scope: Scope, site: Site, now: datetime) -> dict[str, Any]:
    """What `templates/analytics/_live.html` draws."""
    counts = queries.visitors_by_minute(scope, site, now, MINUTES)
    top = max(counts)
    return {
        "live": queries.visitors_now(scope, site, now),
        "minutes": [
            {
                "at": date_format(site.local(now - timedelta(minutes=back)), "H:i"),
                "count": count,
                "height": 30 * count / top if top else 0,
                "x": place,
            }
            for place, (back, count) in enumerate(
                zip(range(MINUTES - 1, -1, -1), counts, strict=True)
            )
        ],
        "any": bool(top),
        "panels": [
            _panel(
                "live-pages",
                _("Pages"),
                "page",
                queries.pages_now(scope, site, now, MINUTES, ROWS),
            ),
            _panel(
                "live-sources",
                _("Sources"),
                "source",
                queries.sources_now(scope, site, now, MINUTES, ROWS),
            ),
        ],
    }


def _panel(key: str, title: str, dimension: str, found: list[tuple[str, int]]) -> dict[str, Any]:
    top = max((count for _value, count in found), default=0)
    rows = [
        {
            "label": name_of(dimension, value),
            "value": value,
            "count": figure(count, Unit.COUNT),
            "share": 100 * count / top,
        }
        for value, count in found
    ]
    return {"key": key, "title": title, "rows": rows}
