"""Events of people who agreed: as served, and with the site's lasting secret lying open.

The secret is unsealed once a minute, by each process, for each site; this shows what that costs.
"""

from __future__ import annotations

from contextlib import ExitStack

from bench import load
from bench.measure import Cost, spent
from bench.place import Place, serving
from bench.report import Report

ROUNDS = 3
WARM_UP_SECONDS, SECONDS = 1.5, 3.0
NAMES = {"linkpro": "sealed", "unsealed": "lying open"}


def measure(place: Place) -> Report:
    """Both under the same load in turns, so that a busy minute of the machine meets both."""
    report = Report("Single events of people who agreed, 64 connections")
    costs = {name: Cost() for name in NAMES}
    results: dict[str, list[load.Result]] = {name: [] for name in NAMES}
    with ExitStack() as stack:
        servers = {name: stack.enter_context(serving(name)) for name in NAMES}
        for _pid, port in servers.values():
            load.run(port, WARM_UP_SECONDS, agreed=True)
        for name in [*NAMES] * ROUNDS:
            pid, port = servers[name]
            before = place.events()
            with spent(place.postmaster, web=pid) as cost:
                result = load.run(port, SECONDS, agreed=True)
            report.check(f"{name}: events stored", result.acknowledged, place.events() - before)
            results[name].append(result)
            costs[name].add(cost)
    each, rates = {}, {}
    for name, label in NAMES.items():
        n = sum(result.acknowledged for result in results[name])
        each[name] = costs[name].all_each(n)
        rates[name] = n / sum(result.seconds for result in results[name])
        report.line(f"{label}: CPU of an event, web", costs[name].each("web", n), "µs")
        report.line(f"{label}: CPU of an event, PostgreSQL", costs[name].each("postgres", n), "µs")
        report.line(f"{label}: events", rates[name], "/ s")
    ratio = each["linkpro"] / each["unsealed"]
    report.line("CPU with sealed secrets, in that without", ratio, "times")
    report.line(
        "Rate with sealed secrets, in that without", rates["linkpro"] / rates["unsealed"], "times"
    )
    named = "SELECT count(DISTINCT visitor) FROM tracking_event WHERE visitor IS NOT NULL"
    report.line("Visitors", place.ask(named), "")
    return report
