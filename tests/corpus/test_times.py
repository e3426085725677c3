"""Cases 86 to 95: times."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.models import DailyStat, SiteDay
from tests.corpus.cases import Case, parametrized, refused
from tests.corpus.conftest import World
from tests.sending import rebuild_all, send
from tracking.models import Event
from tracking.models.events import EventFlag

CLAMPED = {"flags": EventFlag.CLOCK_CLAMPED}
NOW = datetime.now(UTC).replace(microsecond=0)
AGO = NOW - timedelta(hours=1)
SECONDS = int(AGO.timestamp())


def impossible(number: str, what: str, timestamp: Any) -> Case:
    """A time that is read, and cannot be: the event is stored at its arrival, and says so."""
    return Case(number, what, {"timestamp": timestamp}, stored=CLAMPED)


def illegible(number: str, what: str, timestamp: Any, told: str = "timestamp_invalid") -> Case:
    return refused(number, what, {"timestamp": timestamp}, told)


def an_hour_ago(number: str, what: str, timestamp: Any) -> Case:
    return Case(number, what, {"timestamp": timestamp}, stored={"occurred_at": AGO, "flags": 0})


CASES = [
    *(
        impossible("C86", f"{year}{offset}", f"{year}-01-01T00:00:00{offset}")
        for year in ("0002", "1970", "1999", "2038", "2100", "9998")
        for offset in ("Z", "+14:00", "-12:00")
    ),
    impossible("C86", "the first moment", "0001-01-01T00:00:00Z"),
    impossible("C86", "the last moment", "9999-12-31T23:59:59Z"),
    illegible("C86", "before the first moment", "0001-01-01T00:00:00+14:00"),
    illegible("C86", "after the last moment", "9999-12-31T23:59:59-12:00"),
    illegible("C86", "year 10000", "10000-01-01T00:00:00Z"),
    illegible("C86", "year 0", "0000-01-01T00:00:00Z"),
    illegible("C86", "before Christ", "0044-03-15 BC"),
    *(
        illegible("C87", word, word)
        for word in ("infinity", "-infinity", "now", "today", "epoch", "allballs", "NaN", "soon")
    ),
    an_hour_ago("C88", "seconds", SECONDS),
    an_hour_ago("C88", "milliseconds", SECONDS * 10**3),
    an_hour_ago("C88", "microseconds", SECONDS * 10**6),
    an_hour_ago("C88", "nanoseconds", SECONDS * 10**9),
    an_hour_ago("C88", "a fraction", float(SECONDS)),
    an_hour_ago("C88", "seconds as text", str(SECONDS)),
    an_hour_ago("C88", "milliseconds as text", str(SECONDS * 1_000)),
    impossible("C88", "zero", 0),
    impossible("C88", "negative", -1),
    impossible("C88", "negative milliseconds", -(10**13)),
    impossible("C88", "2^53", 2**53),
    impossible("C88", "2^63", 2**63),
    Case("C88", "1e400", b'"timestamp": 1e400', status=400, told="event_invalid"),
    illegible("C88", "a list", [SECONDS], "event_invalid"),
    illegible("C88", "true", True, "event_invalid"),
    Case("C88", "empty", {"timestamp": ""}, stored={"flags": 0}),
    Case("C88", "null", {"timestamp": None}, stored={"flags": 0}),
    illegible("C89", "30 February", "2026-02-30T00:00:00Z"),
    illegible("C89", "29 February 2100", "2100-02-29T00:00:00Z"),
    illegible("C89", "a leap second", "2016-12-31T23:59:60Z"),
    illegible("C89", "minute 60", "2026-01-01T00:60:00Z"),
    illegible("C89", "hour 25", "2026-01-01T25:00:00Z"),
    illegible("C89", "24:00", "2026-01-01T24:00:00Z"),
    an_hour_ago("C90", "no zone means UTC", f"{AGO:%Y-%m-%dT%H:%M:%S}"),
    an_hour_ago("C90", "a space", f"{AGO:%Y-%m-%d %H:%M:%S}+00:00"),
    an_hour_ago("C90", "another zone", f"{AGO + timedelta(hours=5.5):%Y-%m-%dT%H:%M:%S}+05:30"),
    an_hour_ago(
        "C90", "a zone to the second", f"{AGO + timedelta(seconds=3661):%Y-%m-%dT%H:%M:%S}+01:01:01"
    ),
    an_hour_ago("C90", "nanoseconds are cut", f"{AGO:%Y-%m-%dT%H:%M:%S}.000000999Z"),
    an_hour_ago("C90", "lower case", f"{AGO:%Y-%m-%dt%H:%M:%S}z"),
    illegible("C90", "a zone's name", f"{AGO:%Y-%m-%dT%H:%M:%S} Europe/Berlin"),
    illegible("C90", "an offset of a day", f"{AGO:%Y-%m-%dT%H:%M:%S}+24:00"),
    an_hour_ago("C90", "a whole ISO week", f"{AGO:%G-W%V-%u}T{AGO:%H:%M:%S}Z"),
    impossible("C92", "30 days behind, unsent", (NOW - timedelta(days=30)).isoformat()),
    impossible("C92", "30 days ahead, unsent", (NOW + timedelta(days=30)).isoformat()),
    *(
        Case(
            "C92",
            f"{days} days off, sent",
            {
                "timestamp": (AGO + timedelta(days=days)).isoformat(),
                "sent_at": (NOW + timedelta(days=days)).isoformat(),
            },
            stored={"flags": EventFlag.CLOCK_CORRECTED},
        )
        for days in (-30, 30, 10_000)
    ),
    Case(
        "C93",
        "after it was sent",
        {
            "timestamp": (NOW + timedelta(days=30, hours=9)).isoformat(),
            "sent_at": (NOW + timedelta(days=30)).isoformat(),
        },
        stored={"flags": EventFlag.CLOCK_CORRECTED | EventFlag.CLOCK_CLAMPED},
    ),
    refused("C93", "sent at no time", {"sent_at": "soon"}, "timestamp_invalid"),
    impossible("C94", "older than a week", (NOW - timedelta(days=8)).isoformat()),
]


@parametrized(CASES)
def test_case(world: World, case: Case) -> None:
    row = world.check(case)
    if row is not None:
        latest = datetime.now(UTC) + timedelta(minutes=5)
        assert NOW - timedelta(days=7) <= row.occurred_at <= latest


def test_c88_the_unit_of_a_number_is_guessed_by_its_size(world: World) -> None:
    """Below 10^11 it is seconds (until the year 5138), then milli-, micro-, nanoseconds."""
    for number, year in ((10**11 - 1, 5138), (10**11, 1973), (10**14, 1973), (10**17, 1973)):
        event = {"site": world.site.key, "id": f"C88 {world.door} {number}", "timestamp": number}
        reply = world.send(json.dumps(event).encode(), **world.bearer)
        if year > 2000:
            assert reply.body["code"] == "timestamp_impossible"
        else:
            assert datetime.fromtimestamp(10**8, UTC).year == year
            assert reply.body["code"] == "timestamp_impossible"


TRUSTED_TIMES = [
    ("2000-01-01T00:00:00Z", "2000-01-01T00:00:00+00:00"),
    ("2026-03-29T02:30:00+01:00", "2026-03-29T01:30:00+00:00"),  # Berlin has no 02:30 on that day
    ("2025-10-26T02:30:00+02:00", "2025-10-26T00:30:00+00:00"),  # and two of them on this one
    ("2025-10-26T02:30:00+01:00", "2025-10-26T01:30:00+00:00"),
    ("2016-12-31T23:59:59.999999Z", "2016-12-31T23:59:59.999999+00:00"),
    ("2024-02-29T12:00:00+14:00", "2024-02-28T22:00:00+00:00"),
]


@pytest.mark.parametrize(("sent", "stored"), TRUSTED_TIMES)
def test_c91_a_trusted_time_is_kept_as_it_is(world: World, sent: str, stored: str) -> None:
    event = {"site": world.site.key, "id": f"C91 {world.door} {sent}", "timestamp": sent}
    reply = world.send(json.dumps(event).encode(), **world.bearer)
    assert list(reply.results.values()) == ["accepted"]
    at = datetime.fromisoformat(stored)
    assert Event.plain.filter(occurred_at=at).count() == 1


@pytest.mark.parametrize(
    "sent", ["1999-12-31T23:59:59Z", "2999-01-01T00:00:00Z", "0001-01-01", 10**17]
)
def test_c94_a_trusted_time_that_cannot_be_is_refused(world: World, sent: str) -> None:
    reply = world.send(
        json.dumps({"site": world.site.key, "timestamp": sent}).encode(), **world.bearer
    )
    assert (reply.status, reply.body["code"]) == (400, "timestamp_impossible")


def test_c95_an_event_of_a_sealed_day_leaves_its_statistics(world: World) -> None:
    """The day's raw events are gone: counted again, it would be almost empty."""
    at = datetime(2020, 5, 5, 12, tzinfo=UTC)
    assert send(world.other, [{"at": at}]) == ["stored"]
    rebuild_all()
    SiteDay.plain.filter(site=world.other).update(sealed_at=NOW)
    assert send(world.other, [{"at": at}]) == ["stored"]
    rebuild_all()
    assert DailyStat.plain.get(site=world.other, date=at.date(), dimension="").events == 1
