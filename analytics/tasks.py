from celery import shared_task
from django.utils import timezone

from analytics import lifecycle, orphans, reconcile, rollup

SLOW = 6 * 3600  # seconds that a task of the night may take


@shared_task
def rebuild_dirty_days() -> None:
    """Bring the statistics of changed days up to date."""
    rollup.rebuild_due(timezone.now())


@shared_task(time_limit=SLOW)
def reconcile_statistics() -> None:
    """Hold the statistics against their raw events."""
    reconcile.reconcile(timezone.now())


@shared_task(time_limit=SLOW)
def erase_deleted_sites() -> None:
    """Erase what deleted sites have left in the big tables."""
    orphans.erase_all()


@shared_task(time_limit=SLOW)
def erase_what_was_reset() -> None:
    """Erase what emptied sites had received before."""
    lifecycle.erase_all(timezone.now())
