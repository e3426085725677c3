"""What the service says of itself, and what it does by itself."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from linkpro.celery import PERIODIC, app

pytestmark = pytest.mark.django_db


def test_a_living_process_says_so_without_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/livez").json() == {"status": "ok"}


def problems(client) -> list[str]:
    answer = client.get("/readyz")
    found = answer.json()["problems"]
    assert answer.status_code == (503 if found else 200)
    return found


@pytest.mark.django_db(transaction=True)
def test_ready_means_that_the_database_keeps_what_it_acknowledges(client):
    assert problems(client) == []
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        try:
            assert problems(client) == ["synchronous_commit is off"]
        finally:
            cursor.execute(f"ALTER DATABASE {name} RESET synchronous_commit")


@pytest.mark.django_db(transaction=True)
def test_ready_means_that_the_schema_is_up_to_date(client):
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE app = 'tracking' RETURNING app, name, applied"
        )
        gone = cursor.fetchall()
        try:
            assert problems(client) == [f"{len(gone)} migrations are not applied"]
        finally:
            cursor.executemany(
                "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)", gone
            )
    assert problems(client) == []


def test_ready_means_that_the_clocks_agree(client, time_machine):
    time_machine.move_to(datetime.now(UTC) + timedelta(seconds=90), tick=True)
    assert problems(client) == ["the clocks differ by 90 s"]


def test_every_periodic_task_exists_and_expires():
    app.loader.import_default_modules()
    assert {entry.task for entry in PERIODIC.values()} <= set(app.tasks)
    assert all(entry.expires > timedelta(0) for entry in PERIODIC.values())


def test_the_schedule_is_brought_into_the_database_once():
    call_command("sync_schedule")
    call_command("sync_schedule")
    assert set(PeriodicTask.objects.values_list("name", flat=True)) == set(PERIODIC)


def test_what_staff_changed_in_the_schedule_stays():
    call_command("sync_schedule")
    slower, _made = IntervalSchedule.objects.get_or_create(every=30, period="seconds")
    PeriodicTask.objects.filter(name="rebuild changed days").update(interval=slower, enabled=False)
    call_command("sync_schedule")
    row = PeriodicTask.objects.get(name="rebuild changed days")
    assert (row.interval, row.enabled) == (slower, False)


def test_an_entry_that_is_no_more_is_removed_and_staffs_own_stay():
    call_command("sync_schedule")
    every = IntervalSchedule.objects.first()
    mine = PeriodicTask.objects.create(name="mine", task="x", interval=every)
    orphan = PeriodicTask.objects.get(name="fold outcomes")
    orphan.name = "of an older version"
    orphan.save()
    call_command("sync_schedule")
    names = set(PeriodicTask.objects.values_list("name", flat=True))
    assert names == {*PERIODIC, mine.name}
