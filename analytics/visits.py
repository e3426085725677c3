"""Single visits: which there were, and what happened in one of them. Nobody's address is told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, QuerySet
from django.db.models.expressions import RawSQL
from django.http import Http404, QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts import dates
from accounts.models import Site
from accounts.tenancy import Scope
from analytics import names, queries, sessions
from analytics.asked import Asked, asked
from analytics.controls import controls
from analytics.dimensions import labels
from analytics.figures import duration, figure, money
from analytics.metrics import Unit
from analytics.overview import notes
from analytics.realtime import of_people
from analytics.sessions import Place
from tracking.models import Event, Session

PAGE = 50
MOST_EVENTS = 500
_CURSOR = re.compile(r"(\d{4}-\d\d-\d\d)_(\d{1,16})_(-?\d{1,19})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read(query: QueryDict, now: datetime, site: Site) -> Asked:
    """What the address asks for; `hour` is an hour of its day, counted from the day's beginning."""
    hours = [str(number) for number in range(26)]
    return asked(query, now, site, metrics=("visitors",), own={"hour": hours})


def read_visit(query: QueryDict, now: datetime, site: Site, day: str, visit: str) -> Asked:
    """The address of one visit asks for nothing but the way back to the others."""
    return read(query, now, site)


def context(scope: Scope, site: Site, ask: Asked, cursor: str) -> dict[str, Any]:
    """Everything that `templates/analytics/_visits_report.html` draws. Raises `Http404`.

    A scope that may not tell small groups apart sees no single visits.
    """
    if scope.min_cell:
        raise Http404
    known = queries.known_of(scope, site, ask.period.first, ask.period.last, ask.filters)
    before, within = _place(cursor), _hour(site, ask)
    found = sessions.newest(
        scope, site, ask.period, known, ask.filters, limit=PAGE + 1, within=within, before=before
    )
    rows = found[:PAGE]
    older = ask.url({"before": _cursor(rows[-1])}) if len(found) > PAGE else ""
    return {
        **controls(scope, site, ask, compares=False),
        "chip_of_hour": _chip_of_hour(site, ask, within),
        "counting": known.counting(ask.period),
        "notes": notes(ask, known.coverage(ask.period)) if ask.filters else [],
        "visits": [_row(site, ask, row) for row in rows],
        "older_url": older,
        "newest_url": ask.url() if before else "",
    }


def _place(cursor: str) -> Place | None:
    """The visit that a page comes after; None for the first page and for nonsense."""
    parts = _CURSOR.fullmatch(cursor)
    if parts is None:
        return None
    try:
        started = _EPOCH + timedelta(microseconds=int(parts[2]))
        return date.fromisoformat(parts[1]), started, _key(parts[3])
    except (ValueError, OverflowError):
        return None


def _key(text: str) -> int:
    """A visit's key, a number of 64 bits. Raises `ValueError`."""
    if not re.fullmatch(r"-?\d{1,19}", text, re.ASCII) or not -(2**63) <= int(text) < 2**63:
        raise ValueError(text)
    return int(text)


def _cursor(row: Session) -> str:
    return f"{row.date}_{(row.started_at - _EPOCH) // timedelta(microseconds=1)}_{row.key}"


def _hour(site: Site, ask: Asked) -> tuple[datetime, datetime] | None:
    """The hour asked for, where the period is a day that has it."""
    if "hour" not in ask.own or ask.period.days != 1:
        return None
    start, end = site.clock.bounds(ask.period.first)
    at = start + timedelta(hours=int(ask.own["hour"]))
    return (at, min(at + timedelta(hours=1), end)) if at < end else None


def _chip_of_hour(
    site: Site, ask: Asked, within: tuple[datetime, datetime] | None
) -> dict[str, str] | None:
    if within is None:
        return None
    ends = {name: date_format(site.local(at), "H:i") for name, at in zip("ab", within, strict=True)}
    text = _("From %(a)s to %(b)s") % ends
    return {"text": text, "url": ask.url({"hour": ""})}


def _row(site: Site, ask: Asked, row: Session) -> dict[str, Any]:
    started = site.local(row.started_at)
    return {
        "day": dates.weekday(started.date()),
        "at": date_format(started, "H:i"),
        "url": ask.to("visit", str(row.date), str(row.key)),
        "source": names.source(row.source or ""),
        "country": names.country(row.country or ""),
        "device": names.device(row.device or ""),
        "browser": row.browser or "",
        "entry": row.entry_page or "",
        "exit": row.exit_page if row.exit_page != row.entry_page else "",
        "page_views": figure(row.page_views, Unit.COUNT),
        "clicks": figure(row.clicks, Unit.COUNT),
        "conversions": row.conversions,
        "duration": duration(row.duration_seconds),
        "bounced": row.bounced,
    }


# --- One visit ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit, its events as far as they are kept, and whether there are more than are shown."""

    session: Session
    events: list[Event]
    more: bool


def visit(scope: Scope, site: Site, day: str, key: str) -> Visit:
    """One visit. Raises `Http404` where there is none."""
    try:
        found = {"date": date.fromisoformat(day), "key": _key(key)}
    except ValueError:
        raise Http404 from None
    session = Session.objects.visible_to(scope).filter(site=site, **found).first()
    if session is None or scope.min_cell:
        raise Http404
    events = list(_events(scope, site, session)[: MOST_EVENTS + 1])
    return Visit(session, events[:MOST_EVENTS], len(events) > MOST_EVENTS)


def _events(scope: Scope, site: Site, session: Session) -> QuerySet[Event]:
    """The raw events of a visit, in order: those that have the visit's key (see `counting`)."""
    key = RawSQL(
        "hashint8extended(tracking_event.visitor, coalesce(tracking_event.session,"
        " extract(epoch FROM %s::timestamptz)::bigint))",
        [session.started_at],
        output_field=BigIntegerField(),
    )
    rows = of_people(scope, site).filter(
        visitor=session.visitor,
        occurred_at__gte=session.started_at,
        occurred_at__lte=session.ended_at,
    )
    return (
        rows.annotate(of_visit=key).filter(of_visit=session.key).order_by("occurred_at", "event_id")
    )


def context_of_visit(scope: Scope, site: Site, ask: Asked, found: Visit) -> dict[str, Any]:
    """Everything that `templates/analytics/visit.html` draws."""
    session = found.session
    ids = [str(event.link_id) for event in found.events if event.link_id]
    titles = {value: label.text for value, label in labels(scope, site, "link", ids).items()}
    return {
        "title": _title(site.local(session.started_at)),
        "facts": _facts(session),
        "events": [_event(site, event, titles) for event in found.events],
        "more": found.more,
        "most": MOST_EVENTS,
        "back_url": ask.to("visits"),
    }


def _title(at: datetime) -> str:
    return f"{date_format(at, 'l')} {dates.day(at.date())}, {date_format(at, 'H:i')}"


def _facts(row: Session) -> list[tuple[str, str]]:
    place = ", ".join(part for part in (row.city, row.region) if part)
    country = names.country(row.country or "")
    facts = [
        (_("Source"), names.source(row.source or "")),
        (_("Channel"), names.channel(row.channel or "")),
        (_("Campaign"), row.campaign or ""),
        (_("Country"), f"{country} ({place})" if place else country),
        (_("Device"), names.device(row.device or "")),
        (_("Browser"), row.browser or ""),
        (_("System"), row.os or ""),
        (_("Language"), names.language(row.language or "")),
        (_("Screen"), names.screen(row.screen or "")),
        (_("Pages"), figure(row.page_views, Unit.COUNT) or ""),
        (_("Visit duration"), duration(row.duration_seconds)),
        (_("Bounce"), _("Yes") if row.bounced else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _event(site: Site, event: Event, titles: dict[str, str]) -> dict[str, Any]:
    props = event.props if isinstance(event.props, dict) else {}
    href = str(props.get("href") or "")
    value = None
    if event.value is not None:
        value = (
            money(event.value, event.currency) if event.currency else str(event.value.normalize())
        )
    return {
        "at": date_format(site.local(event.occurred_at), "H:i:s"),
        "name": names.event(event.name),
        "page": event.path or "",
        "title": event.title if event.name == "page_view" else "",
        "what": titles.get(str(event.link_id)) or href or event.label or "",
        "value": value,
    }
