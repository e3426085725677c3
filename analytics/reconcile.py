"""Check by night that statistics are still what their raw events say.

Drift is a defect of ours and is reported, not repaired: a silent repair would hide it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

import structlog
from django.db.models import F

from accounts.models import Site
from analytics import rollup
from analytics.models import SiteDay

log = structlog.get_logger(__name__)

RECENT_DAYS = 3
OLDER_SHARE = 0.01


def days_to_check(today: date, dice: Random) -> list[SiteDay]:
    """Every day of the last three, and one in a hundred of the older ones, not sealed."""
    since = today - timedelta(days=RECENT_DAYS)
    days = SiteDay.objects.unscoped("statistics of every tenant are checked alike")
    open_days = days.filter(sealed_at=None).select_related("site").order_by("site_id", "date")
    return [day for day in open_days.iterator() if day.date >= since or dice.random() < OLDER_SHARE]


def check(day: SiteDay, now: datetime) -> int | None:
    """Count a day afresh beside its statistics, and keep the result with the day."""
    found = rollup.drift(day.site, day.date)
    if found is not None:
        rows = SiteDay.objects.unscoped("the day at hand").filter(pk=day.pk)
        rows.update(checked_at=now, drift=found)
    if found:
        log.error("statistics differ from raw events", site=day.site.key, date=day.date, rows=found)
    return found


def mark_other_currencies() -> int:
    """Mark the days that were counted in a currency which is not their site's any more.

    Sites with traffic do so by themselves at their next rebuild; this finds the quiet ones.
    """
    days = SiteDay.objects.unscoped("statistics of every tenant are made alike")
    found = days.filter(sealed_at=None).exclude(currency=F("site__currency"))
    sites = Site.objects.unscoped("the sites of those days").filter(pk__in=found.values("site"))
    return sum(rollup.mark_other_currencies(site) for site in sites)


def reconcile(now: datetime, dice: Random | None = None) -> int:
    """Check the night's days; returns how many of them drifted."""
    mark_other_currencies()
    days = days_to_check(now.date(), dice or Random())  # noqa: S311  a sample, not a secret
    return sum(1 for day in days if check(day, now))
