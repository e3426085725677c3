"""Empty a site: what it had received before a moment is hidden at once, and erased in pieces.

`Site.reset_at` is the whole state of the work: set by the reset, unset when nothing is left. In
between a worker may stop anywhere, and another one goes on. Nothing that arrives meanwhile is
touched: raw events go by when they were received, and a day's statistics are either hidden by the
reset or made after it, of what was received since (`counting.SINCE_RESET`).

The ids of the erased events stay as long as ids do (30 days), so that none of them comes back when
its sender tries again; they say nothing of what happened.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction

from accounts import audit
from accounts.models import Membership, Site
from accounts.sites import lifecycle
from analytics.models import DailyStat, ImportedDay, SiteDay
from analytics.orphans import erase_pieces
from tracking.models import DirtyDay, Event, Outcome, Rejected, Session

log = structlog.get_logger(__name__)

# Batches that were on their way at the reset are in the database, or given up, after so long.
SETTLED = timedelta(minutes=10)
TOTAL = ""
OF_SITE = "of one site, which the member may change"

_UNCOUNTED = (
    "NOT EXISTS (SELECT FROM analytics_siteday d WHERE d.site_id = t.site_id AND d.date = t.date)"
)
# What is erased of each table; whatever has no day of its own since the reset is of before it.
_OF_BEFORE = (
    (Event, "t.received_at < %(reset)s"),
    (Session, _UNCOUNTED),
    (DailyStat, _UNCOUNTED),
    (ImportedDay, "t.imported_at < %(reset)s"),
    (Rejected, "t.received_at < %(reset)s"),
    (Outcome, "t.hour < date_trunc('hour', %(reset)s::timestamptz)"),
)


@transaction.atomic
def reset(site: Site, member: Membership, now: datetime) -> Site:
    """Empty a site: from now on it has no numbers but those of what is received from now on.

    Its settings stay, and so do goals and the like. The rows themselves are erased by a task.
    """
    lifecycle.begin_reset(site, member, now)
    # Without the days' states and totals no other row of theirs is read: few rows hide them all.
    SiteDay.objects.unscoped(OF_SITE).filter(site=site).delete()
    DirtyDay.objects.unscoped(OF_SITE).filter(site=site).delete()
    for model in (DailyStat, ImportedDay):
        model.objects.unscoped(OF_SITE).filter(site=site, dimension=TOTAL).delete()
    # Of the outcomes only this hour's: a task cannot tell them from those that follow.
    hour = now.replace(minute=0, second=0, microsecond=0)
    Outcome.objects.unscoped(OF_SITE).filter(site=site, hour__gte=hour).delete()
    return site


def erase_all(now: datetime) -> int:
    """Go on with the erasing of all emptied sites; returns the number of rows."""
    sites = Site.objects.unscoped("the emptied sites of every tenant are erased alike")
    return sum(erase(site, now) for site in list(sites.filter(reset_at__isnull=False)))


def erase(site: Site, now: datetime) -> int:
    """Erase what a site had received before its reset; returns how many rows. May be repeated.

    The site's `reset_at` is unset by the first pass that finds nothing any more, once what was on
    its way at the reset must have arrived.
    """
    assert site.reset_at is not None
    _count_again(site)
    given = {"site": site.pk, "reset": site.reset_at}
    erased = sum(
        erase_pieces(model._meta.db_table, f"t.site_id = %(site)s AND {which}", given)
        for model, which in _OF_BEFORE
    )
    if not erased and now >= site.reset_at + SETTLED:
        _finish(site)
    return erased


def _count_again(site: Site) -> None:
    """Mark the days that a count which began before the reset may have brought back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tracking_dirtyday (site_id, date) SELECT d.site_id, d.date"
            " FROM analytics_siteday d WHERE d.site_id = %(site)s"
            " AND d.rebuilt_at < %(reset)s + %(settled)s::interval AND NOT EXISTS"
            " (SELECT FROM tracking_dirtyday m WHERE m.site_id = d.site_id AND m.date = d.date)",
            {"site": site.pk, "reset": site.reset_at, "settled": str(SETTLED)},
        )


@transaction.atomic
def _finish(site: Site) -> None:
    """Note that nothing of before the reset is left, unless the site was reset once more."""
    sites = Site.objects.unscoped("the very site that was emptied")
    done = sites.filter(pk=site.pk, reset_at=site.reset_at).update(reset_at=None)
    if done:
        _forget_empty_days(site)
        audit.record("site.reset_finished", site, tenant=site.tenant, actor=None)
        log.info("site emptied", site=site.key)


def _forget_empty_days(site: Site) -> None:
    """Forget days before the reset of which nothing is left: they would be zeros, not unknown."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM analytics_siteday d WHERE d.site_id = %(site)s"
            " AND d.date < (%(reset)s AT TIME ZONE d.zone)::date AND NOT EXISTS (SELECT"
            " FROM analytics_dailystat s WHERE s.site_id = d.site_id AND s.date = d.date"
            " AND s.dimension = '') AND NOT EXISTS (SELECT FROM tracking_dirtyday m"
            " WHERE m.site_id = d.site_id AND m.date = d.date)",
            {"site": site.pk, "reset": site.reset_at},
        )
