"""Celery, and all that happens by itself."""

import os
from dataclasses import dataclass
from datetime import timedelta

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linkpro.settings")

app = Celery("linkpro")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@dataclass(frozen=True, slots=True)
class Periodic:
    """A task and when it runs; an entry that waited longer than `expires` is dropped."""

    task: str
    when: timedelta | crontab
    expires: timedelta
    queue: str = "fast"


NIGHTLY = crontab(minute="17", hour="2")

# The one table of what happens by itself. `manage.py sync_schedule` brings it into the database,
# where staff see and change it.
PERIODIC = {
    "rebuild changed days": Periodic(
        "analytics.tasks.rebuild_dirty_days", timedelta(seconds=2), timedelta(seconds=10)
    ),
    "check statistics": Periodic(
        "analytics.tasks.reconcile_statistics", NIGHTLY, timedelta(hours=6), "slow"
    ),
    "erase deleted sites": Periodic(
        "analytics.tasks.erase_deleted_sites", timedelta(minutes=10), timedelta(minutes=10), "slow"
    ),
    "delete sites": Periodic(
        "accounts.tasks.delete_sites", timedelta(minutes=5), timedelta(minutes=5)
    ),
    "send what is due": Periodic(
        "accounts.tasks.send_due", timedelta(seconds=5), timedelta(seconds=10), "outgoing"
    ),
    "forget what was sent": Periodic(
        "accounts.tasks.forget_sent", crontab(minute="27", hour="3"), timedelta(hours=6), "slow"
    ),
    "delete organisations": Periodic(
        "accounts.tasks.delete_tenants", timedelta(minutes=10), timedelta(minutes=10), "slow"
    ),
    "chain the audit log": Periodic(
        "accounts.tasks.chain_audit_log", timedelta(seconds=3), timedelta(seconds=10)
    ),
    "keep the months of the audit log": Periodic(
        "accounts.tasks.keep_audit_log", crontab(minute="12"), timedelta(hours=1), "slow"
    ),
    "forget old invitations": Periodic(
        "accounts.tasks.forget_invitations",
        crontab(minute="37", hour="4"),
        timedelta(hours=6),
        "slow",
    ),
    "forget ended sign-ins": Periodic(
        "accounts.tasks.forget_sign_ins", crontab(minute="22"), timedelta(hours=1), "slow"
    ),
    "erase what was reset": Periodic(
        "analytics.tasks.erase_what_was_reset", timedelta(minutes=1), timedelta(minutes=1), "slow"
    ),
    "fold outcomes": Periodic(
        "tracking.tasks.fold_outcomes", timedelta(minutes=5), timedelta(minutes=5), "slow"
    ),
    "make partitions ahead": Periodic(
        "tracking.tasks.make_partitions", crontab(minute="7"), timedelta(hours=1), "slow"
    ),
    "classify agents again": Periodic(
        "tracking.tasks.classify_agents_again",
        crontab(minute="27", hour="1"),
        timedelta(hours=6),
        "slow",
    ),
    "forget what is old": Periodic(
        "tracking.tasks.forget_old", crontab(minute="47", hour="3"), timedelta(hours=6), "slow"
    ),
    "destroy expired salts": Periodic(
        "privacy.tasks.destroy_expired_salts", crontab(minute="37"), timedelta(hours=1), "slow"
    ),
}
