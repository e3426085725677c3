"""Senders with wrong clocks, and senders that know no site."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults import invariants
from tests.faults.load import CHROME, Request, Wire
from tests.faults.place import Place, Web, post, until
from tracking.models.events import EventFlag

KEYS, ROUNDS, CONNECTIONS = 2_500, 4, 32
# Debian's package libfaketime
OTHER_TIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
A_WHILE = timedelta(minutes=1)


def stored(place: Place, event: str) -> tuple[datetime, datetime, int]:
    """When it happened, when it arrived, and its flags."""
    ((happened, arrived, flags),) = place.ask(
        "SELECT occurred_at, received_at, flags FROM tracking_event WHERE event_id = %s", [event]
    )
    return happened, arrived, flags


@pytest.mark.parametrize("days", [-400, -30, -0.05, 0.05, 30, 400])
def test_a_devices_wrong_clock_is_corrected(place, days):
    """F17: what happened a minute before it was sent happened a minute ago."""
    (key,) = place.take_sites(1)
    event, theirs = str(uuid.uuid4()), datetime.now(UTC) + timedelta(days=days)
    when = {"sent_at": theirs.isoformat(), "timestamp": (theirs - A_WHILE).isoformat()}
    assert post(place.port, {"site": key, "id": event, **when})[0] == 202
    happened, arrived, flags = stored(place, event)
    assert abs(happened - (arrived - A_WHILE)) < timedelta(seconds=2)
    assert flags & EventFlag.CLOCK_CORRECTED


@pytest.mark.parametrize("days", [-400, -30, 0.05, 30, 400])
def test_a_time_that_cannot_be_is_the_time_of_arrival(place, days):
    """F17: without `sent_at` a far day is not believed, and the event says so."""
    (key,) = place.take_sites(1)
    event, theirs = str(uuid.uuid4()), datetime.now(UTC) + timedelta(days=days)
    assert post(place.port, {"site": key, "id": event, "timestamp": theirs.isoformat()})[0] == 202
    happened, arrived, flags = stored(place, event)
    assert happened == arrived
    assert flags & EventFlag.CLOCK_CLAMPED


@pytest.mark.skipif(OTHER_TIME is None, reason="there is no libfaketime")
@pytest.mark.parametrize("skew", ["+3d", "-3d", "+5m"])
def test_our_own_wrong_clock_moves_no_event(place, skew):
    """F17: the database's clock says when an event arrived, not a web process's."""
    (key,) = place.take_sites(1)
    event = str(uuid.uuid4())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        other_time = {"LD_PRELOAD": str(OTHER_TIME), "FAKETIME": skew, "DONT_FAKE_MONOTONIC": "1"}
        web = place.start_web(listening, **other_time)
        until(lambda: web.is_up, 30)
        assert post(listening.getsockname()[1], {"site": key, "id": event})[0] == 202
        place.end(web.process, signal.SIGTERM, 10)
    _happened, arrived, _flags = stored(place, event)
    assert abs(datetime.now(UTC) - arrived) < timedelta(seconds=30)


def transactions(place: Place) -> int:
    """How many the database has seen so far; its processes tell with a second's delay."""
    time.sleep(1.5)
    query = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'linkpro'"
    ((found,),) = place.ask(query)
    return found


def megabytes(web: Web) -> float:
    """The memory of a process."""
    lines = Path(f"/proc/{web.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


async def _send_all(port: int, keys: list[str]) -> list[int]:
    """One event for each key, over some connections; the statuses."""
    left = iter(keys)

    async def sender() -> list[int]:
        wire, statuses = Wire(port), []
        for key in left:
            event: dict[str, Any] = {"id": str(uuid.uuid4())}
            request = Request(key, [event], set(), CHROME, "127.0.0.1")
            statuses.append((await wire.post(request))[0])
        wire.close()
        return statuses

    found = await asyncio.gather(*(sender() for _n in range(CONNECTIONS)))
    return [status for statuses in found for status in statuses]


def test_a_stampede_of_unknown_keys_reaches_the_database_once_a_key(trial, place, dice):
    """F27: what is no site is remembered for a while, and looked up together."""
    names = [f"unknown{n:05}" for n in range(KEYS)]
    keys = [name for _n in range(ROUNDS) for name in dice.sample(names, KEYS)]
    booked, memory = invariants.refusals_of_no_site(place), max(map(megabytes, place.webs))
    before, began = transactions(place), time.monotonic()
    statuses = asyncio.run(_send_all(place.port, keys))
    seconds = time.monotonic() - began
    spent = transactions(place) - before
    grown = max(map(megabytes, place.webs)) - memory
    trial.figures |= {"requests": len(keys), "transactions": spent, "s": round(seconds, 1)}
    trial.figures["grown MB"] = round(grown, 1)
    assert set(statuses) == {400}
    assert (invariants.refusals_of_no_site(place) - booked)["site_unknown"] == len(keys)
    # Each of two processes may look up each key; the outcomes of many requests share a commit.
    assert spent < len(keys) / 2
    assert grown < 50
