"""Celery's beat, told by the database when things happen; it waits for a database that is away."""

from __future__ import annotations

import time
from typing import Any

import structlog
from django.db import DatabaseError, close_old_connections
from django_celery_beat.schedulers import DatabaseScheduler

log = structlog.get_logger(__name__)

WAIT_SECONDS = 2.0


class PatientScheduler(DatabaseScheduler):
    """Ends for no outage: neither at its start nor when the schedule has changed."""

    def all_as_schedule(self) -> dict[str, Any]:
        """The schedule, once it can be read."""
        while True:
            try:
                return super().all_as_schedule()
            except DatabaseError as error:
                log.warning("schedule not readable", error=str(error))
                close_old_connections()
                time.sleep(WAIT_SECONDS)
