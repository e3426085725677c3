"""A database that does not answer does not hold anybody for ever."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import time

import pytest
from django.conf import settings
from django.db import connection

from tests.conftest import at
from tests.sending import arrival_at, run_steps
from tracking.ingest import committer, wire, writer
from tracking.ingest.exchange import Unavailable
from tracking.models import Event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nobody_left():
    """A server does not notice by itself that whom it works for has gone."""
    yield
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE '%pg_sleep(60)%'"
            " AND pid <> pg_backend_pid()"
        )


def hit_of(site, name: str) -> wire.Hit:
    now = at("2026-03-02 10:00")
    (hit,) = wire.decode(b'{"site": "%b", "id": "%b"}' % (site.key.encode(), name.encode()), now)
    assert isinstance(hit, wire.Hit)
    return run_steps(hit, arrival_at(now))


def test_a_store_that_hangs_is_cut_and_the_next_one_works(site, monkeypatch):
    monkeypatch.setattr(committer, "HANGS_SECONDS", 0.5)
    monkeypatch.setattr(committer, "ANSWER_SECONDS", 2.0)
    hits = [hit_of(site, "a"), hit_of(site, "b")]

    async def run() -> None:
        one = committer.committer()
        one.writers[0].connection = writer.connect()
        # Nobody answers: the statement waits for longer than anybody has patience.
        monkeypatch.setattr(writer, "STORE", "SELECT pg_sleep(60), %s")
        monkeypatch.setattr(writer, "SESSION_SETTINGS", "")
        with pytest.raises(Unavailable):
            await one.store([hits[0]], [])
        monkeypatch.undo()
        assert await one.store([hits[1]], []) == ["stored"]
        await committer.shut_down()

    began = time.monotonic()
    asyncio.run(run())
    assert time.monotonic() - began < 10
    assert Event.plain.count() == 1


def test_a_server_that_stops_does_not_wait_for_a_database_that_hangs(site, monkeypatch):
    monkeypatch.setattr(committer, "CLOSING_SECONDS", 0.5)
    hit = hit_of(site, "a")

    async def run() -> None:
        one = committer.committer()
        one.writers[0].connection = writer.connect()
        monkeypatch.setattr(writer, "STORE", "SELECT pg_sleep(60), %s")
        waiting = asyncio.create_task(one.store([hit], []))
        await asyncio.sleep(0.2)
        await committer.shut_down()
        with pytest.raises(Unavailable):
            await waiting

    began = time.monotonic()
    asyncio.run(run())
    assert time.monotonic() - began < 8


HANGING = """
    import asyncio, time, django
    django.setup()
    from tracking.ingest import committer, writer
    from tracking.ingest.samples import Refusal
    committer.HANGS_SECONDS, committer.LOST_SECONDS = 0.2, 0.2
    writer.connect = lambda: None
    writer.write = lambda *given: time.sleep(60)

    class Deaf:
        closed = False
        def fileno(self):
            raise OSError

    async def run():
        one = committer.committer()
        one.writers[0].connection = Deaf()
        await one.store([], [Refusal(None, "x")])

    asyncio.run(run())
"""


def test_a_process_whose_writer_hangs_for_good_ends(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(HANGING)],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "linkpro.settings"},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 70
    assert b"hangs for good" in ended.stdout + ended.stderr


def test_a_second_writer_helps_when_a_whole_batch_waits(site, monkeypatch):
    """Both write at once, and every event has its own outcome, the repeated ones too."""
    monkeypatch.setattr(committer, "ENOUGH", 3)
    groups = [[hit_of(site, f"{group}-{n % 4}") for n in range(5)] for group in range(12)]

    async def run() -> list[list[str]]:
        one = committer.committer()
        ends = await asyncio.gather(*(one.store(group, []) for group in groups))
        assert [writer.connection is not None for writer in one.writers] == [True, True]
        await committer.shut_down()
        return ends

    assert asyncio.run(run()) == [["stored"] * 4 + ["duplicate"]] * 12
    assert Event.plain.count() == 48
