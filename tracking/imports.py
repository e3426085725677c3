"""Replay a web server's access log: its page views take the way of live events, day by day.

A first pass reads the log once and puts its page views into a file per day of the site's clock, so
that a day is complete whatever the order of the lines. A second one takes each day through the
steps and puts it in the place of what the same source brought before.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import uuid
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Protocol

import msgspec
from psycopg import Connection

from accounts.models import Site
from tracking import access_logs, agents
from tracking.access_logs import BAD_LINE, BadLine, Line
from tracking.ingest import directory, replacing, steps, writer
from tracking.ingest.directory import NotLoaded, TokenFacts
from tracking.ingest.fields import MAX_TEXT_BYTES, Dropped
from tracking.ingest.steps import Arrival
from tracking.ingest.wire import Hit

CHUNK = 2_000  # events whose agents are numbered together
OPEN_FILES = 64
BAD_LINES_SHOWN = 5
# Page views that became no events: the day's events of this source are kept as they are.
NAMELESS = "day kept: its visitors could not be told apart again"


class Busy(Exception):
    """The same source is being imported into this site by somebody else."""


class Watcher(Protocol):
    """Who is told how far an import is."""

    def read(self, lines: int) -> None: ...

    def replaced(self, day: DayDone, days: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines are wanted, and how to read them. The patterns are searched in the path."""

    form: str = "auto"
    include: re.Pattern[str] | None = None
    exclude: re.Pattern[str] | None = None

    def left_out(self, line: Line) -> str:
        """Why the line is left out, or ""."""
        if reason := access_logs.not_a_page(line):
            return reason
        path, _query = access_logs.path_of(line.target)
        if self.include and not self.include.search(path):
            return "not included"
        return "excluded" if self.exclude and self.exclude.search(path) else ""


@dataclass(frozen=True, slots=True)
class DayDone:
    """One day of the log, stored (or looked at only): page views of people and of bots."""

    date: date
    pages: int
    bots: int
    before: int = 0  # events of this source that were there before
    kept: bool = False


@dataclass(slots=True)
class Report:
    """What became of a log."""

    lines: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    bad_lines: list[tuple[int, str, str]] = field(default_factory=list)
    days: list[DayDone] = field(default_factory=list)

    @property
    def stored(self) -> int:
        """Page views that are stored now, those of bots included."""
        return sum(day.pages + day.bots for day in self.days if not day.kept)


# --- The first pass: a file per day --------------------------------------------------------------

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Line).decode


class Spool:
    """Lines by their day, in files that vanish with it; a few are open at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.open: OrderedDict[date, IO[bytes]] = OrderedDict()
        self.counts: Counter[date] = Counter()

    def add(self, day: date, line: Line) -> None:
        """Put a line to the others of its day."""
        file = self.open.get(day)
        if file is None:
            if len(self.open) >= OPEN_FILES:
                self.open.popitem(last=False)[1].close()
            file = self.open[day] = self._path(day).open("ab")
        file.write(_encode(line) + b"\n")
        self.counts[day] += 1

    def _path(self, day: date) -> Path:
        return self.folder / day.isoformat()

    def lines(self, day: date) -> Iterator[Line]:
        """The day's lines in the order in which they came."""
        with self._path(day).open("rb") as file:
            for text in file:
                yield _decode(text)

    def close(self) -> None:
        """Write everything out."""
        while self.open:
            self.open.popitem()[1].close()


@contextmanager
def spooled() -> Iterator[Spool]:
    """A spool that nobody else can read (there are addresses in it) and that is removed."""
    with (
        tempfile.TemporaryDirectory(prefix="linkpro-import-") as folder,
        closing(Spool(Path(folder))) as spool,
    ):
        yield spool


def sort_by_day(
    sources: Iterable[IO[bytes]], site: Site, wanted: Wanted, spool: Spool, watch: Watcher
) -> Report:
    """Read the logs once: page views go to their day's file, the rest is counted by its reason."""
    report, clock = Report(), site.clock
    for source in sources:
        for text in access_logs.lines(source):
            report.lines += 1
            if report.lines % 1_000 == 0:
                watch.read(report.lines)
            try:
                line = access_logs.parse(text, wanted.form)
            except BadLine as error:
                report.left_out[BAD_LINE] += 1
                if len(report.bad_lines) < BAD_LINES_SHOWN:
                    report.bad_lines.append((report.lines, str(error), text))
                continue
            if reason := wanted.left_out(line):
                report.left_out[reason] += 1
            else:
                spool.add(clock.date_of(line.at), line)
    spool.close()
    return report


# --- The second pass: a transaction per day ------------------------------------------------------


def event_id(at: datetime, number: int, source: str) -> uuid.UUID:
    """The id of the day's event `number`: the same in every run, and in the order of the lines.

    Web servers tell whole seconds, and the statistics order events of one moment by their id.
    It is a UUID of version 8 (RFC 9562): milliseconds, the number, a hash of the source.
    """
    milliseconds = int(at.timestamp() * 1000)
    origin = int.from_bytes(hashlib.blake2b(source.encode(), digest_size=3).digest())
    low = (number & ((1 << 38) - 1)) << 24 | origin
    return uuid.UUID(int=milliseconds << 80 | 8 << 76 | 2 << 62 | low)


def to_hit(line: Line, number: int, site: Site, source: str) -> Hit:
    """A line as an event that has not yet taken its steps."""
    host = line.host or (site.domains[0] if site.domains else "")
    url = line.target
    if url.startswith("/"):
        url = "/" + url.lstrip("/")  # two would begin a host
        url = f"https://{host}{url}" if host else url
    return Hit(
        event_id=event_id(line.at, number, source),
        name="page_view",
        given_id="",
        site_key=site.key,
        url=url,
        referrer=line.referrer or None,
        timestamp=line.at,
        given_ip=line.address,
        given_agent=line.agent or None,
        import_source=source,
    )


def _through_the_steps(hit: Hit, arrival: Arrival) -> Hit:
    while True:
        try:
            return steps.run(hit, arrival)
        except NotLoaded as missing:
            missing.load()


def _hits(
    lines: Iterable[Line], site: Site, source: str, drop: Callable[[str], None]
) -> Iterator[Hit]:
    token = TokenFacts(may_ingest=True, site_ids=frozenset({site.pk}))
    arrival = Arrival(received_at=datetime.now(UTC), address="", agent="", token=token)
    for number, line in enumerate(lines):
        try:
            yield _through_the_steps(to_hit(line, number, site, source), arrival)
        except Dropped as dropped:
            drop(dropped.reason)


def _numbered(connection: Connection, hits: Iterator[Hit]) -> Iterator[Hit]:
    """The hits with their agents' numbers, which are committed apart from the day."""
    chunk: list[Hit] = []
    for hit in hits:
        chunk.append(hit)
        if len(chunk) == CHUNK:
            writer.number_agents(connection, chunk)
            yield from chunk
            chunk = []
    writer.number_agents(connection, chunk)
    yield from chunk


def _must_be_kept(connection: Connection, site: Site, day: date, source: str) -> bool:
    """Whether the day's visitors are known and could not be told apart once more.

    The secret of a day dies 48 hours after it was made. Events brought before still tell visitors
    apart; in their place would come the same events without visitors.
    """
    found = connection.execute(
        "SELECT EXISTS (SELECT FROM tracking_event WHERE site_id = %s AND occurred_at >= %s"
        " AND occurred_at < %s AND import_source = %s AND visitor IS NOT NULL)",
        [site.pk, *site.clock.bounds(day), source],
    ).fetchone()
    connection.commit()
    if not (found and found[0]):
        return False
    while True:
        try:
            return directory.salt.get((site.pk, day)) is None
        except NotLoaded as missing:
            missing.load()


@dataclass(slots=True)
class _Connections:
    days: Connection
    agents: Connection


def _replace(
    both: _Connections, site: Site, day: date, source: str, spool: Spool, report: Report
) -> DayDone:
    if _must_be_kept(both.days, site, day, source):
        report.left_out[NAMELESS] += spool.counts[day]
        return DayDone(day, 0, 0, kept=True)
    seen: Counter[bool] = Counter()
    dropped: Counter[str] = Counter()

    def counted() -> Iterator[Hit]:
        hits = _hits(spool.lines(day), site, source, lambda reason: dropped.update([reason]))
        for hit in _numbered(both.agents, hits):
            seen[bool(hit.bot)] += 1
            yield hit

    bounds = site.clock.bounds(day)
    before = replacing.replace_day(both.days, site.pk, day, bounds, source, counted())
    report.left_out.update(dropped)
    return DayDone(day, seen[False], seen[True], before)


@contextmanager
def _connections(site: Site, source: str) -> Iterator[_Connections]:
    """Two connections: the day's transaction is open while new agents are committed."""
    with ExitStack() as stack:
        both = _Connections(*(stack.enter_context(closing(writer.connect())) for _ in range(2)))
        days = both.days
        # A large day takes longer than the batches that these limits are made for.
        days.execute("SET statement_timeout = 0")
        days.execute("SET idle_in_transaction_session_timeout = 0")
        found = days.execute(
            "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [f"import {site.pk} {source}"]
        ).fetchone()
        days.commit()
        if not (found and found[0]):
            raise Busy
        yield both


def replay(
    sources: Iterable[IO[bytes]], site: Site, source: str, wanted: Wanted, watch: Watcher
) -> Report:
    """Store the page views of the logs: each day of theirs replaces what `source` brought before.

    Raises `Busy`. An exception leaves whole days: those that were replaced, and the others as they
    were; `watch` has been told which.
    """
    if not 0 < len(source.encode()) <= MAX_TEXT_BYTES:
        raise ValueError(f"A source's name has 1 to {MAX_TEXT_BYTES} bytes.")
    with spooled() as spool:
        report = sort_by_day(sources, site, wanted, spool, watch)
        with _connections(site, source) as both:
            for day in sorted(spool.counts):
                done = _replace(both, site, day, source, spool, report)
                report.days.append(done)
                watch.replaced(done, len(spool.counts))
    return report


def look(sources: Iterable[IO[bytes]], site: Site, wanted: Wanted, watch: Watcher) -> Report:
    """What `replay` would store, by the day, without touching the database."""
    with spooled() as spool:
        report = sort_by_day(sources, site, wanted, spool, watch)
        for day in sorted(spool.counts):
            bots = sum(
                bool(agents.agent_facts(line.agent[: agents.MAX_AGENT]).bot)
                for line in spool.lines(day)
            )
            done = DayDone(day, spool.counts[day] - bots, bots)
            report.days.append(done)
            watch.replaced(done, len(spool.counts))
    return report
