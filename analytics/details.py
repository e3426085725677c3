"""All values of a dimension: a page of them, sorted and searched, and the whole list as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from django.http import Http404, QueryDict
from django.utils.translation import gettext as _

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import queries, world_map
from analytics.answers import Breakdown, Days, Row
from analytics.asked import Asked, asked, pair
from analytics.controls import MOST_CODED, controls
from analytics.dimensions import BY_KEY, GROUPS, Dimension, Label, labels
from analytics.figures import figure, label_of
from analytics.metrics import MEASURES, METRICS, Number, Unit
from analytics.overview import changed, notes, span
from analytics.panels import asked_of, numbers_in, share, written

PAGE = 50
# Columns that are left out where the site has nothing of the kind.
WHERE_ANY = {
    "clicks": "clicks",
    "clickers": "clicks",
    "conversions": "conversions",
    "conversion_rate": "conversions",
    "revenue": "revenue",
}


def read(query: QueryDict, now: datetime, site: Site, dimension: str) -> Asked:
    """What the address asks for. Raises `Http404` for what is no dimension."""
    if dimension not in BY_KEY:
        raise Http404
    sortable = [key for key in BY_KEY[dimension].columns if key in MEASURES]
    own = {"sort": sortable, "search": None}
    return asked(query, now, site, metrics=("visitors",), own=own)


@dataclass(frozen=True, slots=True)
class _Found:
    """A page of rows, how many there are in all, what the largest has, and what they are called."""

    answer: Breakdown
    rows: list[Row]
    total: int
    labels: Mapping[str, Label]


def _sort(ask: Asked, dimension: Dimension) -> str:
    return ask.own.get("sort") or dimension.columns[0]


def _find(
    scope: Scope,
    site: Site,
    ask: Asked,
    dimension: Dimension,
    known: Days,
    limit: int | None,
    offset: int,
) -> _Found:
    """The values asked for; those that are stored as codes are searched by their names."""
    search = ask.own.get("search", "").strip()
    by_name = bool(search) and dimension.coded
    answer = queries.breakdown(
        scope,
        site,
        ask.period,
        dimension.key,
        asked_of(dimension),
        limit=MOST_CODED if by_name else limit,
        offset=0 if by_name else offset,
        order=_sort(ask, dimension),
        filters=ask.filters,
        known=known,
        search="" if by_name else search,
        counted=True,
    )
    named = labels(scope, site, dimension.key, [row.value for row in answer.rows])
    if not by_name:
        return _Found(answer, answer.rows, answer.total or 0, named)
    rows = [row for row in answer.rows if search.casefold() in named[row.value].text.casefold()]
    kept = rows[offset:] if limit is None else rows[offset : offset + limit]
    return _Found(answer, kept, len(rows), named)


def context(scope: Scope, site: Site, ask: Asked, key: str, page: str) -> dict[str, Any]:
    """Everything that `templates/analytics/_details_report.html` draws."""
    dimension, days = BY_KEY[key], span(ask)
    known = queries.days(scope, site, days.first, days.last, ask.filters)
    number = max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    found = _find(scope, site, ask, dimension, known, PAGE, PAGE * (number - 1))
    if not found.rows and number > 1:
        number, found = 1, _find(scope, site, ask, dimension, known, PAGE, 0)
    changes = _changes(scope, site, ask, dimension, known, found.rows)
    columns, compared = _columns(site, ask, dimension, known), pair(ask)
    return {
        **controls(scope, site, ask),
        "dimension": {"key": key, "title": str(dimension.title), "label": str(dimension.label)},
        "dimensions": _picker(ask, key),
        "columns": columns,
        "compared_with": compared[1].label if changes and compared else None,
        "counting": known.counting(ask.period),
        "notes": notes(ask, known.coverage(ask.period, key)),
        "rows": [
            _row(site, ask, dimension, row, number_of_row, found, known, columns, changes)
            for number_of_row, row in enumerate(found.rows, PAGE * (number - 1) + 1)
        ],
        "search": ask.own.get("search", ""),
        "search_form": ask.pairs(without=("search",)),
        "clear_search_url": ask.url({"search": ""}),
        "pages": _pages(ask, number, found.total),
        "csv_url": ask.to("details_csv", key, changes=dict(ask.own)),
        "xlsx_url": ask.to("details_xlsx", key, changes=dict(ask.own)),
        "map": world_map.drawn(scope, site, ask, known) if key == "country" else None,
    }


def _picker(ask: Asked, key: str) -> list[dict[str, Any]]:
    return [
        {
            "title": str(title),
            "choices": [
                {"label": str(d.title), "url": ask.to("details", d.key), "current": d.key == key}
                for d in group
            ],
        }
        for title, group in GROUPS
    ]


def _columns(site: Site, ask: Asked, dimension: Dimension, known: Days) -> list[dict[str, Any]]:
    totals, sort = known.of(ask.period), _sort(ask, dimension)
    shown = [
        key
        for key in dimension.columns
        if key in dimension.columns[:2] or key not in WHERE_ANY or totals[WHERE_ANY[key]]
    ]
    money = dimension.key == "currency"
    return [
        {
            "key": key,
            "label": str(METRICS[key].label) if money else label_of(METRICS[key], site.currency),
            "url": ask.url({"sort": key}) if key in MEASURES else "",
            "sorted": key == sort,
        }
        for key in shown
    ]


def _changes(
    scope: Scope, site: Site, ask: Asked, dimension: Dimension, known: Days, rows: list[Row]
) -> dict[str, dict[str, Any]]:
    """How the sorted measure of each row differs from the days it is compared with."""
    both, sort = pair(ask), _sort(ask, dimension)
    if both is None or not rows:
        return {}
    values = [row.value for row in rows]
    now, before = (
        {
            row.value: row.numbers[sort]
            for row in queries.breakdown(
                scope,
                site,
                part,
                dimension.key,
                [sort],
                limit=None,
                order=sort,
                filters=ask.filters,
                known=known,
                values=values,
            ).rows
        }
        for part in both
    )
    if known.of(both[1])[sort] is None:  # nobody measured it then
        return {}
    return {value: changed(sort, now.get(value, 0), before.get(value, 0)) for value in values}


def _row(
    site: Site,
    ask: Asked,
    dimension: Dimension,
    row: Row,
    place: int,
    found: _Found,
    known: Days,
    columns: list[dict[str, Any]],
    changes: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    totals, sort = known.of(ask.period), _sort(ask, dimension)
    numbers = numbers_in(dimension, row, totals)
    label, filters = found.labels[row.value], ask.narrowed(dimension.key, row.value[:512])
    whole = totals[sort]
    part = share(numbers[sort], whole) / 100 if whole and numbers[sort] is not None else None
    return {
        "place": place,
        "label": label.text,
        "note": label.note,
        "share": share(numbers[sort], found.answer.top),
        "part": figure(part, Unit.RATE),
        "cells": [
            {
                "text": written(dimension, row.value, column["key"], numbers, site),
                "sorted": column["sorted"],
            }
            for column in columns
        ],
        "change": changes.get(row.value, {}),
        "url": ask.to("overview", filters=filters),
        "visits_url": ask.to("visits", filters=filters),
    }


def _pages(ask: Asked, number: int, total: int) -> dict[str, Any]:
    last = max(1, ceil(total / PAGE))
    return {
        "number": number,
        "last": last,
        "total": total,
        "written": figure(total, Unit.COUNT),
        "before": ask.url({"page": str(number - 1)}) if number > 1 else "",
        "after": ask.url({"page": str(number + 1)}) if number < last else "",
    }


# --- The whole list as a file ---------------------------------------------------------------------


def table(scope: Scope, site: Site, ask: Asked, key: str) -> tuple[list[str], Iterator[list[Any]]]:
    """The header and all rows: the value, its name, and its metrics as plain numbers."""
    dimension, period = BY_KEY[key], ask.period
    known = queries.days(scope, site, period.first, period.last, ask.filters)
    found = _find(scope, site, ask, dimension, known, None, 0)
    totals = known.of(period)
    header = [str(dimension.label), _("Name"), *(METRICS[c].key for c in dimension.columns)]
    return header, (_cells(dimension, row, totals, found) for row in found.rows)


def _cells(dimension: Dimension, row: Row, totals: Any, found: _Found) -> list[Any]:
    numbers: Mapping[str, Number | None] = numbers_in(dimension, row, totals)
    return [row.value, found.labels[row.value].text, *(numbers[c] for c in dimension.columns)]
