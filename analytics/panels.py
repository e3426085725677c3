"""The breakdowns on the overview of a site: what each shows, and its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import queries, world_map
from analytics.answers import Days, Row
from analytics.asked import Asked
from analytics.counting import OTHER
from analytics.dimensions import BY_KEY, Dimension, Label, labels
from analytics.figures import figure
from analytics.metrics import METRICS, Number, Sums

ROWS = 8
# A tab that draws the panel's first dimension as a map.
MAP = "map"


@dataclass(frozen=True, slots=True)
class Panel:
    """A breakdown on the page by one of several dimensions, chosen by its tabs."""

    key: str
    title: Promise
    tabs: dict[str, Promise]
    wide: bool = False


PAGES = Panel(
    "pages",
    gettext_lazy("Pages"),
    {
        "page": gettext_lazy("All"),
        "entry_page": gettext_lazy("Entry"),
        "exit_page": gettext_lazy("Exit"),
    },
)
SOURCES = Panel(
    "sources",
    gettext_lazy("Sources"),
    {
        "source": gettext_lazy("Sources"),
        "channel": gettext_lazy("Channels"),
        "campaign": gettext_lazy("Campaigns"),
    },
)
COUNTRIES = Panel(
    "countries",
    gettext_lazy("Countries"),
    {
        "country": gettext_lazy("Countries"),
        MAP: gettext_lazy("Map"),
        "region": gettext_lazy("Regions"),
        "city": gettext_lazy("Cities"),
    },
)
DEVICES = Panel(
    "devices",
    gettext_lazy("Devices"),
    {
        "device": gettext_lazy("Devices"),
        "browser": gettext_lazy("Browsers"),
        "os": gettext_lazy("Systems"),
        "screen": gettext_lazy("Screens"),
        "language": gettext_lazy("Languages"),
    },
)
ACTIONS = Panel(
    "actions",
    gettext_lazy("Actions"),
    {
        "event": gettext_lazy("Events"),
        "outbound": gettext_lazy("Outbound links"),
        "download": gettext_lazy("Downloads"),
        "form": gettext_lazy("Forms"),
    },
    wide=True,
)
LINKS = Panel("links", gettext_lazy("Links"), {"link": gettext_lazy("Links")}, wide=True)
# What the overview of a kind of site shows; other kinds are shown as web sites.
OF_WEB = (PAGES, SOURCES, COUNTRIES, DEVICES, ACTIONS)
OF_KIND = {Site.Kind.BIO: (LINKS, SOURCES, COUNTRIES, DEVICES)}


def panels_of(site: Site) -> tuple[Panel, ...]:
    """The panels of the site's overview."""
    return OF_KIND.get(Site.Kind(site.kind), OF_WEB)


def panels(scope: Scope, site: Site, ask: Asked, known: Days) -> list[dict[str, Any]]:
    """The breakdowns, each by the dimension that the address chooses."""
    return [_panel(scope, site, ask, panel, known) for panel in panels_of(site)]


def _panel(scope: Scope, site: Site, ask: Asked, panel: Panel, known: Days) -> dict[str, Any]:
    chosen = ask.own.get(panel.key, next(iter(panel.tabs)))
    dimension = BY_KEY["country" if chosen == MAP else chosen]
    tabs = [
        {"label": str(label), "url": ask.url({panel.key: name}), "current": name == chosen}
        for name, label in panel.tabs.items()
    ]
    common = {
        "key": panel.key,
        "title": str(panel.title),
        "label": str(dimension.label),
        "wide": panel.wide,
        "empty": _("Nothing was counted here in this period."),
        "more_url": ask.to("details", dimension.key),
        "tabs": tabs if len(tabs) > 1 else [],
    }
    if chosen == MAP:
        return common | {"rows": [], "map": world_map.drawn(scope, site, ask, known)}
    return common | _rows(scope, site, ask, dimension, known)


def _rows(
    scope: Scope, site: Site, ask: Asked, dimension: Dimension, known: Days
) -> dict[str, Any]:
    first, second = dimension.columns[:2]
    found = queries.breakdown(
        scope,
        site,
        ask.period,
        dimension.key,
        asked_of(dimension),
        limit=ROWS,
        order=first,
        filters=ask.filters,
        known=known,
    )
    totals = known.of(ask.period)
    largest = max((row.numbers[first] or 0 for row in found.rows), default=0)
    named = labels(scope, site, dimension.key, [row.value for row in found.rows])
    rows = []
    for row in found.rows:
        numbers = numbers_in(dimension, row, totals)
        rows.append(
            row_of(ask, dimension, row.value, named[row.value])
            | {
                "count": written(dimension, row.value, first, numbers, site),
                "views": written(dimension, row.value, second, numbers, site),
                "share": share(numbers[first], largest),
            }
        )
    columns = [{"key": key, "label": str(METRICS[key].label)} for key in (first, second)]
    return {"rows": rows, "columns": columns}


# --- What rows of panels and of details have in common --------------------------------------------


def asked_of(dimension: Dimension, columns: tuple[str, ...] = ()) -> list[str]:
    """The metrics to ask for: those of the columns that a row has by itself."""
    keys = columns or dimension.columns
    return [key for key in keys if dimension.key != "link" or key != "click_rate"]


def numbers_in(dimension: Dimension, row: Row, totals: Sums) -> Mapping[str, Number | None]:
    """A row's metrics. A link is on every page view of its profile: that makes its click rate."""
    if dimension.key != "link":
        return row.numbers
    clicks = row.numbers["clicks"]
    sums: dict[str, Any] = {"clicks": clicks, "page_views": totals["page_views"]}
    return row.numbers | {"click_rate": METRICS["click_rate"].of(sums)}


def written(
    dimension: Dimension, value: str, key: str, numbers: Mapping[str, Number | None], site: Site
) -> str | None:
    """A number as people read it; money of the dimension `currency` in the row's own."""
    currency = value if dimension.key == "currency" else site.currency
    if currency == OTHER:
        return None
    return figure(numbers[key], METRICS[key].unit, currency)


def row_of(ask: Asked, dimension: Dimension, value: str, label: Label) -> dict[str, Any]:
    """What names a row and where it leads: to the same page with that value as filter."""
    filters = ask.toggled(dimension.key, value)
    leads = value != OTHER and len(value) <= 512
    return {
        "label": label.text,
        "note": label.note,
        "value": value,
        "url": ask.url(filters=filters) if leads else "",
        "active": len(filters) < len(ask.filters),
    }


def share(part: Number | None, whole: Number | None) -> float:
    """`part` of `whole` in percent, for a bar."""
    if not part or not whole or Decimal(whole) < 0 or Decimal(part) < 0:
        return 0.0
    return min(100.0, 100 * float(part) / float(whole))
