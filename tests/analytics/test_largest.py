"""The largest values of a period, read from the lists of its days."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from analytics import breakdowns, largest, queries
from analytics.metrics import MEASURES
from analytics.models import DailyStat, SiteDay
from analytics.period import Period
from analytics.wanted import Wanted
from tracking import partitions

pytestmark = pytest.mark.django_db

FIRST = date(2026, 3, 2)
LAST = FIRST + timedelta(days=6)
PERIOD = Period(FIRST, LAST, LAST + timedelta(days=20))


def counted(site, days: dict[date, Counter[str]]) -> Counter[str]:
    """Statistics of pages by day and their visitors; the sums over all days."""
    partitions.ensure(connection.connection, partitions.DAILY_STAT, [partitions.month_of(FIRST)])
    for day, values in days.items():
        SiteDay.plain.create(
            site=site, date=day, zone="UTC", version=1, rebuilt_at=datetime.now(UTC)
        )
        counts = dict.fromkeys(MEASURES, 0)
        for value, visitors in values.items():
            DailyStat.plain.create(
                site=site,
                date=day,
                dimension="page",
                value=value,
                **counts | {"visitors": visitors, "page_views": 2 * visitors},
            )
    return sum(days.values(), Counter())


def random_days(dice: random.Random) -> dict[date, Counter[str]]:
    """Days of different length whose favourites change, with ties."""
    return {
        FIRST + timedelta(days=number): Counter(
            {f"/{n}": dice.randint(1, 12) for n in dice.sample(range(40), dice.randint(0, 40))}
        )
        for number in range(7)
    }


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("depth", [1, 4])
def test_the_lists_tell_the_same_as_all_values(site, owner, monkeypatch, seed, depth):
    monkeypatch.setattr(largest, "DEPTH", depth)
    dice = random.Random(seed)
    sums = counted(site, random_days(dice))
    ranked = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    for limit, offset in [(1, 0), (3, 0), (8, 0), (8, 8), (50, 0), (5, 38), (5, 100)]:
        found = queries.breakdown(
            owner.scope(), site, PERIOD, "page", ["visitors", "page_views"],
            limit=limit, offset=offset,
        )  # fmt: skip
        told = [(row.value, row.numbers["visitors"]) for row in found.rows]
        assert told == ranked[offset : offset + limit]
        assert all(row.numbers["page_views"] == 2 * sums[row.value] for row in found.rows)
        assert found.more == (len(ranked) > offset + limit)


def test_favourites_of_many_values_are_found_without_reading_all(site, owner):
    many = Counter({f"/{n}": 1 + 20_000 // (n + 1) for n in range(3_000)})
    counted(site, {FIRST: many, LAST: many})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE analytics_dailystat")
    state = queries.days(owner.scope(), site, FIRST, LAST)
    found = breakdowns._of_lists(site, PERIOD, "page", state, Wanted(limit=9))
    assert found is not None
    assert [value for value, _sums in found] == [f"/{n}" for n in range(9)]
