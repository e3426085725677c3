"""The outbox: put in, taken out and written down, with few messages waiting and with many."""

from __future__ import annotations

import os
import time
from typing import Any

import psycopg

from bench.measure import Cost, spent
from bench.place import Place
from bench.report import Report

ADDED = 200
TAKEN = 200
# Messages that wait, and the lanes they stand in.
WAITING = {"100 in 10 lanes": (100, 10), "100,000 in 1 lane": (100_000, 1)}
WAITING |= {"100,000 in 10,000 lanes": (100_000, 10_000)}
SECONDS = 10.0

_TENANTS = """
INSERT INTO accounts_tenant (id, name, time_zone, date_format, logo_digest, colour, retention_days,
    recipient_domains, created_at, updated_at)
SELECT gen_random_uuid(), 'Lane ' || n, 'UTC', 'iso', '', '', 90, '{}', now(), now()
FROM generate_series(1, %s) AS n
"""
_SERVERS = """
INSERT INTO accounts_mailserver (id, tenant_id, server, port, from_address, username, use_tls,
    test_error, failure, updated_at)
SELECT gen_random_uuid(), id, 'smtp.example', 587, 'shop@example.com', '', true, '', '', now()
FROM accounts_tenant WHERE name LIKE 'Lane %%'
"""
_MESSAGES = """
INSERT INTO accounts_outboxmessage (id, tenant_id, channel, lane, kind, recipient, subject, sealed,
    state, attempts, next_at, created_at)
SELECT gen_random_uuid(), lane.id, 'mail', 'mail ' || lane.id, 'bench', 'reader@example.com',
    'Hello', decode(repeat('ab', 1000), 'hex'), 'waiting', 0, now() - n * interval '1 ms', now()
FROM generate_series(1, %(messages)s) AS n
JOIN (SELECT id, row_number() OVER () AS number FROM accounts_tenant WHERE name LIKE 'Lane %%') lane
    ON lane.number = 1 + n %% %(lanes)s
"""


def measure(place: Place) -> Report:
    """Nothing is sent: what a receiver takes is its own."""
    from accounts.models import OutboxMessage, Tenant

    report = Report("The outbox")
    _add(place, report, Tenant.objects.create(name="Sender"))
    with psycopg.connect(place.url, autocommit=True) as own:
        own.execute(_TENANTS, [max(lanes for _n, lanes in WAITING.values())])
        own.execute(_SERVERS)
        for what, (messages, lanes) in WAITING.items():
            own.execute("TRUNCATE accounts_outboxmessage CASCADE")
            own.execute(_MESSAGES, {"messages": messages, "lanes": lanes})
            own.execute("VACUUM ANALYZE accounts_outboxmessage")
            taken = _take(place, report, what)
            left = OutboxMessage.plain.filter(state=OutboxMessage.State.WAITING).count()
            report.check(f"{what}: left", messages - taken, left)
    return report


def _add(place: Place, report: Report, tenant: Any) -> None:
    """Each in a transaction of its own, as a request does it: composed, sealed, written."""
    from django.db import transaction

    from accounts.outgoing import outbox

    began = time.perf_counter()
    with spent(place.postmaster, worker=os.getpid()) as cost:
        for number in range(ADDED):
            with transaction.atomic():
                to = f"reader{number}@example.com"
                outbox.add_mail("bench", to, "Hello", "Hello reader.\n" * 40, tenant=tenant)
                transaction.get_connection().run_on_commit.clear()  # waking a worker: Redis' time
    report.line("Put in, committed: CPU", cost.all_each(ADDED) / 1000, "ms")
    report.line("Put in, committed", ADDED / (time.perf_counter() - began), "/ s")


def _take(place: Place, report: Report, what: str) -> int:
    """Lease what is due and write down that it was delivered; returns how many."""
    from django.utils import timezone

    from accounts.outgoing import dispatch
    from accounts.outgoing.outcome import delivered

    leasing, writing, claims, taken, began = Cost(), Cost(), 0, 0, time.perf_counter()
    while taken < TAKEN and time.perf_counter() - began < SECONDS:
        now = timezone.now()
        with spent(place.postmaster, worker=os.getpid()) as cost:
            messages = dispatch.claim(dispatch.AT_ONCE, now)
        leasing.add(cost)
        if not messages:
            break
        with spent(place.postmaster, worker=os.getpid()) as cost:
            for message in messages:
                dispatch.note(message, delivered(250), now, now)
        writing.add(cost)
        claims, taken = claims + 1, taken + len(messages)
    seconds = time.perf_counter() - began
    report.line(f"{what}: messages of a lease", taken / max(claims, 1), "")
    report.line(f"{what}: CPU of a lease", leasing.all_each(claims) / 1000, "ms")
    report.line(f"{what}: CPU of writing one down", writing.all_each(taken) / 1000, "ms")
    report.line(f"{what}: leased and written down", taken / seconds, "/ s")
    return taken
