"""A site that is emptied: what was received before is gone at once, and erased in pieces."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import AuditEntry, Site
from analytics import imported, lifecycle, orphans, queries, rollup
from analytics.models import DailyStat, ImportedDay, SiteDay
from analytics.period import Period
from tests.sending import rebuild_all, send, visit
from tracking.models import DirtyDay, Event, EventKey, Outcome, Rejected, Session

pytestmark = pytest.mark.django_db(transaction=True)
LATER = lifecycle.SETTLED + timedelta(minutes=1)


@pytest.fixture
def today(site) -> date:
    return site.clock.date_of(timezone.now())


@pytest.fixture
def full(site, today) -> Site:
    """A site with visits of three days, an imported day, refused events, and outcomes."""
    now = timezone.now()
    for back in range(3):
        at = now - timedelta(days=back)
        send(site, visit(at, ["/", f"/old-{back}"], ip=f"84.160.1.{back}"))
    rebuild_all()
    lines = ["date,dimension,value,visitors", f"{today - timedelta(days=9)},,,70"]
    imported.bring(site, "Old tool", imported.read(lines))
    hour = now.replace(minute=0, second=0, microsecond=0)
    Outcome.plain.create(site=site, hour=hour - timedelta(days=1), reason="host_foreign", n=3)
    Rejected.plain.create(site=site, hour=hour, reason="host_foreign", sample="{}", size=2)
    return site


def numbers(site: Site, member, today: date) -> dict:
    period = Period(today - timedelta(days=20), today, today)
    fresh = Site.plain.get(pk=site.pk)
    return queries.totals(member.scope(), fresh, period, ["visitors", "page_views"]).numbers


def reset(site: Site, member) -> Site:
    return lifecycle.reset(site, member, timezone.now())


def test_a_reset_hides_everything_at_once(full, owner, today):
    period = Period(today - timedelta(days=20), today, today)
    assert numbers(full, owner, today) == {"visitors": 73, "page_views": None}
    site = reset(full, owner)
    assert numbers(site, owner, today) == {"visitors": None, "page_views": None}
    for order in ("visitors", "page_views"):
        pages = queries.breakdown(owner.scope(), site, period, "page", ["visitors"], order=order)
        assert pages.rows == []
    assert not queries.has_events(owner.scope(), site)
    assert queries.visitors_now(owner.scope(), site, timezone.now()) == 0


def test_events_that_arrive_meanwhile_are_counted_alone(full, owner, today):
    site = reset(full, owner)
    send(site, visit(timezone.now(), ["/new"], ip="84.160.9.9"))
    rebuild_all()
    assert numbers(site, owner, today) == {"visitors": 1, "page_views": 1}
    lifecycle.erase_all(timezone.now())
    rebuild_all()
    assert numbers(site, owner, today) == {"visitors": 1, "page_views": 1}
    assert [event.path for event in Event.plain.filter(site=site)] == ["/new"]


def test_a_late_event_of_an_old_day_counts_there_and_nothing_old_returns(full, owner, today):
    site = reset(full, owner)
    send(site, visit(timezone.now() - timedelta(days=2), ["/late"], ip="84.160.9.9"))
    rebuild_all()
    assert numbers(site, owner, today) == {"visitors": 1, "page_views": 1}


def test_nothing_of_before_is_left_in_any_table(full, owner):
    reset(full, owner)
    assert lifecycle.erase_all(timezone.now()) > 0
    lifecycle.erase_all(timezone.now() + LATER)
    for model in (Event, Session, DailyStat, ImportedDay, SiteDay, DirtyDay, Outcome, Rejected):
        assert not model.plain.filter(site=full).exists(), model
    assert Site.plain.get(pk=full.pk).reset_at is None
    actions = AuditEntry.objects.for_tenant(full.tenant).values_list("action", flat=True)
    assert {"site.reset", "site.reset_finished"} <= set(actions)


def test_an_erased_event_that_is_sent_again_does_not_come_back(site, owner, today):
    event = {"id": str(uuid4()), "url": "https://shop.acme.test/x", "at": timezone.now()}
    assert send(site, [dict(event)]) == ["stored"]
    reset(site, owner)
    lifecycle.erase_all(timezone.now())
    assert EventKey.plain.filter(site=site).count() == 1
    assert send(site, [dict(event)]) == ["duplicate"]


class Stopped(Exception):
    """The worker ends here."""


def test_a_worker_that_stops_in_the_middle_is_followed_by_another(full, owner, today, monkeypatch):
    """Pieces of one row, stopped after every few of them: each new worker goes on."""
    site = reset(full, owner)
    send(site, visit(timezone.now(), ["/new"], ip="84.160.9.9"))
    monkeypatch.setattr(orphans, "PIECE", 1)
    stops, real = 0, transaction.atomic

    def failing(*given, **options):
        failing.calls += 1
        if failing.calls > 8:
            raise Stopped
        return real(*given, **options)

    for _worker in range(200):
        failing.calls = 0
        with monkeypatch.context() as patch:
            patch.setattr(lifecycle.transaction, "atomic", failing)
            try:
                if not lifecycle.erase_all(timezone.now()):
                    break
            except Stopped:
                stops += 1
    assert stops > 3
    rebuild_all()
    assert numbers(site, owner, today) == {"visitors": 1, "page_views": 1}
    assert Event.plain.filter(site=site).count() == 1
    lifecycle.erase_all(timezone.now() + LATER)
    assert Site.plain.get(pk=site.pk).reset_at is None


def test_a_count_that_was_under_way_at_the_reset_is_made_again(full, owner, today):
    """Its statistics, of old events, appear after the reset has hidden all others."""
    site = reset(full, owner)
    with connection.cursor() as cursor:  # as if the count had not seen the reset
        cursor.execute("UPDATE accounts_site SET reset_at = NULL")
    rollup.rebuild(site, today)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_site SET reset_at = %s", [site.reset_at])
    assert numbers(site, owner, today)["visitors"] == 1
    lifecycle.erase_all(timezone.now())
    rebuild_all()
    lifecycle.erase_all(timezone.now() + LATER)
    assert numbers(site, owner, today)["visitors"] == 0
    assert not DailyStat.plain.filter(site=site).exists()
    assert not SiteDay.plain.filter(site=site, date__lt=today).exists()


def test_the_reset_lasts_until_what_was_on_its_way_has_arrived(full, owner, today):
    site = reset(full, owner)
    lifecycle.erase_all(timezone.now())
    assert lifecycle.erase_all(timezone.now()) == 0
    assert Site.plain.get(pk=site.pk).reset_at is not None
    send(site, visit(timezone.now(), ["/slow"]), now=site.reset_at - timedelta(seconds=3))
    rebuild_all()
    assert numbers(site, owner, today)["page_views"] in (None, 0)
    assert lifecycle.erase_all(timezone.now() + LATER) > 0
    assert Site.plain.get(pk=site.pk).reset_at is not None, "not in a pass that found something"
    lifecycle.erase_all(timezone.now() + LATER)
    assert Site.plain.get(pk=site.pk).reset_at is None
    assert not Event.plain.filter(site=site).exists()


def test_a_second_reset_goes_on_from_its_own_moment(full, owner):
    reset(full, owner)
    send(full, visit(timezone.now(), ["/between"]))
    again = reset(full, owner)
    lifecycle.erase(again, timezone.now())
    assert not Event.plain.filter(site=full).exists()


def test_other_sites_keep_everything(full, owner, rival_site):
    send(rival_site, visit(datetime.now(UTC), ["/theirs"]))
    rebuild_all()
    reset(full, owner)
    lifecycle.erase_all(timezone.now() + LATER)
    assert Event.plain.filter(site=rival_site).count() == 1
    assert DailyStat.plain.filter(site=rival_site, dimension="").count() == 1
