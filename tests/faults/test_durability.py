"""That what is acknowledged has reached the disk, and that nobody can turn that off unnoticed."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from tests.faults.place import Place, get, post, until

COMMITTED = re.compile(r'sendto\(.*"C\\0\\0\\0\\vCOMMIT')
SYNCED = re.compile(r"f(data)?sync\(")
EVENTS = 50


def trace(place: Place, pids: list[int], path: Path) -> subprocess.Popen[bytes]:
    """What these processes write to the disk and tell their clients; skips where that is barred."""
    if not shutil.which("strace"):
        pytest.skip("there is no strace")
    calls = "trace=fdatasync,fsync,sendto"
    chosen = [word for pid in pids for word in ("-p", str(pid))]
    process = subprocess.Popen(
        ["strace", "-e", calls, "-s", "64", "-o", str(path), *chosen], stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    for _pid in pids:
        words = process.stderr.readline().decode()
        if "attached" not in words:
            process.kill()
            pytest.skip(f"strace may not look on: {words.strip()}")
    return process


def test_every_answer_comes_after_the_disk_has_it(trial, place):
    """F28: `kill -9` cannot show this, for the kernel still writes what a dead process left."""
    (key,) = place.take_sites(1)
    event = {"site": key, "url": f"https://{key}.example/"}
    until(lambda: post(place.port, event)[0] == 202 and len(place.writers()) == 2, 20)
    (log,) = place.ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")
    path = place.folder / "strace"
    tracer = trace(place, [*place.writers(), *log], path)
    for _n in range(EVENTS):
        assert post(place.port, {**event, "id": str(uuid.uuid4())})[0] == 202
    time.sleep(0.2)
    tracer.send_signal(signal.SIGINT)
    tracer.wait(10)
    synced, unsynced, after = 0, 0, False
    for line in path.read_text().splitlines():
        if SYNCED.search(line):
            after = True
        elif COMMITTED.search(line):
            synced, unsynced = synced + after, unsynced + (not after)
            after = False
    trial.figures |= {"commits synced": synced, "not synced": unsynced}
    assert unsynced == 0
    assert synced >= EVENTS


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
def test_a_weakened_database_is_not_ready(place, setting):
    """F29: somebody turns off what keeps acknowledged events through a power cut."""
    place.ask(f"ALTER SYSTEM SET {setting} = off")
    try:
        place.ask("SELECT pg_reload_conf()")
        until(lambda: get(place.port, "/readyz")[0] == 503, 5, "for /readyz to say no")
        assert f"{setting} is off" in get(place.port, "/readyz")[1]
    finally:
        place.ask(f"ALTER SYSTEM RESET {setting}")
        place.ask("SELECT pg_reload_conf()")
    until(place.is_ready, 5, "for /readyz")
