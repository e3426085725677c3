"""Drift is found and told, and never hidden by a repair."""

from datetime import timedelta
from random import Random
from threading import Thread

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, connection
from django.utils import timezone

from analytics import rollup
from analytics.models import DailyStat, SiteDay
from analytics.reconcile import days_to_check, reconcile
from tests.conftest import at
from tests.sending import rebuild_all, send, visit
from tracking.models import DirtyDay, Session

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def day(site) -> SiteDay:
    send(site, visit(timezone.now() - timedelta(days=1), ["/", "/a"]))
    (made,) = rebuild_all()
    return made


def test_right_statistics_do_not_drift(day):
    assert reconcile(timezone.now()) == 0
    day.refresh_from_db()
    assert (day.drift, day.version) == (0, 1)
    assert day.checked_at is not None


@pytest.mark.parametrize("model", [DailyStat, Session])
def test_a_changed_row_is_found_and_left(day, model):
    model.plain.filter(page_views=2).update(page_views=99)
    changed = model.plain.filter(page_views=99).count()
    assert reconcile(timezone.now()) == 1
    day.refresh_from_db()
    assert (day.drift, day.version) == (changed, 1)
    assert model.plain.filter(page_views=99).count() == changed


def test_a_missing_row_is_found(day):
    DailyStat.plain.filter(dimension="source").delete()
    assert reconcile(timezone.now()) == 1


def test_a_day_that_waits_for_its_rebuild_is_not_judged(site, day):
    send(site, visit(timezone.now() - timedelta(days=1), ["/b"], ip="84.160.1.7"))
    assert reconcile(timezone.now()) == 0
    day.refresh_from_db()
    assert day.checked_at is None


def test_recent_days_are_all_checked_and_older_ones_by_sample(site):
    today = at("2026-03-31 00:00").date()
    rows = [
        SiteDay(site=site, date=today - timedelta(days=n), zone="UTC", rebuilt_at=timezone.now())
        for n in range(1000)
    ]
    SiteDay.plain.bulk_create(rows)
    chosen = {row.date for row in days_to_check(today, Random(1))}
    assert {today - timedelta(days=n) for n in range(4)} <= chosen
    assert 4 < len(chosen) < 40


def test_the_rebuild_command_repairs(site, day, capsys):
    DailyStat.plain.update(page_views=99)
    call_command("rebuild", "--site", site.key, "--first", "2020-01-01")
    assert "1 days, 1 of them changed" in capsys.readouterr().out
    assert DailyStat.plain.get(dimension="").page_views == 2


def test_the_rebuild_command_finds_days_of_which_only_raw_events_are_left(site, day, capsys):
    send(site, visit(at("2026-03-01 22:59"), ["/"]))
    send(site, visit(at("2026-03-01 23:00"), ["/"]))
    for model in (SiteDay, DailyStat, DirtyDay):
        model.plain.all().delete()
    call_command("rebuild", "--site", site.key, "--first", "2026-03-01", "--last", "2026-03-02")
    assert "2 days, 2 of them changed" in capsys.readouterr().out
    call_command("rebuild", "--site", site.key)
    assert SiteDay.plain.count() == 3


def test_the_rebuild_command_leaves_a_sealed_day(site, day, capsys):
    rollup.seal(site, day.date)
    call_command("rebuild", "--site", site.key)
    assert "sealed, left as it is" in capsys.readouterr().out


def test_an_interrupted_rebuild_leaves_the_day_and_its_marks(site, day, monkeypatch):
    """The server ends the connection after the statistics were written, before the commit."""
    send(site, visit(timezone.now() - timedelta(days=1), ["/b"], ip="84.160.1.7"))
    original = rollup._mark_continuation

    def ended(cursor, *rest):
        original(cursor, *rest)
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr(rollup, "_mark_continuation", ended)
        with pytest.raises(OperationalError):
            rollup.rebuild(site, day.date)
    connection.close()
    assert DailyStat.plain.get(dimension="").page_views == 2
    assert DirtyDay.plain.count() == 1
    rebuild_all()
    assert DailyStat.plain.get(dimension="").page_views == 3


def test_a_day_that_somebody_counts_is_left_to_them(site, day):
    """Who waits for marked days goes on with others; who was asked for this one waits."""
    send(site, visit(timezone.now() - timedelta(days=1), ["/b"], ip="84.160.1.7"))
    other = connection.copy()
    lock = [site.pk, day.date.toordinal()]
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", lock)
        assert rollup.rebuild(site, day.date, if_marked=True) is None
        assert DirtyDay.plain.count() == 1
        waiting = Thread(target=rebuild_and_close, args=[site, day.date])
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", lock)
    waiting.join(10)
    other.close()
    assert DailyStat.plain.get(dimension="").page_views == 3
    assert not DirtyDay.plain.exists()


def rebuild_and_close(site, day) -> None:
    rollup.rebuild(site, day)
    connection.close()


def test_the_rebuild_command_names_a_site_that_is_not_there(db):
    with pytest.raises(CommandError, match="nobody"):
        call_command("rebuild", "--site", "nobody")
