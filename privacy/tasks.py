from celery import shared_task
from django.utils import timezone

from privacy import pseudonyms


@shared_task
def destroy_expired_salts() -> None:
    """Make the visitors of past days nameless for good."""
    pseudonyms.destroy_expired(timezone.now())
