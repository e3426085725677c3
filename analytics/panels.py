"""The breakdowns on the overview of a site: what each shows, and its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import names, queries
from analytics.answers import Days, Row
from analytics.figures import figure
from analytics.metrics import Number, Unit
from analytics.period import Period

ROWS = 8
Url = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Panel:
    """A breakdown on the page; `tab` names it among the panel's dimensions."""

    key: str
    title: Promise
    tabs: dict[str, tuple[Promise, Promise]]  # dimension: (tab, first column)
    name: Callable[[str], str]


PANELS = (
    Panel(
        "pages",
        gettext_lazy("Pages"),
        {
            "page": (gettext_lazy("All"), gettext_lazy("Page")),
            "entry_page": (gettext_lazy("Entry"), gettext_lazy("Entry page")),
            "exit_page": (gettext_lazy("Exit"), gettext_lazy("Exit page")),
        },
        names.page,
    ),
    Panel(
        "sources",
        gettext_lazy("Sources"),
        {
            "source": (gettext_lazy("Sources"), gettext_lazy("Source")),
            "channel": (gettext_lazy("Channels"), gettext_lazy("Channel")),
            "campaign": (gettext_lazy("Campaigns"), gettext_lazy("Campaign")),
        },
        names.source,
    ),
    Panel(
        "countries",
        gettext_lazy("Countries"),
        {"country": (gettext_lazy("Countries"), gettext_lazy("Country"))},
        names.country,
    ),
    Panel(
        "devices",
        gettext_lazy("Devices"),
        {
            "device": (gettext_lazy("Devices"), gettext_lazy("Device")),
            "browser": (gettext_lazy("Browsers"), gettext_lazy("Browser")),
            "os": (gettext_lazy("Systems"), gettext_lazy("System")),
        },
        names.device,
    ),
)


def panels(
    scope: Scope, site: Site, period: Period, tabs: dict[str, str], url: Url, known: Days
) -> list[dict[str, Any]]:
    """The breakdowns; `tabs` names the chosen dimension of a panel, `url` changes the page's."""
    return [_panel(scope, site, period, panel, tabs, url, known) for panel in PANELS]


def _panel(
    scope: Scope,
    site: Site,
    period: Period,
    panel: Panel,
    chosen: dict[str, str],
    url: Url,
    known: Days,
) -> dict[str, Any]:
    dimension = chosen.get(panel.key, next(iter(panel.tabs)))
    measures = ["visitors", "page_views"]
    found = queries.breakdown(scope, site, period, dimension, measures, limit=ROWS, known=known)
    largest = max((row.numbers["visitors"] or 0 for row in found.rows), default=0)
    tabs = [
        {"label": str(label), "url": url(**{panel.key: name}), "current": name == dimension}
        for name, (label, _column) in panel.tabs.items()
    ]
    return {
        "key": panel.key,
        "title": str(panel.title),
        "label": str(panel.tabs[dimension][1]),
        "rows": [_row(panel, dimension, row, largest) for row in found.rows],
        "empty": _("Nothing was counted here in this period."),
        "more_url": "",
        "tabs": tabs if len(tabs) > 1 else [],
    }


def _row(panel: Panel, dimension: str, row: Row, largest: Number) -> dict[str, Any]:
    visitors, views = row.numbers["visitors"], row.numbers["page_views"]
    name = names.channel if dimension == "channel" else panel.name
    if dimension == "campaign":
        name = names.campaign
    return {
        "label": name(row.value),
        "value": row.value,
        "count": figure(visitors, Unit.COUNT),
        "views": figure(views, Unit.COUNT),
        "share": 100 * float(visitors or 0) / float(largest) if largest else 0.0,
        "url": "",
        "note": "",
    }
