"""Make a site's day anew from its raw events: sessions, daily statistics, version.

A rebuild counts again and replaces; it never adds. So a late event, an erasure or a new list of
bots needs nothing but a mark. Two rebuilds of one day wait for each other; a reader sees the old
day or the new one.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from accounts.models import Site
from analytics.models import SiteDay
from analytics.recount import recount
from tracking import partitions
from tracking.models import DirtyDay

log = structlog.get_logger(__name__)

# A day that changes all the time is made anew after ten times what it costs, at least this often.
SMALLEST_DELAY = timedelta(seconds=2)
PATIENCE = 10


def _lock(cursor: CursorWrapper, site: Site, day: date) -> None:
    """Wait until nobody else counts this day; until the end of the transaction nobody will."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [site.pk, day.toordinal()])


def _free(cursor: CursorWrapper, site: Site, day: date) -> bool:
    """As `_lock`, but False at once where somebody else counts this day."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [site.pk, day.toordinal()])
    return bool(cursor.fetchone()[0])


def _make_room(day: date) -> None:
    month = [partitions.month_of(day)]
    for partitioned in (partitions.SESSION, partitions.DAILY_STAT):
        partitions.ensure(connection.connection, partitioned, month)


@transaction.atomic
def rebuild(site: Site, day: date, *, if_marked: bool = False) -> SiteDay | None:
    """Make one day anew from its raw events and raise its version if anything changed.

    None when nothing was done: the day is sealed, or, with `if_marked`, nothing has changed since
    its last rebuild or somebody else is at it right now.
    """
    began = time.monotonic()
    with connection.cursor() as cursor:
        if not if_marked:
            _lock(cursor, site, day)
        elif not _free(cursor, site, day):
            return None
        # The marks go first: what is marked from now on is seen by a later rebuild for certain.
        marks, _by_model = DirtyDay.plain.filter(site=site, date=day).delete()
        known = SiteDay.plain.filter(site=site, date=day).first()
        if (if_marked and not marks) or (known is not None and known.sealed_at):
            return None
        _make_room(day)
        changed = recount(cursor, site, day)
        _mark_continuation(cursor, site, day + timedelta(days=1))
    other_currency = known is not None and known.currency != site.currency
    row = _new_state(site, day, known, changed, began)
    if other_currency:
        mark_other_currencies(site)
    return row


def _new_state(site: Site, day: date, known: SiteDay | None, changed: int, began: float) -> SiteDay:
    """The state of a day that has just been counted, saved."""
    row = known or SiteDay(site=site, date=day, zone=site.clock.zone_on(day))
    row.version += 1 if changed or known is None or row.currency != site.currency else 0
    row.currency = site.currency
    row.rebuilt_at = datetime.now(UTC)
    row.cost_ms = int((time.monotonic() - began) * 1000)
    row.save()
    return row


def _mark_continuation(cursor: CursorWrapper, site: Site, following: date) -> None:
    """Mark the day after, if a visit there may go on from one that has changed.

    A pending mark is doubled: its rebuild may be under way and have read the old visits.
    """
    cursor.execute(
        "INSERT INTO tracking_dirtyday (site_id, date) SELECT %(site)s, %(day)s"
        " WHERE EXISTS (SELECT FROM changed_late) AND ("
        " EXISTS (SELECT FROM tracking_dirtyday WHERE site_id = %(site)s AND date = %(day)s)"
        " OR EXISTS (SELECT FROM tracking_session s JOIN changed_late USING (visitor)"
        " WHERE s.site_id = %(site)s AND s.date = %(day)s))",
        {"site": site.pk, "day": following},
    )


def mark_other_currencies(site: Site) -> int:
    """Mark the site's days whose revenue is in another currency than the site's; returns how many.

    A sealed day stays as it is: its revenue in the new currency is unknown.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tracking_dirtyday (site_id, date)"
            " SELECT s.site_id, s.date FROM analytics_siteday s"
            " WHERE s.site_id = %s AND s.currency <> %s AND s.sealed_at IS NULL AND NOT EXISTS"
            " (SELECT FROM tracking_dirtyday d WHERE d.site_id = s.site_id AND d.date = s.date)",
            [site.pk, site.currency],
        )
        return cursor.rowcount


class NotCounted(ValueError):
    """The day has raw events that its statistics do not know yet; the message names it."""


@transaction.atomic
def seal(site: Site, day: date) -> SiteDay:
    """Close a day for good, so that its raw events may go: they are not deleted here.

    Values of fewer than five visitors are folded where a value could name a person. Raises
    `NotCounted` for a day that is marked or was never counted; a sealed day is left as it is.
    """
    began = time.monotonic()
    with connection.cursor() as cursor:
        _lock(cursor, site, day)
        known = SiteDay.plain.filter(site=site, date=day).first()
        if known is not None and known.sealed_at:
            return known
        if known is None or DirtyDay.plain.filter(site=site, date=day).exists():
            raise NotCounted(f"{site.key} {day} has events that are not counted yet.")
        recount(cursor, site, day, fold_rare=True)
    known.sealed_at = datetime.now(UTC)
    return _new_state(site, day, known, 1, began)


def due_days(now: datetime) -> list[tuple[int, date]]:
    """(site id, day) of the marked days that have rested long enough since their last rebuild."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.site_id, d.date FROM (SELECT DISTINCT site_id, date FROM tracking_dirtyday) d"
            " LEFT JOIN analytics_siteday s ON s.site_id = d.site_id AND s.date = d.date"
            " WHERE s.rebuilt_at IS NULL"
            " OR s.rebuilt_at + greatest(%s::interval, s.cost_ms * %s * interval '1 ms') <= %s"
            " ORDER BY d.date DESC, d.site_id",
            [str(SMALLEST_DELAY), PATIENCE, now],
        )
        return list(cursor.fetchall())


def rebuild_due(now: datetime, budget: timedelta = timedelta(seconds=20)) -> int:
    """Rebuild the days that are due, newest first, for at most `budget`; returns how many."""
    until, done = time.monotonic() + budget.total_seconds(), 0
    sites = Site.objects.unscoped("statistics of every tenant are made alike")
    for site_id, day in due_days(now):
        if time.monotonic() > until:
            break
        site = sites.filter(pk=site_id).first()
        if site is None:
            DirtyDay.plain.filter(site_id=site_id).delete()
            continue
        try:
            done += rebuild(site, day, if_marked=True) is not None
        except Exception:  # one day that cannot be counted must not stop those after it
            log.exception("day not rebuilt", site=site.key, date=day)
    return done


def drift(site: Site, day: date) -> int | None:
    """How many rows of a rebuilt day differ from a fresh count; nothing is repaired.

    None where that cannot be told: the day is sealed, or marked and about to be rebuilt.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            _lock(cursor, site, day)
            state = SiteDay.plain.filter(site=site, date=day, sealed_at=None)
            if not state.exists() or DirtyDay.plain.filter(site=site, date=day).exists():
                return None
            found = recount(cursor, site, day)
        transaction.set_rollback(True)
    return found
