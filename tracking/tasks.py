from celery import shared_task
from django.db import connection
from django.utils import timezone

from tracking import addresses, dictionary, outcomes, partitions, rejects

SLOW = 6 * 3600  # seconds that a task of the night may take


@shared_task(time_limit=SLOW)
def fold_outcomes() -> None:
    """Keep the books of the ingest small."""
    outcomes.fold()


@shared_task
def make_partitions() -> None:
    """Make the tables of the coming months before an event needs them."""
    connection.ensure_connection()
    partitions.ensure_ahead(connection.connection, timezone.now().date())


@shared_task(time_limit=SLOW)
def forget_old() -> None:
    """Forget what is kept for some time only: addresses, samples, ids, agents that nobody has."""
    now = timezone.now()
    addresses.forget(now)
    rejects.forget_old(now)
    dictionary.forget_unused(now)
    connection.ensure_connection()
    partitions.forget_old_keys(connection.connection, now.date())
    partitions.drop_old_keys(connection.connection, now.date())


@shared_task(time_limit=SLOW)
def classify_agents_again() -> None:
    """Tell bots from people by the lists of today."""
    dictionary.classify_again()
