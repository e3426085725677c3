"""The dictionary of user agents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from analytics.models import DailyStat
from tests.conftest import CHROME, GOOGLEBOT, at
from tests.sending import rebuild_all, send, visit
from tracking import dictionary
from tracking.models import Agent, DirtyDay, Event

pytestmark = pytest.mark.django_db(transaction=True)


def visitors(site, day: str) -> int:
    rows = DailyStat.plain.filter(site=site, date=day, dimension="")
    return sum(row.visitors for row in rows)


def test_people_taken_for_bots_come_back_and_bots_taken_for_people_go(site):
    over_midnight = at("2026-03-01 22:55")  # of the site's clock, an hour ahead
    send(site, visit(over_midnight, ["/", "/b", "/c"], gap=timedelta(minutes=5)))
    send(site, visit(at("2026-03-05 10:00"), ["/"], user_agent=GOOGLEBOT))
    # As lists of the past judged them.
    Agent.objects.filter(text=CHROME).update(bot="crawler", lists="old")
    Agent.objects.filter(text=GOOGLEBOT).update(bot="", lists="old")
    rebuild_all()
    days = ("2026-03-01", "2026-03-02", "2026-03-05")
    assert [visitors(site, day) for day in days] == [0, 0, 1]
    assert dictionary.classify_again() == 2
    rebuild_all()
    assert [visitors(site, day) for day in days] == [1, 1, 0]
    assert dictionary.classify_again() == 0


def test_lists_that_judge_alike_mark_nothing(site):
    send(site, visit(at("2026-03-02 10:00"), ["/"]))
    rebuild_all()
    Agent.objects.update(lists="old")
    assert dictionary.classify_again() == 0
    assert not DirtyDay.plain.exists()
    assert not Agent.objects.filter(lists="old").exists()


def test_agents_are_forgotten_with_their_last_event(site):
    now = datetime.now(UTC)
    send(site, visit(now, ["/"]) + visit(now, ["/"], user_agent=GOOGLEBOT))
    Event.plain.filter(agent__text=GOOGLEBOT).delete()
    assert dictionary.forget_unused(now) == 0  # somebody may be about to use its number
    assert dictionary.forget_unused(now + dictionary.UNUSED + timedelta(days=1)) == 1
    assert list(Agent.objects.values_list("text", flat=True)) == [CHROME]


def test_an_agent_that_comes_again_is_seen_again(site):
    from tracking.ingest import writer

    send(site, visit(datetime.now(UTC), ["/"]))
    Agent.objects.update(seen_on="2020-01-01")
    writer.forget()  # another day, or another process
    send(site, visit(datetime.now(UTC), ["/"]))
    assert Agent.objects.get().seen_on == datetime.now(UTC).date()


def test_a_program_that_becomes_a_crawler_speaks_for_nobody_any_more(site):
    day = at("2026-03-05 10:00")
    send(site, visit(day, ["/"], user_agent="curl/8.5.0", session_id="s1"))
    rebuild_all()
    assert visitors(site, "2026-03-05") == 1
    # As the lists of tomorrow may judge it, and those of today again.
    Agent.objects.update(bot="crawler")
    dictionary.mark_days_of(list(Agent.objects.values_list("pk", flat=True)))
    rebuild_all()
    assert visitors(site, "2026-03-05") == 0
    Agent.objects.update(lists="old")
    assert dictionary.classify_again() == 1
    rebuild_all()
    assert visitors(site, "2026-03-05") == 1
