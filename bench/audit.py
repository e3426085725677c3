"""What it costs to write down a change, and how fast the log is chained and checked."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from bench.measure import Cost, spent
from bench.place import Place
from bench.report import Report

CHANGES, ROUNDS = 200, 3
ENTRIES = 20_000


def measure(place: Place) -> Report:
    """Changes with and without an entry in turns; then a log is written, chained and checked."""
    from accounts.models import Tenant

    report = Report("The audit log")
    tenant = Tenant.objects.create(name="Audited")
    _compare(place, report, tenant)
    _chain(report, tenant)
    return report


def _compare(place: Place, report: Report, tenant: Any) -> None:
    from django.db import transaction

    from accounts import audit
    from accounts.models import Tenant

    def change(number: int) -> None:
        with transaction.atomic():
            Tenant.objects.filter(pk=tenant.pk).update(name=f"Audited {number}")

    def recorded(number: int) -> None:
        with transaction.atomic():
            Tenant.objects.filter(pk=tenant.pk).update(name=f"Audited {number}")
            told = {"name": [f"Audited {number - 1}", f"Audited {number}"]}
            audit.record("tenant.changed", tenant, tenant=tenant, actor=None, changes=told)

    ways: dict[str, Callable[[int], None]] = {"plain UPDATE": change, "recorded UPDATE": recorded}
    costs, waits = {way: Cost() for way in ways}, dict.fromkeys(ways, 0.0)
    for way in [*ways] * ROUNDS:
        began = time.perf_counter()
        with spent(place.postmaster, worker=os.getpid()) as cost:
            for number in range(CHANGES):
                ways[way](number)
        costs[way].add(cost)
        waits[way] += time.perf_counter() - began
    n = CHANGES * ROUNDS
    for way in ways:
        report.line(f"{way}, committed: CPU, web", costs[way].each("worker", n), "µs")
        report.line(f"{way}, committed: CPU, PostgreSQL", costs[way].each("postgres", n), "µs")
        report.line(f"{way}, committed: time", waits[way] * 1000 / n, "ms")
    ratio = costs["recorded UPDATE"].all_each(n) / costs["plain UPDATE"].all_each(n)
    report.line("CPU of a recorded change, in plain ones", ratio, "times")
    found = place.ask("SELECT count(*) FROM accounts_auditentry WHERE tenant_id = %s", tenant.pk)
    report.check("entries written", n, found)


def _chain(report: Report, tenant: Any) -> None:
    from django.utils import timezone

    from accounts.audit_log.chain import chain_committed
    from accounts.audit_log.chain_check import check
    from accounts.models import AuditEntry

    chain_committed()
    changes = {"name": ["Shop", "The shop"], "time_zone": ["UTC", "Europe/Berlin"]}
    AuditEntry.plain.bulk_create(
        [
            AuditEntry(
                tenant=tenant,
                actor_kind="person",
                actor_id=number % 50,
                action="site.changed",
                target_type="site",
                target_id=str(number % 500),
                changes=changes,
                request_id=f"{number:032x}",
            )
            for number in range(ENTRIES)
        ],
        batch_size=2_000,
    )
    began = time.perf_counter()
    chained = chain_committed()
    report.line("Chained", chained / (time.perf_counter() - began), "entries / s")
    report.check("entries chained", ENTRIES, chained)
    began = time.perf_counter()
    found = check(tenant.pk, timezone.now())
    report.line("Checked", found.entries / (time.perf_counter() - began), "entries / s")
    report.check("entries checked", ENTRIES + CHANGES * ROUNDS, found.entries)
    if found.broken:
        report.wrong.append(found.broken)
