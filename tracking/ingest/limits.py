"""How much one sender may send: a bucket per address, kept in this process alone.

It asks nobody, so nothing that is away can open or close it. An address that says nothing about
its sender is not limited: loopback is a proxy of this machine that nobody has named as trusted.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict

from django.conf import settings

MOST_BUCKETS = 50_000


class Buckets:
    """One bucket a sender: `burst` events at once, refilled with so many a second; 0: no limit.

    A body is taken whole: its sender pays for all its events afterwards, and waits longer.
    """

    def __init__(self, per_second: float, burst: int) -> None:
        self.per_second, self.burst = per_second, burst
        self.levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def _level(self, sender: str, now: float) -> float:
        level, at = self.levels.get(sender, (self.burst, now))
        return min(self.burst, level + (now - at) * self.per_second)

    def wait(self, sender: str) -> int:
        """Whole seconds until the sender may send again; 0: now."""
        if not sender or not self.per_second:
            return 0
        level = self._level(sender, time.monotonic())
        return math.ceil((1 - level) / self.per_second) if level < 1 else 0

    def take(self, sender: str, events: int) -> None:
        """Book events that came in."""
        if not sender or not self.per_second:
            return
        now = time.monotonic()
        self.levels[sender] = (self._level(sender, now) - events, now)
        self.levels.move_to_end(sender)
        if len(self.levels) > MOST_BUCKETS:  # who has been silent for longest has a full one
            self.levels.popitem(last=False)


_buckets: Buckets | None = None


def buckets() -> Buckets:
    """The buckets of this process."""
    global _buckets
    wanted = (settings.INGEST_EVENTS_PER_SECOND, settings.INGEST_BURST)
    if _buckets is None or (_buckets.per_second, _buckets.burst) != wanted:
        _buckets = Buckets(*wanted)
    return _buckets


def forget() -> None:
    """Fill all buckets, as a new process would."""
    global _buckets
    _buckets = None
