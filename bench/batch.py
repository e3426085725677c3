"""Batches of 500 beside a bare COPY of the same rows; and how much room an event takes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle

import psycopg

from bench import load
from bench.measure import Cost, spent
from bench.place import Place, serving
from bench.report import Report

BATCH, CONNECTIONS = 500, 4
ROUNDS = 5
WARM_UP_SECONDS, SECONDS, COPY_SECONDS = 3.0, 3.0, 2.0


@dataclass
class Course:
    """Events or rows of one side, over all rounds."""

    n: int = 0
    seconds: float = 0.0
    load_seconds: float = 0.0
    cost: Cost = field(default_factory=Cost)

    @property
    def rate(self) -> float:
        """How many a second."""
        return self.n / self.seconds


def measure(place: Place) -> Report:
    """Ours and COPY in turns, so that a busy minute of the machine meets both."""
    report = Report(f"Batches of {BATCH}, {CONNECTIONS} connections, one web process")
    ours, copy = Course(), Course()
    with serving("linkpro") as (pid, port):
        load.run(port, WARM_UP_SECONDS, CONNECTIONS, BATCH)
        chunks = _chunks(place)
        for _round in range(ROUNDS):
            _send(place, report, ours, pid, port)
            _copy(place, copy, chunks)
    report.check("rows copied", copy.n, place.ask("SELECT count(*) FROM bare"))
    _lines(report, ours, copy)
    room(place, report)
    return report


def _send(place: Place, report: Report, course: Course, pid: int, port: int) -> None:
    before = place.events()
    with spent(place.postmaster, web=pid) as cost:
        result = load.run(port, SECONDS, CONNECTIONS, BATCH)
    report.check("events stored", result.acknowledged, place.events() - before)
    report.check("requests refused", 0, result.refused)
    course.n += result.acknowledged
    course.seconds += result.seconds
    course.load_seconds += result.cpu_seconds
    course.cost.add(cost)


def _chunks(place: Place) -> Iterator[tuple[int, bytes]]:
    """The rows stored so far as COPY writes them, `BATCH` at a time, over and over.

    They go into a table with the same columns, checks and indexes.
    """
    with psycopg.connect(place.url) as connection:
        connection.execute("CREATE TABLE bare (LIKE tracking_event INCLUDING ALL)")
        with connection.cursor().copy("COPY (SELECT * FROM tracking_event) TO STDOUT") as copy:
            rows = [bytes(row) for row in copy]
    parts = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    return cycle([(len(part), b"".join(part)) for part in parts])


def _copy(place: Place, course: Course, chunks: Iterator[tuple[int, bytes]]) -> None:
    """One connection, as many as a web process of ours writes over; each chunk is committed."""
    with psycopg.connect(place.url) as connection, connection.cursor() as cursor:
        with spent(place.postmaster, client=os.getpid()) as cost:
            began = time.perf_counter()
            while time.perf_counter() - began < COPY_SECONDS:
                rows, data = next(chunks)
                with cursor.copy("COPY bare FROM STDIN") as copy:
                    copy.write(data)
                connection.commit()
                course.n += rows
            course.seconds += time.perf_counter() - began
        course.cost.add(cost)


def _lines(report: Report, ours: Course, copy: Course) -> None:
    report.line("LinkPro: CPU of an event, web", ours.cost.each("web", ours.n), "µs")
    report.line("LinkPro: CPU of an event, PostgreSQL", ours.cost.each("postgres", ours.n), "µs")
    report.line("Load: CPU of an event", ours.load_seconds * 1e6 / ours.n, "µs")
    report.line("Load: part of the CPU time", _share(ours), "%")
    report.line("LinkPro: events", ours.rate, "/ s")
    report.line("Bare COPY, 1 connection: CPU of a row", copy.cost.all_each(copy.n), "µs")
    report.line("Bare COPY, 1 connection: rows", copy.rate, "/ s")
    ratio = ours.cost.all_each(ours.n) / copy.cost.all_each(copy.n)
    report.line("CPU of a batched event, in copied rows", ratio, "times")
    report.line("Rate of batched events, of the rate of COPY", 100 * ours.rate / copy.rate, "%")


def _share(course: Course) -> float:
    """What the load takes of the CPU time of everything that runs during it, in percent."""
    return 100 * course.load_seconds / (course.load_seconds + sum(course.cost.seconds.values()))


_ROOM = """
SELECT sum({size}(relid)) FROM pg_partition_tree('{table}') WHERE isleaf
"""


def room(place: Place, report: Report) -> None:
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
