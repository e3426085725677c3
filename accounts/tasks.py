from celery import shared_task
from django.utils import timezone

from accounts import lifecycle


@shared_task
def delete_sites() -> None:
    """Delete the sites whose days of grace are over."""
    lifecycle.delete_due(timezone.now())
