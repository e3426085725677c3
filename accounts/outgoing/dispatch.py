"""The outbox's way out: rows are leased, sent in parallel, and what came of it is written down.

A message is sent outside of any transaction; its attempt and its new state are written in one. Who
dies between sending and writing leaves a lease that runs out: the message is sent once more, with
the same id. Who comes back after its lease has run out writes nothing. A database that is away for
a moment, or a row that somebody holds, is waited for: nothing is sent twice for that.

Messages stand in lanes (`OutboxMessage.lane`) that take turns, and of each lane only a few are on
their way at a time: whoever hangs or has ten thousand messages delays nobody else.
"""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from itertools import groupby
from time import monotonic, sleep
from typing import Any, NamedTuple

import structlog
from django.db import OperationalError, connection, transaction
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
LANES = 200  # that are looked into at once
PER_INSTALLATION = 8  # mails by the installation's own server, whosever they are
LOOK_AGAIN_SECONDS = 0.25
# Whoever holds a row that is to be written holds up only what it is about.
LOCK_TIMEOUT = "100ms"
MAX_DETAIL = 500
State = OutboxMessage.State


# --- Leased -----------------------------------------------------------------------------------

# Any number; who holds it counts what is on its way and takes more, for some milliseconds.
CLAIM_LOCK = 7_205_759_403_792_794

# Of some lanes with waiting rows their next ones. The lanes are found by jumping through the index
# from one to the next, so ten thousand rows of one lane cost no more than two; they begin anywhere
# and go around, so ten thousand lanes cost no more than `LANES`. A lane is one tenant's: what a
# suspended one has in it waits, and no try of it is counted.
DUE = """
WITH RECURSIVE lanes(lane) AS (
  SELECT coalesce(
    (SELECT lane FROM accounts_outboxmessage WHERE state = 'waiting' AND lane > %(after)s
     ORDER BY lane LIMIT 1),
    (SELECT lane FROM accounts_outboxmessage WHERE state = 'waiting' ORDER BY lane LIMIT 1))
  UNION
  SELECT coalesce(
    (SELECT m.lane FROM accounts_outboxmessage m
     WHERE m.state = 'waiting' AND m.lane > lanes.lane ORDER BY m.lane LIMIT 1),
    (SELECT lane FROM accounts_outboxmessage WHERE state = 'waiting' ORDER BY lane LIMIT 1))
  FROM lanes WHERE lanes.lane IS NOT NULL
), asked AS (
  SELECT %(own)s AS lane UNION (SELECT lane FROM lanes LIMIT %(lanes)s)
)
SELECT due.id, due.lane, due.next_at, due.channel = 'mail' AND server.id IS NULL
FROM asked
CROSS JOIN LATERAL (
  SELECT id, lane, next_at, channel, tenant_id FROM accounts_outboxmessage m
  WHERE m.state = 'waiting' AND m.lane = asked.lane AND m.next_at <= %(now)s
    AND m.channel = ANY(%(channels)s) AND (m.leased_until IS NULL OR m.leased_until <= %(now)s)
  ORDER BY m.next_at LIMIT %(per_lane)s
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
    """Lease up to `most` messages that are due, lanes in turn; their tries are counted by it.

    `now` is the database's: by clocks of their own two workers would see each other's leases end.
    """
    # The ids of tenants and endpoints are random as well: every lane is met as often as others.
    after = f"{random.choice(('mail', 'webhook'))} {uuid.uuid4()}"  # noqa: S311 - no secret
    found: dict[str, Any] = {"now": now, "channels": list(SENDERS), "per_lane": PER_LANE}
    found |= {"after": after, "own": outbox.OWN_LANE, "lanes": LANES}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])
        cursor.execute(ON_THEIR_WAY, found)
        busy = cursor.fetchall()
        cursor.execute(DUE, found)
        due = [Due(*row) for row in cursor.fetchall()]
    chosen = _in_turn(due, busy, most)
    if not chosen:
        return []
    unheld = OutboxMessage.plain.select_for_update(of=("self",), skip_locked=True)
    rows = unheld.filter(pk__in=chosen, state=State.WAITING, next_at__lte=now).select_related(
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
    """Of every lane the first, then of every lane the second, as far as there is room.

    The installation's own mails go first: somebody waits for the code to sign in with.
    """
    on_way = defaultdict(int, {lane: number for lane, _own, number in busy})
    room = PER_INSTALLATION - sum(number for _lane, own, number in busy if own)
    turns = []
    by_lane = groupby(
        sorted(due, key=lambda row: (row.lane, row.next_at)), key=lambda row: row.lane
    )
    for lane, rows in by_lane:
        turns += list(enumerate(rows, start=on_way[lane]))
    chosen: list[uuid.UUID] = []
    for turn, row in sorted(turns, key=_order):
        if len(chosen) == most or turn >= PER_LANE:
            break
        if row.by_installation:
            room -= 1
        if not row.by_installation or room >= 0:
            chosen.append(row.id)
    return chosen


def _order(turn: tuple[int, Due]) -> tuple[int, bool, datetime]:
    number, row = turn
    return number, row.lane != outbox.OWN_LANE, row.next_at


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
    """Write down what came of a leased message; False, and nothing, where the lease is lost.

    Raises `OperationalError` where somebody holds a row that is to be written.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
    rows = OutboxMessage.plain.select_for_update().defer("sealed").order_by()
    held = rows.filter(pk=message.pk, lease=message.lease, state=State.WAITING).first()
    if held is None:
        log.warning("outbox_lease_lost", message=str(message.pk), result=outcome.result)
        return False
    OutboxAttempt.objects.create(
        message=message,
        number=held.history.count() + 1,
        at=began,
        delivered=outcome.result == Result.DELIVERED,
        status=outcome.status,
        detail=one_line(outcome.detail, MAX_DETAIL),
        seconds=(now - began).total_seconds(),
    )
    _settle(held, outcome, now)
    TOLD[message.channel](message, outcome, now)
    return True


def _settle(message: OutboxMessage, outcome: Outcome, now: datetime) -> None:
    """Give the lease back: the message is tried again, or it is over."""
    wait = wait_after(message.attempts, outcome.after)
    message.lease = message.leased_until = None
    if outcome.result == Result.RETRY and wait is not None:
        message.next_at = now + wait
    else:
        sent = outcome.result == Result.DELIVERED
        message.state = State.SENT if sent else State.FAILED
        message.finished_at = now
    message.save(update_fields=["lease", "leased_until", "next_at", "state", "finished_at"])


# --- All of it --------------------------------------------------------------------------------


class Try(NamedTuple):
    """A message that was sent, or not, which is still to be written down."""

    message: OutboxMessage
    outcome: Outcome
    began: datetime
    ended: datetime


def send_due(seconds: float = 20.0) -> int:
    """Send what is due, and what becomes due meanwhile; returns how many tries there were.

    For `seconds` new messages are taken; then the ones on their way are waited for, each of which
    has a deadline of its own. All rows are read and written by the calling thread.
    """
    until = monotonic() + seconds
    running: dict[Future[Outcome], tuple[OutboxMessage, datetime]] = {}
    over: list[Try] = []
    tries = 0
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="outbox") as pool:
        while True:
            free = AT_ONCE - len(running) - len(over)
            for message in _claimed(free) if free and monotonic() < until else []:
                running[pool.submit(attempt, message)] = (message, timezone.now())
                tries += 1
            if not running and not over:
                break
            over = [one for one in over + _ended(running) if not _is_noted(one)]
    smtp.close_idle()
    return tries


def _claimed(most: int) -> list[OutboxMessage]:
    """What is taken now; nothing while the database is away, so that the tries are not lost."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            (now,) = cursor.fetchone() or (timezone.now(),)
        return claim(most, now)
    except OperationalError as error:
        connection.close_if_unusable_or_obsolete()
        log.warning("outbox_not_claimed", error=type(error).__name__)
        return []


def _ended(running: dict[Future[Outcome], tuple[OutboxMessage, datetime]]) -> list[Try]:
    """Wait a moment for tries that end, and take them from those on their way."""
    if not running:
        sleep(LOOK_AGAIN_SECONDS)
    done, _rest = wait(running, LOOK_AGAIN_SECONDS, return_when=FIRST_COMPLETED)
    ended = []
    for future in done:
        message, began = running.pop(future)
        ended.append(Try(message, future.result(), began, timezone.now()))
    return ended


def _is_noted(one: Try) -> bool:
    """Write a try down; False where that is to be tried again, while the message is ours."""
    try:
        note(one.message, one.outcome, one.began, one.ended)
    except OperationalError as error:
        connection.close_if_unusable_or_obsolete()
        log.warning("outbox_not_noted", message=str(one.message.pk), error=type(error).__name__)
        return timezone.now() - one.began > LEASE
    except Exception:  # a mistake of ours in one message must not lose what came of the others
        log.exception("outbox_note_failed", message=str(one.message.pk))
    return True
