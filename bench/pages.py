"""Reading: the overview and its questions at 100,000, 1,000,000 and 10,000,000 events.

Every page is set beside an empty view behind the same middleware, and all sizes stand in the same
tables and are asked in turns, so that a busy minute of the machine meets all of them.
"""

from __future__ import annotations

import os
import re
import zlib

from bench import world
from bench.place import Place, serving
from bench.report import Report
from bench.visit import Reader, Timings, sign_in
from bench.world import World

SIZES = (100_000, 1_000_000)
LARGE = 10_000_000
ROUNDS, TIMES, BUDGET_SECONDS = 5, 20, 6.0
PATIENCE_SECONDS = 60  # as in bench.probe, which only the server may import
EMPTY = "/bench/empty"


def sizes() -> tuple[int, ...]:
    """The sizes of this run: `--large` or `BENCH_LARGE=1` adds the largest."""
    return (*SIZES, LARGE) if os.environ.get("BENCH_LARGE") == "1" else SIZES


def _paths(made: World) -> dict[str, str]:
    days = f"first={made.first}&last={made.last}"
    return {
        "overview": f"/sites/{made.key}?{days}",
        "breakdown": f"/bench/breakdown/{made.key}?{days}",
        "filtered breakdown": f"/bench/filtered/{made.key}?{days}",
        "visitors now": f"/bench/now/{made.key}",
    }


def measure(place: Place) -> Report:
    """Make the worlds, then read them."""
    from accounts.models import Tenant

    report = Report("Pages for somebody signed in, 30 days, one at a time")
    tenant = Tenant.objects.create(name="Worlds")
    worlds = [world.make(place, report, tenant, size) for size in sizes()]
    read(place, report, worlds, sign_in(tenant))
    return report


def read(place: Place, report: Report, worlds: list[World], cookie: str) -> None:
    """Read the worlds in turns, `ROUNDS` times."""
    paths = {"empty view": EMPTY, "/livez": "/livez"}
    for made in worlds:
        paths |= {f"{made.size:,}: {what}": path for what, path in _paths(made).items()}
    timings = {what: Timings() for what in paths}
    with serving("probe") as (pid, port):
        reader = Reader(port, cookie)
        for what, path in paths.items():  # the first answers fill caches and are not counted
            timings[what].given_up = reader.get(path) is None
        for _round in range(ROUNDS):
            for made in worlds:
                world.liven(place, made)
            for what, path in paths.items():
                reader.repeat(path, timings[what], place, pid, TIMES, BUDGET_SECONDS)
        _lines(report, timings)
        for made in worlds:
            _size_of_page(report, reader, cookie, made)
    _claim(report, timings, worlds)


def _lines(report: Report, timings: dict[str, Timings]) -> None:
    empty = timings["empty view"].median
    for what, found in timings.items():
        if found.given_up:
            report.line(f"{what}: given up after", PATIENCE_SECONDS, "s")
            continue
        n = len(found.milliseconds)
        report.line(f"{what}: median of {n}", found.median, "ms")
        report.line(f"{what}: p95", found.quantile(0.95), "ms")
        report.line(f"{what}: median in empty views", found.median / empty, "times")
        report.line(f"{what}: CPU, web", found.cost.each("web", n) / 1000, "ms")
        report.line(f"{what}: CPU, PostgreSQL", found.cost.each("postgres", n) / 1000, "ms")


def _claim(report: Report, timings: dict[str, Timings], worlds: list[World]) -> None:
    """The overview must not grow with the events: at most a fifth slower at the largest."""
    small, large = worlds[0].size, worlds[-1].size
    ratio = timings[f"{large:,}: overview"].median / timings[f"{small:,}: overview"].median
    said = "within a fifth" if ratio <= 1.2 else "NOT within a fifth"
    report.line(f"Overview at {large:,}, in those of {small:,} ({said})", ratio, "times")


def _size_of_page(report: Report, reader: Reader, cookie: str, made: World) -> None:
    """Queries, and bytes as they travel, of the overview with all that it links from here."""
    path = _paths(made)["overview"]
    page = reader.get(path) or b""
    linked = sorted(set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.decode())))
    report.line(f"{made.size:,}: overview, queries", _queries(path, cookie), "")
    report.line(f"{made.size:,}: overview, compressed", _packed(page), "kB")
    parts = sum(_packed(reader.get(part) or b"") for part in linked)
    report.line(f"{made.size:,}: and its {len(linked)} files, compressed", parts, "kB")


def _packed(body: bytes) -> float:
    packer = zlib.compressobj(6, wbits=31)
    return (len(packer.compress(body)) + len(packer.flush())) / 1000


def _queries(path: str, cookie: str) -> int:
    """How many queries the page makes, asked in this process."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"cookie": cookie})
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path, SERVER_NAME="127.0.0.1")
    if answer.status_code != 200:
        raise SystemExit(f"{path} was answered {answer.status_code}")
    return len(asked)
