"""What the raw events say, counted the slow way: plain loops over rows, none of our SQL."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from accounts.models import Site
from analytics.segments import Filter

GAP = timedelta(minutes=30)
AUTOMATED = 4
OF_EVENTS = {
    "page": "path", "event": "name", "hour": "hour", "currency": "currency",
    "link": "link", "outbound": "outbound", "download": "download", "form": "form",
}  # fmt: skip
Event = dict[str, Any]


@dataclass
class Visit:
    """Events of one visitor on one day, in order; somebody unknown has one event."""

    day: date
    visitor: int | None
    events: list[Event]

    def value(self, dimension: str) -> str:
        """The value that the visit has as a whole."""
        if dimension in ("entry_page", "exit_page"):
            paths = [event["path"] for event in self.events if event["name"] == "page_view"]
            return (paths[0 if dimension == "entry_page" else -1] if paths else None) or ""
        return self.events[0][dimension] or ""


def raw_events(site: Site) -> list[Event]:
    """Every stored event of a person, with its day and its hour on the site's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM tracking_agent WHERE bot <> ''")
        bots = {row[0] for row in cursor.fetchall()}
        cursor.execute("SELECT * FROM tracking_event WHERE site_id = %s", [site.pk])
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    clock, kept = site.clock, []
    for row in rows:
        if row["agent_id"] in bots or row["flags"] & AUTOMATED:
            continue
        row["day"] = clock.date_of(row["occurred_at"])
        since = row["occurred_at"] - clock.bounds(row["day"])[0]
        row["hour"] = f"{since // timedelta(hours=1):02}"
        row |= _pointed_at(row)
        kept.append(row)
    return sorted(kept, key=lambda row: (row["occurred_at"], row["event_id"]))


def _pointed_at(row: Event) -> dict[str, str | None]:
    """What a click, a download or a form says of itself."""
    props = row["props"] if isinstance(row["props"], dict) else json.loads(row["props"] or "{}")
    href, name = props.get("href"), row["name"]
    return {
        "link": str(row["link_id"]) if name == "click" and row["link_id"] is not None else None,
        "outbound": href if name == "click" and props.get("outbound") is True else None,
        "download": href or "" if name == "download" else None,
        "form": row["label"] or "" if name == "form_submit" else None,
    }


def visits_of(events: Iterable[Event]) -> list[Visit]:
    """The visits that the events make."""
    by_key: dict[tuple, list[Visit]] = defaultdict(list)
    for event in events:
        visitor, session = event["visitor"], event["session"]
        mine = by_key[event["day"], visitor, session]
        silent = mine and event["occurred_at"] - mine[-1].events[-1]["occurred_at"] > GAP
        if not mine or visitor is None or (session is None and silent):
            mine.append(Visit(event["day"], visitor, []))
        mine[-1].events.append(event)
    return [visit for visits in by_key.values() for visit in visits]


def _has(event: Event, dimension: str) -> bool:
    """Whether a dimension of events looks at this event at all."""
    if dimension == "page":
        return event["name"] == "page_view"
    if dimension in ("link", "outbound", "download", "form"):
        return event[dimension] is not None
    return dimension != "currency" or (event["value"] is not None and event["currency"] is not None)


def _passes(value: str, item: Filter) -> bool:
    if item.operator == "contains":
        return item.values[0].lower() in value.lower()
    return (value in item.values) != (item.operator == "is_not")


def kept_visits(visits: Iterable[Visit], filters: Iterable[Filter]) -> list[tuple[Visit, Visit]]:
    """The visits that pass, each with the part of it that passes."""
    kept = []
    for visit in visits:
        if not all(
            _passes(visit.value(f.dimension), f) for f in filters if f.dimension not in OF_EVENTS
        ):
            continue
        events = [
            event
            for event in visit.events
            if all(
                _has(event, f.dimension) and _passes(event[OF_EVENTS[f.dimension]] or "", f)
                for f in filters
                if f.dimension in OF_EVENTS
            )
        ]
        if events:
            kept.append((visit, Visit(visit.day, visit.visitor, events)))
    return kept


def count(site: Site, parts: list[tuple[Visit, Visit]], *, whole: bool) -> dict[str, Any]:
    """The measures of parts of visits; only whole visits bounce and last."""
    named = [(visit, part) for visit, part in parts if visit.visitor is not None]
    events = [event for _visit, part in parts for event in part.events]

    def n(name: str) -> int:
        return sum(event["name"] == name for event in events)

    clicked = {
        (part.day, part.visitor)
        for _visit, part in named
        if any(event["name"] == "click" for event in part.events)
    }
    lasted = [v.events[-1]["occurred_at"] - v.events[0]["occurred_at"] for v, _part in named]
    bounced = [v for v, _part in named if [event["name"] for event in v.events] == ["page_view"]]
    sold = [event["value"] for event in events if event["currency"] == site.currency]
    return {
        "visitors": len({(part.day, part.visitor) for _visit, part in named}),
        "sessions": len(named),
        "page_views": n("page_view"),
        "events": len(events),
        "clicks": n("click"),
        "clickers": len(clicked),
        "conversions": sum("conversion" in (event["name"], event["category"]) for event in events),
        "bounces": len(bounced) if whole else None,
        "duration_seconds": int(sum(lasted, timedelta()).total_seconds()) if whole else None,
        "revenue": sum((value for value in sold if value is not None), Decimal()),
    }


def count_values(
    site: Site, parts: list[tuple[Visit, Visit]], dimension: str, *, whole: bool
) -> dict[str, dict[str, Any]]:
    """The measures by the values of a dimension."""
    groups: dict[str, list[tuple[Visit, Visit]]] = defaultdict(list)
    for visit, part in parts:
        if dimension not in OF_EVENTS:
            groups[visit.value(dimension)].append((visit, part))
            continue
        by_value: dict[str, list[Event]] = defaultdict(list)
        for event in part.events:
            if _has(event, dimension):
                by_value[event[OF_EVENTS[dimension]] or ""].append(event)
        for value, events in by_value.items():
            groups[value].append((visit, Visit(visit.day, visit.visitor, events)))
    whole = whole and dimension not in OF_EVENTS
    found = {value: count(site, group, whole=whole) for value, group in groups.items()}
    if dimension == "currency":
        for value, group in groups.items():
            found[value]["revenue"] = sum(e["value"] for _visit, p in group for e in p.events)
    return found
