"""Web processes that die, stop, or are replaced while events come in."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from random import Random

import pytest

from tests.faults.load import Options, Pages, Request, Wire
from tests.faults.place import Place, until

SENDERS, MOST_A_REQUEST = 8, 21
STOPS_WITHIN = 10.0


@pytest.mark.smallest
def test_a_killed_web_process_loses_nothing_it_acknowledged(trial, place, dice, kills):
    """F1: the other process answers; what was stored without an answer is a duplicate later."""
    strikes = kills(2)
    with trial.load(senders=SENDERS, pause=0.005) as course:
        for _n in range(strikes):
            time.sleep(dice.uniform(0.1, 1.0))
            web = dice.choice(place.webs)
            place.end(web.process, signal.SIGKILL, 10)
            course.goes_on(5)
            place.replace(web)
    assert trial.figures["only as duplicate"] <= strikes * SENDERS * MOST_A_REQUEST


async def _while_locked(place: Place, port: int, requests: list[Request], stop, hold: float):
    """Send all while no event can be stored, stop the process, hold on; statuses by request."""

    async def status(request: Request) -> int:
        wire = Wire(port)
        try:
            return (await wire.post(request))[0]
        except (OSError, EOFError):
            return 0
        finally:
            wire.close()

    with place.cluster.connect() as connection:
        connection.autocommit = False
        connection.execute("LOCK TABLE tracking_event IN ACCESS EXCLUSIVE MODE")
        answers = [asyncio.create_task(status(request)) for request in requests]
        await asyncio.sleep(0.5)
        stop()
        await asyncio.sleep(hold)
        connection.rollback()
        return await asyncio.gather(*answers)


@pytest.mark.parametrize("hold", [0.5, STOPS_WITHIN], ids=["released", "held"])
def test_a_stopping_web_process_answers_all_that_it_has_taken(trial, place, dice, hold):
    """F2: SIGTERM with a full queue. What can be stored is, the rest is sent back, in time."""
    sites = place.take_sites()
    pages = Pages(Random(trial.seed), Options(0, "", list(sites), bad=0))
    requests = [pages.request() for _n in range(100)]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        web = place.start_web(listening)
        until(lambda: web.is_up, 30)
        port = listening.getsockname()[1]
        told: list[float] = []
        ends: list[float] = []

        def stop() -> None:
            told.append(time.monotonic())
            web.process.send_signal(signal.SIGTERM)

        async def course() -> list[int]:
            work = asyncio.create_task(_while_locked(place, port, requests, stop, hold))
            while web.process.poll() is None:
                await asyncio.sleep(0.02)
            ends.append(time.monotonic())
            return await work

        statuses = asyncio.run(course())
    trial.figures |= {"stopped after s": round(ends[0] - told[0], 2)}
    trial.figures |= {str(status): statuses.count(status) for status in set(statuses)}
    assert set(statuses) <= {202, 503}
    assert ends[0] - told[0] < STOPS_WITHIN
    stored = {
        event
        for (event,) in place.ask(
            "SELECT event_id::text FROM tracking_event WHERE site_id = ANY(%s)",
            [list(sites.values())],
        )
    }
    kept = {
        event["id"]
        for request, status in zip(requests, statuses, strict=True)
        for event in request.events
        if status == 202
    }
    assert kept <= stored
    assert bool(kept) == (hold < 1)


def test_a_rolling_restart_refuses_nobody(trial, place, kills):
    """F3: the socket stays open in the hands of whoever starts the processes."""
    with trial.load() as course:
        for _n in range(kills(2)):
            for web in list(place.webs):
                place.end(web.process, signal.SIGTERM, STOPS_WITHIN)
                course.goes_on(5)
                place.replace(web)
        ledger = course.ledger
    trial.figures |= {"stale": ledger.count("cut", "stale")}
    assert ledger.count("cut", "refused") == 0
    assert ledger.count("cut", "hung") == 0
    assert ledger.count("cut", "cut") == 0  # no connection ends before its first answer
