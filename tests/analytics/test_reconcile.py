"""Drift is found and told, and never hidden by a repair."""

from datetime import timedelta
from random import Random

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from analytics.models import DailyStat, SiteDay
from analytics.reconcile import days_to_check, reconcile
from tests.conftest import at
from tests.sending import rebuild_all, send, visit
from tracking.models import Session

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


def test_the_rebuild_command_names_a_site_that_is_not_there(db):
    with pytest.raises(CommandError, match="nobody"):
        call_command("rebuild", "--site", "nobody")
