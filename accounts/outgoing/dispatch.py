"""The outbox's way out: rows are leased, sent in parallel, and what came of it is written down.

A message is sent outside of any transaction; its attempt and its new state are written in one. Who
dies between sending and writing leaves a lease that runs out: the message is sent once more, with
the same id. Who comes back after its lease has run out writes nothing.

Messages stand in lanes (`OutboxMessage.lane`) that take turns, and of each lane only a few are on
their way at a time: whoever hangs or has ten thousand messages delays nobody else.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from itertools import groupby
from time import monotonic
from typing import Any, NamedTuple

import structlog
from django.db import connection, transaction
from django.utils import timezone

from accounts import vault
from accounts.models import OutboxAttempt, OutboxMessage
from accounts.outgoing import outbox, smtp
from accounts.outgoing.legible import one_line
from accounts.outgoing.outcome import Outcome, Result, gone, retry
from accounts.outgoing.retries import MOST_TRIES, wait_after
from accounts.outgoing.senders import SENDERS, TOLD

log = structlog.get_logger()

# Longer than any sender takes: mail ends after a minute, webhooks after a quarter.
LEASE = timedelta(seconds=150)
AT_ONCE = 24  # messages that one task has on their way
PER_LANE = 2
PER_INSTALLATION = 8  # mails by the installation's own server, whosever they are
LOOK_AGAIN_SECONDS = 0.25
MAX_DETAIL = 500
State = OutboxMessage.State


# --- Leased -----------------------------------------------------------------------------------

# Any number; who holds it counts what is on its way and takes more, for some milliseconds.
CLAIM_LOCK = 7_205_759_403_792_794

# Of each lane with waiting rows its next ones. The lanes are found by jumping through the index
# from one to the next, so ten thousand rows of one lane cost no more than two. A lane is one
# tenant's: what a suspended one has in it waits, and no try of it is counted.
DUE = """
WITH RECURSIVE lanes(lane) AS (
  (SELECT lane FROM accounts_outboxmessage WHERE state = 'waiting' ORDER BY lane LIMIT 1)
  UNION ALL
  SELECT (SELECT m.lane FROM accounts_outboxmessage m
          WHERE m.state = 'waiting' AND m.lane > lanes.lane ORDER BY m.lane LIMIT 1)
  FROM lanes WHERE lanes.lane IS NOT NULL
)
SELECT due.id, due.lane, due.next_at, due.channel = 'mail' AND server.id IS NULL
FROM lanes
CROSS JOIN LATERAL (
  SELECT id, lane, next_at, channel, tenant_id FROM accounts_outboxmessage m
  WHERE m.state = 'waiting' AND m.lane = lanes.lane AND m.next_at <= %(now)s
    AND m.channel = ANY(%(channels)s) AND (m.leased_until IS NULL OR m.leased_until <= %(now)s)
  ORDER BY m.next_at LIMIT %(per_lane)s FOR UPDATE SKIP LOCKED
) due
LEFT JOIN accounts_mailserver server ON server.tenant_id = due.tenant_id
LEFT JOIN accounts_tenant tenant ON tenant.id = due.tenant_id
WHERE tenant.suspended_at IS NULL
"""
ON_THEIR_WAY = """
SELECT m.lane, m.channel = 'mail' AND server.id IS NULL, count(*) FROM accounts_outboxmessage m
LEFT JOIN accounts_mailserver server ON server.tenant_id = m.tenant_id
WHERE m.state = 'waiting' AND m.leased_until > %(now)s GROUP BY 1, 2
"""


class Due(NamedTuple):
    id: uuid.UUID
    lane: str
    next_at: datetime
    by_installation: bool


@transaction.atomic
def claim(most: int, now: datetime) -> list[OutboxMessage]:
    """Lease up to `most` messages that are due, lanes in turn; their tries are counted by it."""
    found: dict[str, Any] = {"now": now, "channels": list(SENDERS), "per_lane": PER_LANE}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])
        cursor.execute(ON_THEIR_WAY, found)
        busy = cursor.fetchall()
        cursor.execute(DUE, found)
        due = [Due(*row) for row in cursor.fetchall()]
    chosen = _in_turn(due, busy, most)
    if not chosen:
        return []
    rows = OutboxMessage.plain.filter(pk__in=chosen).select_related(
        "tenant__mail_server", "endpoint"
    )
    messages = sorted(rows, key=lambda row: chosen.index(row.pk))
    for message in messages:
        message.lease, message.leased_until = uuid.uuid4(), now + LEASE
        message.next_at = message.leased_until  # behind the others, should we end before it is sent
        message.attempts += 1
    OutboxMessage.plain.bulk_update(messages, ["lease", "leased_until", "next_at", "attempts"])
    return messages


def _in_turn(due: list[Due], busy: list[tuple[str, bool, int]], most: int) -> list[uuid.UUID]:
    """Of every lane the first, then of every lane the second, as far as there is room."""
    on_way = defaultdict(int, {lane: number for lane, _own, number in busy})
    room = PER_INSTALLATION - sum(number for _lane, own, number in busy if own)
    turns = []
    by_lane = groupby(
        sorted(due, key=lambda row: (row.lane, row.next_at)), key=lambda row: row.lane
    )
    for lane, rows in by_lane:
        turns += list(enumerate(rows, start=on_way[lane]))
    chosen: list[uuid.UUID] = []
    for turn, row in sorted(turns, key=lambda pair: (pair[0], pair[1].next_at)):
        if len(chosen) == most or turn >= PER_LANE:
            break
        if row.by_installation:
            room -= 1
        if not row.by_installation or room >= 0:
            chosen.append(row.id)
    return chosen


# --- Sent -------------------------------------------------------------------------------------


def attempt(message: OutboxMessage) -> Outcome:
    """Try to send a leased message, without touching the database. Never raises."""
    if message.attempts > MOST_TRIES:  # nobody lived to tell of the tries before
        return gone("Every process that tried to send this ended before it was done.")
    try:
        content = outbox.content_of(message)
    except vault.Unreadable:
        return gone("The content does not open with the installation's keys any more.")
    try:
        return SENDERS[message.channel](message, content)
    except Exception:  # a mistake of ours in one message must not end the others' way
        log.exception("outbox_send_failed", message=str(message.pk), channel=message.channel)
        return retry("Something went wrong within the installation; its log says what.")


@transaction.atomic
def note(message: OutboxMessage, outcome: Outcome, began: datetime, now: datetime) -> bool:
    """Write down what came of a leased message; False, and nothing, where the lease is lost."""
    held = OutboxMessage.plain.select_for_update().filter(
        pk=message.pk, lease=message.lease, state=State.WAITING
    )
    if not held.exists():
        log.warning("outbox_lease_lost", message=str(message.pk), result=outcome.result)
        return False
    OutboxAttempt.objects.create(
        message=message,
        number=message.history.count() + 1,
        at=began,
        delivered=outcome.result == Result.DELIVERED,
        status=outcome.status,
        detail=one_line(outcome.detail, MAX_DETAIL),
        seconds=(now - began).total_seconds(),
    )
    wait = wait_after(message.attempts, outcome.after)
    message.lease = message.leased_until = None
    if outcome.result == Result.RETRY and wait is not None:
        message.next_at = now + wait
    else:
        sent = outcome.result == Result.DELIVERED
        message.state = State.SENT if sent else State.FAILED
        message.finished_at = now
    message.save(update_fields=["lease", "leased_until", "next_at", "state", "finished_at"])
    TOLD[message.channel](message, outcome, now)
    return True


def send_due(seconds: float = 20.0) -> int:
    """Send what is due, and what becomes due meanwhile; returns how many tries there were.

    For `seconds` new messages are taken; then the ones on their way are waited for, each of which
    has a deadline of its own. All rows are read and written by the calling thread.
    """
    until = monotonic() + seconds
    running: dict[Future[Outcome], tuple[OutboxMessage, datetime]] = {}
    tries = 0
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="outbox") as pool:
        while True:
            free = AT_ONCE - len(running)
            for message in claim(free, timezone.now()) if free and monotonic() < until else []:
                running[pool.submit(attempt, message)] = (message, timezone.now())
                tries += 1
            if not running:
                break
            done, _rest = wait(running, LOOK_AGAIN_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                message, began = running.pop(future)
                note(message, future.result(), began, timezone.now())
    smtp.close_idle()
    return tries


# --- Forgotten --------------------------------------------------------------------------------


def forget_old(now: datetime, content_days: int, days: int) -> dict[str, Any]:
    """Wipe the content of what left or was called back, and delete what is over for long.

    What was given up keeps its content until it is deleted, so that it can be sent again.
    """
    done = OutboxMessage.plain.filter(finished_at__isnull=False)
    old = done.filter(finished_at__lt=now - timedelta(days=days))
    deleted = old.count()
    old.delete()
    read = done.filter(
        state__in=[State.SENT, State.CANCELLED],
        sealed__isnull=False,
        finished_at__lt=now - timedelta(days=content_days),
    )
    return {"deleted": deleted, "wiped": read.update(sealed=None)}
