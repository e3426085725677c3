"""Batches of 500 beside a bare COPY of the same rows; and how much room an event takes."""

from __future__ import annotations

import os

import psycopg

from bench import load
from bench.measure import spent
from bench.place import Place, serving
from bench.report import Report

BATCH, CONNECTIONS = 500, 4
WARM_UP_SECONDS, SECONDS = 1.0, 6.0
ROWS = 100_000


def measure(place: Place) -> Report:
    """Our batches first: their rows are what is copied, and what is weighed."""
    report = Report(f"Batches of {BATCH}, {CONNECTIONS} connections")
    ours = _batches(place, report)
    bare = _bare_copy(place, report)
    report.line("CPU of a batched event, in bare COPYs", ours / bare, "times")
    _room(place, report)
    return report


def _batches(place: Place, report: Report) -> float:
    with serving("linkpro") as (pid, port):
        load.run(port, WARM_UP_SECONDS, CONNECTIONS, BATCH)
        before = place.events()
        with spent(place.postmaster, web=pid) as cost:
            result = load.run(port, SECONDS, CONNECTIONS, BATCH)
    report.check("events stored", result.acknowledged, place.events() - before)
    report.check("requests refused", 0, result.refused)
    n = result.acknowledged
    report.line("LinkPro: CPU of an event, web", cost.each("web", n), "µs")
    report.line("LinkPro: CPU of an event, PostgreSQL", cost.each("postgres", n), "µs")
    report.line("LinkPro: events", result.rate, "/ s")
    return cost.all_each(n)


def _bare_copy(place: Place, report: Report) -> float:
    """The same rows as text into a table with the same columns, checks and indexes."""
    with psycopg.connect(place.url) as connection:
        connection.execute("CREATE TABLE bare (LIKE tracking_event INCLUDING ALL)")
        with connection.cursor().copy(
            f"COPY (SELECT * FROM tracking_event LIMIT {ROWS}) TO STDOUT"
        ) as copy:
            rows = [bytes(row) for row in copy]
        connection.commit()
        with spent(place.postmaster, client=os.getpid()) as cost:
            for start in range(0, len(rows), BATCH):
                with connection.cursor().copy("COPY bare FROM STDIN") as copy:
                    copy.write(b"".join(rows[start : start + BATCH]))
                connection.commit()
    report.check("rows copied", len(rows), place.ask("SELECT count(*) FROM bare"))
    each = cost.all_each(len(rows))
    report.line("Bare COPY, as many a transaction: CPU of a row", each, "µs")
    return each


_ROOM = """
SELECT sum({size}(relid)) FROM pg_partition_tree('{table}') WHERE isleaf
"""


def _room(place: Place, report: Report) -> None:
    """Bytes of what is stored now: the events of all parts of the bench that ran before."""
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute("VACUUM tracking_event, tracking_eventkey")
    sizes = {
        "rows": ("pg_table_size", "tracking_event"),
        "index": ("pg_indexes_size", "tracking_event"),
        "ids that make it count once": ("pg_total_relation_size", "tracking_eventkey"),
    }
    counts = {
        table: place.ask(f"SELECT count(*) FROM {table}")
        for table in ("tracking_event", "tracking_eventkey")
    }
    total = 0.0
    for what, (size, table) in sizes.items():
        each = place.ask(_ROOM.format(size=size, table=table)) / max(counts[table], 1)
        total += each
        report.line(f"Room of an event: {what}", each, "bytes")
    report.line("Room of an event: all", total, "bytes")
