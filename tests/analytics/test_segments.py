"""A filtered question and the statistics give the same answer where both can answer."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from accounts.tenancy import Scope
from analytics import queries
from analytics.metrics import METRICS
from analytics.models import SiteDay
from analytics.period import Period
from analytics.segments import Filter, InvalidFilter, Operator
from tests.conftest import CHROME, GOOGLEBOT, IPHONE, at
from tests.sending import rebuild_all, send

pytestmark = pytest.mark.django_db(transaction=True)

WEEK = Period(date(2026, 3, 2), date(2026, 3, 6), date(2026, 3, 10))
REFERRERS = ["", "https://www.google.com/", "https://t.co/x", "https://blog.example/"]
COUNTED = ["visitors", "sessions", "page_views", "events", "clicks", "clickers", "conversions"]


def is_(dimension: str, value: str) -> list[Filter]:
    return [Filter(dimension, Operator.IS, (value,))]


def totals(*question: Any, **more: Any) -> dict[str, Any]:
    return queries.totals(*question, **more).numbers


@pytest.fixture
def scope(owner) -> Scope:
    return owner.scope()


@pytest.fixture
def world(site):
    """Random visits of five days, with bots, with events of nobody, across midnight."""
    dice = random.Random(7)
    events = []
    for _visit in range(120):
        start = at("2026-03-02 00:00") + timedelta(seconds=dice.randrange(5 * 86_400))
        who = {
            "ip": dice.choice([f"84.160.1.{dice.randrange(40)}", "8.8.8.8", ""]),
            "user_agent": dice.choice([CHROME, IPHONE, GOOGLEBOT]),
            "referrer": dice.choice(REFERRERS),
            "session_id": dice.choice([None, None, "s1"]),
        }
        if not who["ip"]:
            who["user_agent"] = ""
        for step in range(dice.randrange(1, 5)):
            name = dice.choice(["page_view", "page_view", "click", "conversion"])
            path = dice.choice(["/", "/a", "/a/b", "/c"])
            when = start + timedelta(minutes=step * dice.choice([1, 20, 40]))
            events.append({"name": name, "path": path, "at": when, **who})
    send(site, events, now=at("2026-03-09 00:00"))
    rebuild_all()
    return site


@pytest.mark.parametrize(
    "dimension",
    ["source", "channel", "country", "device", "browser", "os", "entry_page", "exit_page"],
)
def test_visits_with_a_value_are_what_the_breakdown_says(scope, world, dimension):
    rows = queries.breakdown(scope, world, WEEK, dimension, METRICS, limit=50).rows
    assert len(rows) > 1
    for row in rows:
        got = totals(scope, world, WEEK, METRICS, filters=is_(dimension, row.value))
        assert got == row.numbers, row.value


@pytest.mark.parametrize("dimension", ["page", "event", "hour"])
def test_events_with_a_value_are_what_the_breakdown_says(scope, world, dimension):
    rows = queries.breakdown(scope, world, WEEK, dimension, METRICS, limit=50).rows
    assert len(rows) > 1
    for row in rows:
        got = totals(scope, world, WEEK, METRICS, filters=is_(dimension, row.value))
        assert got == row.numbers, row.value
        assert (got["bounce_rate"], got["session_seconds"]) == (None, None)


@pytest.mark.parametrize("key", ["visitors", "page_views", "bounce_rate"])
def test_a_filter_that_keeps_everything_changes_nothing(scope, world, key):
    everything = [Filter("source", Operator.IS_NOT, ("nowhere",))]
    for period in (WEEK, Period(WEEK.first, WEEK.first, WEEK.today)):
        plain = queries.series(scope, world, period, key)
        assert queries.series(scope, world, period, key, filters=everything) == plain
    for dimension in ("", "page", "source", "hour"):
        if dimension:
            plain = queries.breakdown(scope, world, WEEK, dimension, METRICS, limit=3)
            filtered = queries.breakdown(
                scope, world, WEEK, dimension, METRICS, limit=3, filters=everything
            )
            assert filtered == plain


def test_is_and_is_not_split_the_whole(scope, world):
    whole = totals(scope, world, WEEK, COUNTED)
    parts = [
        totals(scope, world, WEEK, COUNTED, filters=[Filter("source", operator, ("Google",))])
        for operator in (Operator.IS, Operator.IS_NOT)
    ]
    for key in ("sessions", "page_views", "events", "clicks", "conversions"):
        assert sum(part[key] for part in parts) == whole[key]


def test_one_of_is_the_sum_of_each_and_contains_finds_parts(scope, world):
    def views(*filters: Filter) -> float | None:
        return totals(scope, world, WEEK, ["page_views"], filters=filters)["page_views"]

    both = views(Filter("page", Operator.ONE_OF, ("/a", "/a/b")))
    assert both == views(*is_("page", "/a")) + views(*is_("page", "/a/b"))
    assert views(Filter("page", Operator.CONTAINS, ("/A",))) == both
    assert views(Filter("page", Operator.CONTAINS, ("%",))) == 0


def test_filters_narrow_together(scope, world):
    google = is_("source", "Google")
    phones = is_("device", "mobile")
    both = totals(scope, world, WEEK, ["sessions"], filters=[*google, *phones])
    rows = queries.breakdown(scope, world, WEEK, "device", ["sessions"], filters=google).rows
    assert {row.value: row.numbers["sessions"] for row in rows}["mobile"] == both["sessions"]


def test_a_day_without_its_raw_events_is_unknown_under_a_filter(scope, world):
    google = is_("source", "Google")
    before = queries.series(scope, world, WEEK, "visitors", filters=google)
    SiteDay.plain.filter(date=WEEK.first).update(sealed_at=datetime.now().astimezone())
    after = queries.series(scope, world, WEEK, "visitors", filters=google)
    assert [point.value for point in after] == [None, *(point.value for point in before[1:])]
    assert queries.series(scope, world, WEEK, "visitors")[0].value is not None
    total = totals(scope, world, WEEK, ["visitors"], filters=google)["visitors"]
    assert total == sum(point.value for point in before[1:])


def test_another_tenant_gets_nothing_by_a_filter(world, rival_site):
    rival = Scope(rival_site.tenant.pk)
    got = totals(rival, world, WEEK, METRICS, filters=is_("source", "Google"))
    assert set(got.values()) == {None}
    filtered = queries.breakdown(rival, world, WEEK, "page", ["visitors"], filters=is_("page", "/"))
    assert filtered.rows == []


@pytest.mark.parametrize(
    ("dimension", "operator", "values"),
    [
        ("visitor", "is", ("1",)),
        ("source; DROP TABLE", "is", ("x",)),
        ("source", "is", ()),
        ("source", "is", ("a", "b")),
        ("source", "one_of", tuple(map(str, range(101)))),
        ("source", "is", ("a\0b",)),
        ("source", "is", ("x" * 600,)),
    ],
)
def test_a_filter_that_cannot_be_is_refused(dimension, operator, values):
    with pytest.raises(InvalidFilter):
        Filter(dimension, Operator(operator), values)


@pytest.mark.parametrize("value", ["'", "%s", "%(site)s", "\\", "$$", "😀", "a" * 512])
def test_any_text_is_a_value(scope, world, value):
    for operator in (Operator.IS, Operator.CONTAINS, Operator.IS_NOT):
        totals(scope, world, WEEK, ["visitors"], filters=[Filter("page", operator, (value,))])
