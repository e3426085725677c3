from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from linkpro.celery import PERIODIC, Periodic

# Marks the rows that are ours, so that tasks which staff add themselves are left alone.
OURS = "Made by LinkPro: change when it runs, or switch it off."


def schedule_of(entry: Periodic) -> dict[str, Any]:
    """The schedule as a row of django-celery-beat."""
    if isinstance(entry.when, timedelta):
        interval, _made = IntervalSchedule.objects.get_or_create(
            every=int(entry.when.total_seconds()), period=IntervalSchedule.SECONDS
        )
        return {"interval": interval}
    crontab, _made = CrontabSchedule.objects.get_or_create(
        minute=entry.when._orig_minute,
        hour=entry.when._orig_hour,
        day_of_week=entry.when._orig_day_of_week,
        day_of_month=entry.when._orig_day_of_month,
        month_of_year=entry.when._orig_month_of_year,
        timezone="UTC",
    )
    return {"crontab": crontab}


class Command(BaseCommand):
    help = "Bring the table of periodic tasks into the database; what staff changed stays."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        for name, entry in PERIODIC.items():
            known = PeriodicTask.objects.filter(name=name).first()
            if known is None:
                PeriodicTask.objects.create(
                    name=name, description=OURS, task=entry.task, queue=entry.queue,
                    expire_seconds=int(entry.expires.total_seconds()), **schedule_of(entry),
                )  # fmt: skip
            elif known.task != entry.task:  # the code moved; when it runs is staff's to say
                known.task = entry.task
                known.save(update_fields=["task"])
        PeriodicTask.objects.filter(description=OURS).exclude(name__in=PERIODIC).delete()
