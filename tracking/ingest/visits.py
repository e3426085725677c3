"""Visits to our own pages: events that nobody waits for, and that never hold up a page.

A visit becomes an event when it can; while it cannot, it is kept in memory and tried again. What is
finally lost is counted, and the count is written down once the database is back.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import partial

import structlog

from accounts.addresses import sender_of
from tracking.ingest import directory, steps
from tracking.ingest.app import patiently
from tracking.ingest.committer import committer
from tracking.ingest.directory import NotLoaded
from tracking.ingest.exchange import Unavailable, known
from tracking.ingest.fields import Dropped
from tracking.ingest.limits import buckets
from tracking.ingest.samples import Refusal
from tracking.ingest.steps import Arrival
from tracking.ingest.wire import CLICK, Hit

log = structlog.get_logger(__name__)

# So long a page waits for its visit to be committed.
PATIENCE_SECONDS = 0.25
# So many wait for a database that is away, and each for so long; the rest is lost, and counted.
MOST_WAITING = 2_000
KEPT_SECONDS = 600.0
RETRIES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds; the last one over and over
BOOKING_SECONDS = 2.0
LIMITED = "rate_limited"


@dataclass(frozen=True, slots=True)
class Visit:
    """A view of a page of ours or a click on a link; `arrival.visited` says of which.

    `arrival.received_at` is the time by this machine's own clock.
    """

    hit: Hit
    arrival: Arrival

    @property
    def site_id(self) -> int:
        """In whose books it stands."""
        assert self.arrival.visited is not None
        return self.arrival.visited.site.id

    @property
    def unstored(self) -> str:
        """The outcome of a visit that is lost."""
        return "redirect_unstored" if self.hit.name == CLICK else "view_unstored"


def is_too_much(visit: Visit) -> bool:
    """Whether this visitor visits more than one address may; if not, the visit is booked."""
    sender = sender_of(visit.arrival.address)
    if buckets().wait(sender):
        return True
    buckets().take(sender, 1)
    return False


def event_of(visit: Visit) -> Generator[NotLoaded | None, None, Hit]:
    """The visit after its steps. Raises `Dropped` where the site does not want it."""
    skew = yield from known(partial(directory.clock_skew.get, None))
    at = visit.arrival.received_at + skew
    return (yield from known(partial(steps.run, visit.hit, replace(visit.arrival, received_at=at))))


class Lost:
    """How many visits of which site were not stored, and why, until that is written down."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[int, str]] = Counter()

    def add(self, site_id: int, reason: str) -> None:
        """One more."""
        if reason != LIMITED and not self.counts[site_id, reason]:
            log.error("visits are lost", site=site_id, outcome=reason)
        self.counts[site_id, reason] += 1

    def take(self) -> list[Refusal]:
        """All of them, as the writer counts them."""
        taken, self.counts = self.counts, Counter()
        return [Refusal(site, reason, times=n) for (site, reason), n in taken.items()]

    def put_back(self, refusals: list[Refusal]) -> None:
        """They could not be written down."""
        for refusal in refusals:
            assert refusal.site_id is not None
            self.counts[refusal.site_id, refusal.reason] += refusal.times


class Visits:
    """The visits of this process and its event loop that are not stored yet."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.tasks: set[asyncio.Task[None]] = set()
        self.waiting: dict[asyncio.Task[None], Visit] = {}
        self.lost = Lost()
        self.booking: asyncio.Task[None] | None = None
        self.failing = False  # the last try to store one was in vain

    async def store(self, visit: Visit) -> None:
        """Returns once the visit is committed, or after `PATIENCE_SECONDS`; never raises."""
        if is_too_much(visit):
            self._lose(visit, LIMITED)
        elif len(self.waiting) >= MOST_WAITING:
            self._lose(visit, visit.unstored)
        else:
            task = self.loop.create_task(self._keep(visit))
            self.waiting[task] = visit
            task.add_done_callback(self.waiting.pop)
            if not self.failing:
                await asyncio.wait((task,), timeout=PATIENCE_SECONDS)

    async def _keep(self, visit: Visit) -> None:
        until, waits = time.monotonic() + KEPT_SECONDS, iter(RETRIES)
        while True:
            try:
                await self._store(visit)
            except Unavailable:
                self.failing = True
                if time.monotonic() > until:
                    return self._lose(visit, visit.unstored)
                await asyncio.sleep(next(waits, RETRIES[-1]))
            except Exception:
                log.exception("visit not stored")
                return self._lose(visit, visit.unstored)
            else:
                self.failing = False
                return None

    async def _store(self, visit: Visit) -> None:
        try:
            hit = await patiently(event_of(visit))
        except Dropped as dropped:
            await committer().store([], [Refusal(visit.site_id, dropped.reason)])
        else:
            await committer().store([hit], [])

    def _lose(self, visit: Visit, reason: str) -> None:
        self.lost.add(visit.site_id, reason)
        if self.booking is None or self.booking.done():
            self.booking = self.loop.create_task(self._book())

    async def _book(self) -> None:
        while self.lost.counts:
            await asyncio.sleep(BOOKING_SECONDS)
            await self._book_once()

    async def _book_once(self) -> None:
        refusals = self.lost.take()
        try:
            await committer().store([], refusals)
        except Unavailable:
            self.lost.put_back(refusals)

    async def close(self) -> None:
        """Store what can be stored at once; the rest is lost, counted if possible, and told."""
        if self.waiting:
            await asyncio.wait(self.waiting, timeout=0 if self.failing else 2.0)
        for task, visit in list(self.waiting.items()):
            task.cancel()
            self.lost.add(visit.site_id, visit.unstored)
        if self.booking is not None:
            self.booking.cancel()
        if self.lost.counts:
            await self._book_once()
        for (site, reason), n in self.lost.counts.items():
            log.error("visits are lost uncounted", site=site, outcome=reason, visits=n)


_visits: Visits | None = None


def visits() -> Visits:
    """The visits of this process and its event loop."""
    global _visits
    if _visits is None or _visits.loop is not asyncio.get_running_loop():
        _visits = Visits()
    return _visits


async def shut_down() -> None:
    """Called when the server stops, before the committer ends."""
    global _visits
    if _visits is not None:
        await _visits.close()
        _visits = None
