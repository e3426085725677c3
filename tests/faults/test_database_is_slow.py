"""A database that is slow, locked, silent, full, or busy with others."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults.place import Place, Web, get, until
from tests.faults.proxy import Mode
from tracking import partitions

BACK_WITHIN = 5.0
HANGS_SECONDS = 15.0  # after which the store's connection is cut (tracking/ingest/committer.py)
MORE_THREADS = 8


def threads(web: Web) -> int:
    """How many threads a process has."""
    return len(list(Path(f"/proc/{web.process.pid}/task").iterdir()))


@contextlib.contextmanager
def no_pile_up(place: Place) -> Iterator[None]:
    """No process has many more threads after the block than before."""
    before = [threads(web) for web in place.webs]
    yield
    after = [threads(web) for web in place.webs]
    assert all(n - m <= MORE_THREADS for n, m in zip(after, before, strict=True)), (before, after)


@pytest.mark.parametrize("seconds", [0.2, 2.0])
def test_a_slow_way_to_the_database_is_borne(trial, place, seconds):
    """F10: each message takes so long; what takes too long is sent back."""
    with trial.load() as course, no_pile_up(place):
        with place.database.in_mode(Mode.DELAY, seconds=seconds):
            time.sleep(6)
        trial.figures["until accepted s"] = round(course.goes_on(BACK_WITHIN), 2)


def test_a_locked_table_sends_events_back(trial, place):
    """F10: somebody locks the table of events; the writer does not wait for long."""
    with trial.load() as course, no_pile_up(place):
        with place.cluster.connect() as connection, connection.transaction():
            connection.execute("LOCK TABLE tracking_event IN ACCESS EXCLUSIVE MODE")
            until(lambda: course.ledger.count("status", "503") > 0, 8, "for a 503")
            time.sleep(2)
        trial.figures["until accepted s"] = round(course.goes_on(BACK_WITHIN), 2)


def test_a_connection_that_hangs_for_ever_is_given_up(trial, place):
    """F10: connections open in a black hole and are never heard of again; new ones work."""
    with trial.load() as course, no_pile_up(place):
        with place.database.in_mode(Mode.BLACKHOLE, forgets=True):
            until(lambda: course.ledger.count("status", "503") > 0, 8, "for a 503")
        seconds = course.goes_on(HANGS_SECONDS + BACK_WITHIN)
        trial.figures["until accepted s"] = round(seconds, 2)


def test_statistics_go_on_beside_a_foreign_transaction(trial, place, kills):
    """F13: somebody in another database of the cluster has written and does not commit."""
    place.ask("DROP DATABASE IF EXISTS other")
    place.ask("CREATE DATABASE other")
    with trial.load() as course, place.cluster.connect("other") as foreign, foreign.transaction():
        foreign.execute("CREATE TABLE held (n int)")
        began = datetime.now(UTC)
        query = "SELECT min(rebuilt_at), count(*) FROM analytics_siteday WHERE site_id = ANY(%s)"
        sites = [list(course.sites.values())]
        for _n in range(kills(1)):
            time.sleep(5)
            course.goes_on(BACK_WITHIN)
        until(lambda: place.ask(query, sites)[0][1] > 0, 30, "for statistics")
        today = f"{query} AND rebuilt_at > %s"
        until(lambda: place.ask(today, [*sites, began])[0][1] > 0, 30, "for new statistics")


# --- A full disk ------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own; skips where it may not be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a small disk needs the right to mount one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def events_on(place: Place, folder: Path) -> Iterator[None]:
    """The newest months of the events' table lie in the folder."""
    assert place.cluster.postgres is not None
    inside = folder / "space"
    inside.mkdir()
    owner = (place.cluster.folder / "pg").stat()
    shutil.chown(inside, owner.st_uid, owner.st_gid)
    place.ask(f"CREATE TABLESPACE small LOCATION '{inside}'")
    months = partitions.months_ahead(datetime.now(UTC).date())[:2]
    tables = [partitions.name_of(partitions.EVENT, month) for month in months]
    try:
        for table in tables:
            place.ask(f"ALTER TABLE {table} SET TABLESPACE small")
        yield
    finally:
        for table in tables:
            place.ask(f"ALTER TABLE {table} SET TABLESPACE pg_default")
        place.ask("DROP TABLESPACE small")


def fill(folder: Path) -> Path:
    """Leave no room on the disk."""
    ballast = folder / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb") as file:
        while True:
            file.write(bytes(64 * 1024))
            file.flush()
    return ballast


def test_a_full_disk_sends_events_back(trial, place, kills):
    """F9: no room for events. Nothing is acknowledged, reading goes on, it recovers by itself."""
    query = (
        "SELECT sum(pg_total_relation_size(inhrelid))::bigint FROM pg_inherits"
        " WHERE inhparent = 'tracking_event'::regclass"
    )
    ((taken,),) = place.ask(query)
    room = 24 + taken // 1_000_000
    with (
        small_disk(place.folder / "disk", room) as disk,
        events_on(place, disk),
        trial.load() as course,
    ):
        for _n in range(kills(1)):
            time.sleep(1)
            ballast = fill(disk)
            seen = course.ledger.count("status", "503")
            until(lambda n=seen: course.ledger.count("status", "503") > n, 20, "for a 503")
            time.sleep(1)
            assert get(place.port, "/readyz")[0] == 200
            assert place.ask("SELECT count(*) > 0 FROM tracking_event") == [(True,)]
            ballast.unlink()
            trial.figures["until accepted s"] = round(course.goes_on(BACK_WITHIN), 2)
    assert "PANIC" not in place.cluster.words()
