from celery import shared_task
from django.db import connection
from django.utils import timezone

from tracking import outcomes, partitions


@shared_task
def fold_outcomes() -> None:
    """Keep the books of the ingest small."""
    outcomes.fold()


@shared_task
def make_partitions() -> None:
    """Make the tables of the coming months before an event needs them."""
    connection.ensure_connection()
    partitions.ensure_ahead(connection.connection, timezone.now().date())
