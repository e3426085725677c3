"""What was stored can be read: row by row, counted, on pages, by staff, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from django.core.serializers.json import DjangoJSONEncoder
from django.test import Client

from accounts.models import Membership, Site
from analytics import queries, rollup
from analytics.counting import DIMENSIONS
from analytics.models import DailyStat, SiteDay
from analytics.period import Period
from analytics.segments import Filter, Operator
from tests.sending import rebuild_all
from tracking.agents import PROGRAM
from tracking.models import DirtyDay, Event, Outcome, Session
from tracking.models.events import EventFlag

# Written into a page as it came, any of these would be markup, a script or a link of a stranger's.
ALIVE = (
    "<script>alert",
    "<img src=x",
    'href="javascript:',
    'href="data:',
    'href="//',
    "<svg/onload",
)
WRITTEN = ("page", "event", "source", "campaign", "language")
STAFF_PAGES = ("agent", "outcome")


def everything_is_readable(site: Site, member: Membership) -> int:
    """Fails for anything stored that somebody stumbles over; returns how many events there are."""
    rows = [*Event.plain.values(), *Session.plain.values()]
    assert json.loads(json.dumps(rows, cls=DjangoJSONEncoder, allow_nan=False)) is not None
    assert "\0" not in json.dumps(rows, cls=DjangoJSONEncoder, ensure_ascii=False)
    days = rebuild_all()
    assert not DirtyDay.plain.exists(), "a day could not be rebuilt"
    for day in (day for day in days if not day.sealed_at):
        assert rollup.rebuild(day.site, day.date) is not None
        assert rollup.drift(day.site, day.date) == 0
    _nothing_is_lost(site)
    _every_number_is_answered(site, member)
    _every_page_is_shown(site, member)
    return Event.plain.filter(site=site).count()


def _people(site: Site) -> int:
    events = Event.plain.filter(site=site).select_related("agent")
    return sum(map(_is_of_a_person, events))


def _is_of_a_person(row: Event) -> bool:
    bot = row.agent.bot if row.agent else ""
    speaks_for = bot == PROGRAM and row.flags & EventFlag.SPEAKS_FOR
    return not row.flags & EventFlag.AUTOMATED and (not bot or bool(speaks_for))


def _nothing_is_lost(site: Site) -> None:
    """The day's totals are the events, and the books know of every one of them."""
    totals = DailyStat.plain.filter(site=site, dimension="").values_list("events", flat=True)
    assert sum(totals) == _people(site)
    outcomes = Outcome.plain.filter(site=site, reason__in=("stored", "bot"))
    assert sum(outcomes.values_list("n", flat=True)) == Event.plain.filter(site=site).count()


def _period(site: Site) -> Period:
    dates = list(SiteDay.plain.filter(site=site).order_by("date").values_list("date", flat=True))
    today = site.clock.date_of(datetime.now(UTC))
    return Period(min(dates, default=today), max(dates, default=today), today)


def _every_number_is_answered(site: Site, member: Membership) -> None:
    """Each dimension, and a question about a value of what people write."""
    scope, period = member.scope(), _period(site)
    for dimension in DIMENSIONS:
        wanted = (scope, site, period, dimension, ["page_views"])
        found = queries.breakdown(*wanted, limit=100)
        json.dumps([row.value for row in found.rows]).encode()
        for row in found.rows[-1:] if dimension in WRITTEN else ():
            asked = (Filter(dimension, Operator.IS, (row.value,)),)
            answer = queries.breakdown(*wanted, filters=asked)
            assert [kept.value for kept in answer.rows] == [row.value]


def _addresses(site: Site) -> Iterator[str]:
    period = _period(site)
    dates = f"first={period.first}&last={period.last}"
    yield f"/sites/{site.key}"
    yield f"/sites/{site.key}?{dates}"
    yield f"/sites/{site.key}?{dates}&pages=entry_page&sources=campaign&devices=browser"
    yield f"/sites/{site.key}?{dates}&pages=exit_page&sources=channel&devices=os"
    yield f"/sites/{site.key}/received"
    yield from (f"/admin/tracking/{name}/?all=" for name in STAFF_PAGES)


def _every_page_is_shown(site: Site, member: Membership) -> None:
    user = member.user
    user.is_staff = user.is_superuser = True
    user.save()
    client = Client()
    client.force_login(user)
    for address in _addresses(site):
        answer = client.get(address)
        assert answer.status_code == 200, address
        text = answer.content.decode()
        assert [mark for mark in ALIVE if mark in text] == [], address
