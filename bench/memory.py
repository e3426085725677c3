"""How much memory a web process holds once it has taken events and drawn pages."""

from __future__ import annotations

import re

from bench import load
from bench.measure import PROC
from bench.place import SITE_KEY, Place, serving
from bench.report import Report
from bench.visit import Reader, sign_in

GOAL_MB = 150


def resident(pid: int) -> float:
    """The memory of a process that is in RAM, in MB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", (PROC / str(pid) / "status").read_text())
    return int(found[1]) / 1000 if found else 0.0


def measure(place: Place) -> Report:
    """At the start, after events, after pages; nothing is ever given back."""
    from django.utils import timezone

    from accounts.models import Site
    from analytics.rollup import rebuild_due

    report = Report(f"Memory of a web process (goal: under {GOAL_MB} MB)")
    site = Site.plain.select_related("tenant").get(key=SITE_KEY)
    cookie = sign_in(site.tenant)
    with serving("linkpro") as (pid, port):
        report.line("After the first answer", resident(pid), "MB")
        load.run(port, 4.0)
        report.line("After single events for 4 s", resident(pid), "MB")
        load.run(port, 4.0, 4, 500)
        report.line("After batches of 500 for 4 s", resident(pid), "MB")
        rebuild_due(timezone.now())
        reader = Reader(port, cookie)
        for _n in range(50):
            reader.get(f"/sites/{SITE_KEY}?period=today")
        report.line("After 50 overviews", resident(pid), "MB")
    return report
