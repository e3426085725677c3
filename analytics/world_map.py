"""Countries on a map, coloured by how many visitors they have."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import names, queries
from analytics.answers import Days
from analytics.asked import Asked
from analytics.figures import figure
from analytics.metrics import METRICS, Unit

WORLD = Path(__file__).parent / "data" / "world.json"
CLASSES = 5
MOST = 300
# The largest number of a class is one that people remember.
ROUND = (1, 2, 5)


@lru_cache(maxsize=1)
def world() -> dict[str, Any]:
    """The map: its `width` and `height`, and the outline of each of its `countries` by code."""
    return json.loads(WORLD.read_text(encoding="utf-8"))


def steps(largest: int) -> list[int]:
    """The upper ends of at most five classes up to the largest number, each some times the last.

    Numbers of visitors differ by orders of magnitude: classes of equal width would show one country
    and nothing else.
    """
    if largest <= CLASSES:
        return list(range(1, largest + 1))
    ratio = largest ** (1 / CLASSES)
    ends = [_rounded(ratio**number) for number in range(1, CLASSES)]
    return [*sorted({end for end in ends if end < largest}), largest]


def _rounded(number: float) -> int:
    power = 10 ** (len(str(int(number))) - 1)
    return min((step * power for step in (*ROUND, 10)), key=lambda end: abs(end - number))


def drawn(
    scope: Scope, site: Site, ask: Asked, known: Days, measure: str = "visitors"
) -> dict[str, Any]:
    """What `templates/analytics/_map.html` draws."""
    found = queries.breakdown(
        scope,
        site,
        ask.period,
        "country",
        ["visitors"] if measure == "visitors" else ["visitors", measure],
        limit=MOST,
        order=measure,
        filters=ask.filters,
        known=known,
    )
    counts = {row.value: int(row.numbers[measure] or 0) for row in found.rows}
    shapes = world()
    ends = steps(max(counts.values(), default=0))
    countries = [
        _country(ask, code, path, counts.get(code, 0), ends)
        for code, path in shapes["countries"].items()
    ]
    return {
        "width": shapes["width"],
        "height": shapes["height"],
        "label": str(METRICS[measure].label),
        "empty": [country for country in countries if not country["class"]],
        "countries": sorted(
            (country for country in countries if country["class"]),
            key=lambda country: -country["count"],
        ),
        "legend": _legend(ends),
        "unplaced": _unplaced(counts, shapes["countries"]),
    }


def _country(ask: Asked, code: str, path: str, count: int, ends: list[int]) -> dict[str, Any]:
    found: dict[str, Any] = {"path": path, "count": count, "class": _class(count, ends)}
    if found["class"]:
        found["name"] = names.country(code)
        found["value"] = figure(count, Unit.COUNT)
        found["url"] = ask.url(filters=ask.toggled("country", code))
    return found


def _class(count: int, ends: list[int]) -> int:
    """From 1 to 5, the largest numbers in 5; 0 where nobody came."""
    if count <= 0:
        return 0
    place = next(number for number, end in enumerate(ends) if count <= end)
    return CLASSES - (len(ends) - 1 - place)


def _legend(ends: list[int]) -> list[dict[str, Any]]:
    starts = [1, *(end + 1 for end in ends)]
    classes = range(CLASSES - len(ends) + 1, CLASSES + 1)
    return [
        {"class": number, "first": figure(start, Unit.COUNT), "last": figure(end, Unit.COUNT)}
        for number, start, end in zip(classes, starts, ends, strict=False)
    ]


def _unplaced(counts: dict[str, int], shapes: dict[str, str]) -> str | None:
    """The number of those who are nowhere on the map."""
    elsewhere = sum(count for code, count in counts.items() if code not in shapes)
    return figure(elsewhere, Unit.COUNT) if elsewhere else None
