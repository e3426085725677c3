from celery import shared_task
from django.utils import timezone

from analytics import rollup


@shared_task
def rebuild_dirty_days() -> None:
    """Bring the statistics of changed days up to date."""
    rollup.rebuild_due(timezone.now())
