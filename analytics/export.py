"""Raw events, visits and conversions as a file, however many there are.

A site-day at a time: a cursor on the server gives some hundred rows, they are sent, it gives the
next ones. Bots are left out, as they are from statistics, unless they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from django.db import connection, transaction

from accounts.models import Site
from accounts.spreadsheets import csv_lines, pieces_of, xlsx_file
from analytics.counting import CONVERSION, PEOPLE
from analytics.period import Period

ROWS_AT_ONCE = 500
KEY = "lpad(to_hex({}), 16, '0')"

# The visit that an event belongs to: a day's visits are found by their visitor and their time.
_EVENTS = f"""
FROM tracking_event t
LEFT JOIN tracking_agent a ON a.id = t.agent_id
LEFT JOIN tracking_session s ON s.site_id = t.site_id AND s.date = %(day)s
    AND s.visitor = t.visitor AND t.occurred_at BETWEEN s.started_at AND s.ended_at
    AND s.key = hashint8extended(s.visitor,
        coalesce(t.session, extract(epoch FROM s.started_at)::bigint))
WHERE t.site_id = %(site)s AND t.occurred_at >= %(start)s AND t.occurred_at < %(end)s
    AND t.received_at >= coalesce(%(reset_at)s, '-infinity'::timestamptz)
    AND (%(bots)s OR ({PEOPLE}))
"""
_SESSION_KEY = KEY.format("coalesce(s.key, t.session)")


@dataclass(frozen=True, slots=True)
class Table:
    """A table to export: its columns, each an expression of SQL, and where its rows come from."""

    columns: dict[str, str]
    rest: str

    @property
    def query(self) -> str:
        """The rows of one day of a site, in the order of time."""
        return f"SELECT {', '.join(self.columns.values())} {self.rest}"


TABLES = {
    "events": Table(
        {
            "session_id": _SESSION_KEY,
            "event_type": "t.name",
            "category": "t.category",
            "action": "t.action",
            "label": "t.label",
            "value": "t.value",
            "path": "t.path",
            "timestamp": "t.occurred_at",
            "user_agent": "a.text",
            "ip_address": "host(t.ip)",
            "referrer": "t.referrer_host",
            "event_id": "t.event_id",
            "visitor_id": KEY.format("t.visitor"),
            "received_at": "t.received_at",
            "host": "t.host",
            "title": "t.title",
            "link_id": "t.link_id",
            "source": "t.source",
            "medium": "t.medium",
            "campaign": "t.campaign",
            "term": "t.term",
            "content": "t.content",
            "channel": "t.channel",
            "country": "t.country",
            "region": "t.region",
            "city": "t.city",
            "device": "t.device",
            "browser": "t.browser",
            "os": "t.os",
            "language": "t.language",
            "screen": "t.screen",
            "currency": "t.currency",
            "props": "t.props",
            "bot": f"NOT ({PEOPLE})",
        },
        f"{_EVENTS} ORDER BY t.occurred_at, t.event_id",
    ),
    "sessions": Table(
        {
            "session_id": KEY.format("s.key"),
            "first_seen": "s.started_at",
            "last_seen": "s.ended_at",
            "page_count": "s.page_views",
            "conversion_count": "s.conversions",
            "source": "s.source",
            "user_agent": "visit.agent",
            "ip_address": "host(visit.ip)",
            "visitor_id": KEY.format("s.visitor"),
            "entry_page": "s.entry_page",
            "exit_page": "s.exit_page",
            "medium": "s.medium",
            "campaign": "s.campaign",
            "channel": "s.channel",
            "country": "s.country",
            "device": "s.device",
            "browser": "s.browser",
            "os": "s.os",
            "event_count": "s.events",
            "click_count": "s.clicks",
            "duration_seconds": "s.duration_seconds",
            "bounced": "s.bounced",
        },
        """
FROM tracking_session s
LEFT JOIN LATERAL (
    SELECT a.text AS agent, t.ip FROM tracking_event t
    LEFT JOIN tracking_agent a ON a.id = t.agent_id
    WHERE t.site_id = s.site_id AND t.occurred_at = s.started_at AND t.visitor = s.visitor
    LIMIT 1
) visit ON true
WHERE s.site_id = %(site)s AND s.date = %(day)s
ORDER BY s.started_at, s.key""",
    ),
    "conversions": Table(
        {
            "session_id": _SESSION_KEY,
            "conversion_type": "coalesce(t.action, t.label, t.name)",
            "source_path": "t.path",
            "value": "t.value",
            "timestamp": "t.occurred_at",
            "currency": "t.currency",
            "event_id": "t.event_id",
            "visitor_id": KEY.format("t.visitor"),
            "source": "t.source",
            "medium": "t.medium",
            "campaign": "t.campaign",
            "country": "t.country",
            "device": "t.device",
        },
        f"{_EVENTS} AND {CONVERSION.replace('name', 't.name').replace('category', 't.category')}"
        " ORDER BY t.occurred_at, t.event_id",
    ),
}


# The planner takes a day's events for a handful, and would compare each with every visit: the time
# would grow with the square of the events.
_PLAN = "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off"


def rows_of(site: Site, period: Period, table: Table, bots: bool) -> Iterator[Sequence[Any]]:
    """The rows of the period, in the order of time, some at once in memory."""
    for day in period.dates:
        yield from _rows_of_day(site, day, table, bots)


def _rows_of_day(site: Site, day: date, table: Table, bots: bool) -> Iterator[Sequence[Any]]:
    start, end = site.clock.bounds(day)
    values: dict[str, Any] = {"site": site.pk, "day": day, "start": start, "end": end}
    values |= {"bots": bots, "reset_at": site.reset_at}
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        with connection.cursor() as settings:
            settings.execute(_PLAN)
        cursor.execute(table.query, values)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


_encoder = msgspec.json.Encoder(decimal_format="number")


def json_lines(columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> Iterator[bytes]:
    """A JSON array of objects, one a line; without its last bracket it is no JSON."""
    opening = b"["
    for row in rows:
        told = dict(zip(columns, row, strict=True))
        if props := told.get("props"):  # PostgreSQL gives JSON as text
            told["props"] = msgspec.Raw(props.encode())
        yield opening + b"\n" + _encoder.encode(told)
        opening = b","
    yield b"[]\n" if opening == b"[" else b"\n]\n"


def _cell(value: Any) -> Any:
    """A value as text of a table has it."""
    return value.isoformat() if isinstance(value, datetime) else value


def _sheet_cell(value: Any) -> Any:
    """A value as a sheet has it: moments are UTC, since a sheet knows no clocks."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def lines(
    site: Site, period: Period, name: str, kind: str, bots: bool
) -> Iterator[str] | Iterator[bytes]:
    """The file, piece by piece: `json`, `csv` or `xlsx`.

    A workbook is made whole before its first byte: raises `TooManyRows` where they do not fit.
    """
    table = TABLES[name]
    columns, rows = list(table.columns), rows_of(site, period, table, bots)
    if kind == "json":
        return json_lines(columns, rows)
    if kind == "xlsx":
        cells = ([_sheet_cell(value) for value in row] for row in rows)
        return pieces_of(xlsx_file([(name, columns, cells)]))
    return csv_lines(columns, ([_cell(value) for value in row] for row in rows))
