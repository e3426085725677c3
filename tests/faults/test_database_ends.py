"""A database that dies, is not there yet, or has no room for another connection."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time

import psycopg
import pytest

from tests.faults.place import Place, get, post, until
from tests.faults.proxy import Mode

BACK_WITHIN = 5.0
NOTICED_WITHIN = 2.0


@pytest.mark.smallest
def test_a_killed_database_loses_nothing_that_was_acknowledged(trial, place, dice, kills):
    """F4: `kill -9` of the postmaster and all backends. No process of ours has to be restarted."""
    lived, back = place.pids(), []
    with trial.load() as course:
        for _n in range(kills(1)):
            time.sleep(dice.uniform(0.3, 1.5))
            place.cluster.kill_postgres()
            until(lambda: not place.is_ready(), NOTICED_WITHIN, "for /readyz to say no")
            assert get(place.port, "/livez")[0] == 200
            time.sleep(dice.uniform(0.2, 2.0))
            place.cluster.start_postgres()
            back.append(course.goes_on(BACK_WITHIN))
            until(place.is_ready, BACK_WITHIN, "for /readyz")
    trial.figures["longest until accepted s"] = round(max(back), 2)
    assert trial.figures["503"] > 0
    assert place.living() == lived


def _outage(place: Place, seconds: float) -> list[float]:
    """The database is away for so long; how long each look at /readyz took meanwhile."""
    looks, until_then = [], time.monotonic() + seconds
    place.cluster.kill_postgres()
    while time.monotonic() < until_then:
        began = time.monotonic()
        assert not place.is_ready()
        looks.append(time.monotonic() - began)
        time.sleep(0.5)
    place.cluster.start_postgres()
    return looks


def test_a_long_outage_ends_nothing_but_itself(trial, place):
    """F4, away for longer than anything waits for a connection."""
    lived = place.pids()
    with trial.load() as course:
        _outage(place, 12)
        trial.figures["until accepted s"] = round(course.goes_on(BACK_WITHIN), 2)
    assert place.living() == lived


def test_readiness_is_told_at_once(trial, place):
    """F4: no within two seconds, yes within five, also after a long outage."""
    slowest = max(_outage(place, 20))
    back = until(place.is_ready, 60, "for /readyz")
    trial.figures |= {"slowest no s": round(slowest, 2), "until yes s": round(back, 2)}
    assert slowest < NOTICED_WITHIN
    assert back < BACK_WITHIN


def test_a_killed_backend_leaves_no_half_batch(trial, place, dice, kills):
    """F4b: PostgreSQL ends all sessions and recovers by itself."""
    lived, back = place.pids(), []
    with trial.load() as course:
        for _n in range(kills(3)):
            time.sleep(dice.uniform(0.3, 1.0))
            os.kill(dice.choice(place.writers()), signal.SIGKILL)
            until(lambda: not place.cluster.answers(), 2, "for the end of all sessions")
            until(place.cluster.answers, 10, "for the recovery")
            back.append(course.goes_on(BACK_WITHIN))
    trial.figures["longest until accepted s"] = round(max(back), 2)
    assert place.living() == lived


def test_it_starts_without_its_database_and_takes_events_once_it_is_there(trial, place):
    """F11: alive, not ready, and ready without a restart."""
    (key,) = place.take_sites(1)
    place.cluster.stop_postgres()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        web = place.start_web(listening)
        until(lambda: web.is_up, 30)
        assert get(port, "/livez")[0] == 200
        status, text = get(port, "/readyz")
        assert (status, "database" in text) == (503, True)
        status, headers, _body = post(port, {"site": key})
        assert (status, headers["retry-after"].isdigit()) == (503, True)
        place.cluster.start_postgres()
        seconds = until(lambda: get(port, "/readyz")[0] == 200, BACK_WITHIN, "for /readyz")
        assert post(port, {"site": key})[0] == 202
        trial.figures["ready after s"] = round(seconds, 2)
        place.end(web.process, signal.SIGTERM, 10)


def test_beat_starts_without_its_database(place):
    """F11: it waits for the database instead of ending, and everything with it."""
    place.end(place.others["beat"], signal.SIGTERM, 20)
    place.cluster.stop_postgres()
    place.start_other("beat")
    beat = place.others["beat"]
    with contextlib.suppress(subprocess.TimeoutExpired):
        beat.wait(20)
    assert beat.poll() is None


def test_it_is_not_ready_before_the_schema_is_there(place):
    """F11: a new database without tables takes no event, and says so."""
    place.ask("DROP DATABASE IF EXISTS bare")
    place.ask("CREATE DATABASE bare")
    url = place.environ["DATABASE_URL"].replace("/linkpro?", "/bare?")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        web = place.start_web(listening, DATABASE_URL=url, DATABASE_DIRECT_URL=url)
        until(lambda: web.is_up, 30)
        assert post(port, {"site": "anybody"})[0] == 503
        status = get(port, "/readyz")[0]
        place.end(web.process, signal.SIGTERM, 10)
    assert status == 503


def test_it_takes_events_without_redis(trial, place):
    """F11 and F5: nothing on an event's way needs Redis, at the start neither."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with place.redis.in_mode(Mode.REFUSE):
            web = place.start_web(listening)
            until(lambda: web.is_up, 30)
            assert get(port, "/readyz")[0] == 200
            with trial.load(port) as course:
                time.sleep(2)
                ledger = course.ledger
                place.redis.set(Mode.PASS)  # so that the worker hears of its work again
        place.end(web.process, signal.SIGTERM, 10)
    assert ledger.count("status") == 0


def test_a_full_database_sends_events_back(trial, place):
    """F12: an outsider takes every connection; ours were lost and cannot be made anew."""
    lived = place.pids()
    with trial.load() as course, contextlib.ExitStack() as outsider:
        mine = outsider.enter_context(place.cluster.connect("postgres"))
        began, strikes = time.time(), 0
        while strikes < 3:
            try:
                outsider.enter_context(place.cluster.connect("postgres"))
            except psycopg.OperationalError:
                strikes += 1
                mine.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = 'linkpro'"
                )
                time.sleep(0.05)
        until(lambda: course.ledger.count("status", "503") > 0, 10, "for a 503")
        until(lambda: not place.is_ready(), 2, "for /readyz to say no")
        trial.figures["full for s"] = round(time.time() - began, 1)
        outsider.close()
        trial.figures["until accepted s"] = round(course.goes_on(BACK_WITHIN), 2)
        until(place.is_ready, BACK_WITHIN, "for /readyz")
    assert place.living() == lived
