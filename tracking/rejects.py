"""Refused events: sent again once the reason is gone, forgotten after a while."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from tracking.ingest import directory, steps, wire, writer
from tracking.ingest.directory import NotLoaded
from tracking.ingest.fields import Dropped
from tracking.ingest.steps import Arrival
from tracking.ingest.wire import Hit, Unusable
from tracking.models import Rejected

KEPT = timedelta(days=30)
# Of what cannot be read as an event, only a piece of text is kept.
NO_EVENT = "no_event"
# It was refused for where it came from, which no sample tells: it stays refused.
NAMELESS = "own_traffic"
# Once a sample has ended so, there is nothing more to try.
SETTLED = frozenset({writer.STORED, writer.DUPLICATE, NO_EVENT})


def replay(rows: Iterable[Rejected]) -> Counter[str]:
    """Send the samples through the steps again, as of when they came; how many ended how.

    A sample says nothing of a person, so what is stored now has no visitor. An event whose id has
    been stored meanwhile is a `duplicate`; what is refused again keeps its row and is not counted
    in the books a second time.
    """
    ends: Counter[str] = Counter()
    for row in rows:
        row.replayed_at, row.outcome = timezone.now(), _replay(row)
        row.save(update_fields=["replayed_at", "outcome"])
        ends[row.outcome] += 1
    return ends


def _replay(row: Rejected) -> str:
    if row.reason == NAMELESS:
        return NAMELESS
    try:
        hit = _hit_of(row)
    except Dropped as dropped:
        return dropped.reason
    except Unusable:
        return NO_EVENT
    with writer.connect() as connection:
        (end,) = writer.write(connection, [hit])
    return end


def _hit_of(row: Rejected) -> Hit:
    """The sample as a hit. Raises `Dropped`, or `Unusable` where it is no event."""
    page = f"https://{row.page}" if row.page else ""
    came = Arrival(received_at=row.received_at, address="", agent="", origin=page)
    (item,) = wire.decode(row.sample.encode(), row.received_at)
    if isinstance(item, Dropped):
        raise item
    if row.site_id:
        item.site_key = row.site.key if row.site else ""
        # By the rules of now: what was refused is often sent again right after a change of them.
        directory.site_by_key.answers.pop(item.site_key, None)
    while True:
        try:
            return steps.run(item, came)
        except NotLoaded as missing:
            missing.load()


def forget_old(now: datetime) -> int:
    """Delete samples that are older than `KEPT`; returns how many."""
    old = Rejected.objects.unscoped("samples of every tenant die alike")
    return old.filter(received_at__lt=now - KEPT).delete()[0]
