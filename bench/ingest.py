"""Single events: LinkPro's endpoint beside a DRF view that stores one row with the ORM."""

from __future__ import annotations

from contextlib import ExitStack

from bench import load
from bench.measure import Cost, spent
from bench.place import Place, serving
from bench.report import Report

ROUNDS = 2
WARM_UP_SECONDS, SECONDS = 1.5, 6.0
NAMES = {"linkpro": "LinkPro", "orm": "DRF view and ORM"}


def measure(place: Place) -> Report:
    """Both under the same load in turns, so that a busy minute of the machine meets both."""
    report = Report("Single events, 64 connections")
    costs = {name: Cost() for name in NAMES}
    results: dict[str, list[load.Result]] = {name: [] for name in NAMES}
    with ExitStack() as stack:
        servers = {name: stack.enter_context(serving(name)) for name in NAMES}
        for name, (_pid, port) in servers.items():
            _course(place, report, name, port, WARM_UP_SECONDS)
        for name in [*NAMES] * ROUNDS:
            pid, port = servers[name]
            with spent(place.postmaster, web=pid) as cost:
                results[name].append(_course(place, report, name, port, SECONDS))
            costs[name].add(cost)
    each = {name: _lines(report, name, results[name], costs[name]) for name in NAMES}
    report.line("CPU of the DRF view, in LinkPros", each["orm"] / each["linkpro"], "times")
    return report


def _course(place: Place, report: Report, name: str, port: int, seconds: float) -> load.Result:
    """Load, and compare what was acknowledged with what is stored."""
    before = place.events()
    result = load.run(port, seconds)
    report.check(f"{NAMES[name]}: events stored", result.acknowledged, place.events() - before)
    report.check(f"{NAMES[name]}: requests refused", 0, result.refused)
    return result


def _lines(report: Report, name: str, results: list[load.Result], cost: Cost) -> float:
    """The lines of one; microseconds of CPU for an event."""
    n = sum(result.acknowledged for result in results)
    label = NAMES[name]
    report.line(f"{label}: CPU of an event, web", cost.each("web", n), "µs")
    report.line(f"{label}: CPU of an event, PostgreSQL", cost.each("postgres", n), "µs")
    report.line(f"{label}: events", n / sum(result.seconds for result in results), "/ s")
    report.line(f"{label}: p50", max(result.p50_ms for result in results), "ms")
    report.line(f"{label}: p99", max(result.p99_ms for result in results), "ms")
    return cost.all_each(n)
