"""A site's visits over the API, newest first, page by page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from accounts.api import Refused
from analytics import queries, sessions
from analytics.questions import Question
from analytics.segments import Filter
from analytics.sessions import Place
from analytics.telling import about
from tracking.event_lists import key_text
from tracking.models import Session


def visits(
    question: Question, filters: Sequence[Filter], cursor: str, size: int
) -> tuple[dict[str, Any], str | None]:
    """A page of visits, and the cursor of the next one. Raises `Refused` for a wrong cursor.

    A scope that may not tell small groups apart sees no single visits (`Http404`).
    """
    scope, site, period = question.scope, question.site, question.period
    if scope.min_cell:
        raise Http404
    known = queries.known_of(scope, site, period.first, period.last, filters)
    before = _read(cursor) if cursor else None
    found = sessions.newest(scope, site, period, known, filters, limit=size + 1, before=before)
    told = {
        **about(question, known.coverage(period)),
        "results": [_told(row) for row in found[:size]],
    }
    return told, _text(found[size - 1]) if len(found) > size else None


def _text(row: Session) -> str:
    plain = f"{row.date}|{row.started_at.isoformat()}|{row.key}"
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _read(cursor: str) -> Place:
    try:
        plain = base64.b64decode(cursor + "=" * (-len(cursor) % 4), "-_", validate=True).decode()
        day, started, key = plain.split("|")
        place = date.fromisoformat(day), datetime.fromisoformat(started), int(key)
        if place[1].tzinfo is None or not -(2**63) <= place[2] < 2**63:
            raise ValueError(cursor)
    except (ValueError, OverflowError):
        told = _("This is no cursor of ours: begin again without one.")
        raise Refused("cursor_invalid", told) from None
    return place


def _told(row: Session) -> dict[str, Any]:
    return {
        "session_id": key_text(row.key),
        "visitor_id": key_text(row.visitor),
        "date": row.date,
        "first_seen": row.started_at,
        "last_seen": row.ended_at,
        "duration_seconds": row.duration_seconds,
        "page_count": row.page_views,
        "event_count": row.events,
        "click_count": row.clicks,
        "conversion_count": row.conversions,
        "bounced": row.bounced,
        "entry_page": row.entry_page,
        "exit_page": row.exit_page,
        "source": row.source,
        "medium": row.medium,
        "campaign": row.campaign,
        "channel": row.channel,
        "country": row.country,
        "device": row.device,
        "browser": row.browser,
        "os": row.os,
    }
