"""Into the database: what arrives together is committed together.

One transaction per batch hands the rows over as JSON, keeps the ids that are new, stores their
events, marks their days dirty, counts every outcome, and commits. An answer is given after that
commit and never before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any

import msgspec
import psycopg
from django.conf import settings
from django.db import connections
from psycopg import Connection, errors

from accounts.database_roles import INGEST, MAINTENANCE, option_for
from tracking import agents, partitions
from tracking.ingest.samples import MOST_OF_A_KIND, Refusal, Sampler, redacted
from tracking.ingest.wire import Hit

# The columns of an event, in the order in which they are copied.
COLUMNS = (
    "occurred_at", "received_at", "event_id", "visitor", "session", "site_id", "agent_id",
    "flags", "name", "ip", "host", "path", "title", "referrer_host", "source", "medium",
    "campaign", "term", "content", "channel", "click_id", "country", "region", "city", "device",
    "browser", "os", "language", "screen", "category", "action", "label", "value", "currency",
    "props", "import_source", "link_id",
)  # fmt: skip
# How the rows of a batch are read from JSON; `props` are JSON within a text.
_FIELDS = (*COLUMNS, "day")
_TYPES = {
    "occurred_at": "timestamptz", "received_at": "timestamptz", "event_id": "uuid",
    "visitor": "bigint", "session": "bigint", "site_id": "int", "agent_id": "int",
    "flags": "smallint", "ip": "inet", "value": "numeric", "day": "date", "link_id": "int",
}  # fmt: skip
_FORM = "n int, " + ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in _FIELDS)
_LIST = ", ".join(COLUMNS)
_VALUES = ", ".join("props::jsonb" if name == "props" else name for name in COLUMNS)

# JSON costs a third less than a COPY into a temporary table, which takes two more round trips and
# has to be emptied at every commit (docs/benchmarks.md).
#
# Ids are inserted in order, so that two batches with the same ids cannot deadlock; a batch that
# meets an id of an unfinished one waits for it, so a duplicate is one of something committed.
STORE = f"""
WITH d AS (
    SELECT DISTINCT ON (site_id, event_id) * FROM json_to_recordset(%s::json) AS batch ({_FORM})
    ORDER BY site_id, event_id, n
), k AS (
    INSERT INTO tracking_eventkey (site_id, event_id) SELECT site_id, event_id FROM d
    ON CONFLICT DO NOTHING RETURNING site_id, event_id
), new AS MATERIALIZED (
    SELECT d.* FROM d JOIN k USING (site_id, event_id)
), e AS (
    INSERT INTO tracking_event ({_LIST}) SELECT {_VALUES} FROM new
), m AS (
    INSERT INTO tracking_dirtyday (site_id, date) SELECT DISTINCT site_id, day FROM new
)
SELECT n FROM new
"""  # noqa: S608  the columns are the constants above
COUNT = """
INSERT INTO tracking_outcome (site_id, hour, reason, n)
SELECT site_id, date_trunc('hour', now()), reason, n
FROM unnest(%s::int[], %s::text[], %s::bigint[]) AS o (site_id, reason, n)
"""
# Other processes keep samples as well: what is enough already is not added to.
KEEP_SAMPLES = """
INSERT INTO tracking_rejected (site_id, hour, reason, page, sample, size, outcome)
SELECT site_id, date_trunc('hour', now()), reason, page, sample, size, ''
FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::int[])
    AS r (site_id, reason, page, sample, size)
WHERE (SELECT count(*) FROM tracking_rejected k
    WHERE k.hour = date_trunc('hour', now()) AND k.reason = r.reason
    AND k.site_id IS NOT DISTINCT FROM r.site_id) < %s
"""
SESSION_SETTINGS = (
    "-c synchronous_commit=on -c statement_timeout=10s -c lock_timeout=2s"
    " -c idle_in_transaction_session_timeout=10s -c application_name=linkpro-ingest"
)

STORED, DUPLICATE, BOT = "stored", "duplicate", "bot"


def connected(role: str = INGEST, **more: Any) -> Connection:
    """A connection past Django's pool and past a pooler; `more` as psycopg and libpq know it."""
    more["options"] = (more.get("options", "") + option_for(role)).strip()
    if settings.DATABASE_DIRECT_URL:
        return psycopg.connect(settings.DATABASE_DIRECT_URL, **more)
    known = connections["default"].get_connection_params()
    wanted = {"host", "port", "user", "password", "dbname", "sslmode"}
    parameters = {name: value for name, value in known.items() if name in wanted and value}
    return psycopg.connect(**parameters, **more)


def connect() -> Connection:
    """A connection of the writer's own, with its settings and prepared statements."""
    return connected(options=SESSION_SETTINGS, connect_timeout=5)


# --- What must be there before the rows ---------------------------------------------------------


_agent_ids: dict[str, int] = {}
_numbered_on: date | None = None
_known_months: set[date] = set()
_MAX_AGENT_IDS = 50_000
_sampler = Sampler()


def _forget_old_agents() -> None:
    """Know numbers for a day at most: an agent that nobody looks up for days may be deleted."""
    global _numbered_on
    today = datetime.now(UTC).date()
    if len(_agent_ids) > _MAX_AGENT_IDS or _numbered_on != today:
        _agent_ids.clear()
        _numbered_on = today


def number_agents(connection: Connection, hits: Iterable[Hit]) -> None:
    """Give every hit the number of its user agent; new agents get a row first."""
    _forget_old_agents()
    # A copy: another thread may forget them meanwhile, and a bot without its agent is a person.
    numbers = {hit.agent: _agent_ids.get(hit.agent) for hit in hits if hit.agent}
    new = sorted(text for text, number in numbers.items() if number is None)
    if new:
        facts = [agents.agent_facts(text) for text in new]
        rows = connection.execute(
            "INSERT INTO tracking_agent (text, browser, os, device, bot, lists)"
            " SELECT *, %s FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])"
            " ON CONFLICT (text) DO UPDATE SET seen_on = CURRENT_DATE RETURNING text, id",
            [
                agents.lists_version(),
                new,
                [fact.browser for fact in facts],
                [fact.os for fact in facts],
                [fact.device for fact in facts],
                [fact.bot for fact in facts],
            ],
        ).fetchall()
        connection.commit()  # a number is only remembered once it is sure to stay
        numbers |= dict(rows)
        _agent_ids.update(dict(rows))
    for hit in hits:
        hit.agent_id = numbers.get(hit.agent)


def ensure_months(connection: Connection, hits: Iterable[Hit]) -> None:
    """Make the partitions of months that no event has been in yet.

    The writer itself may make no table: for a month that is missing somebody else does, who may.
    """
    months = {partitions.month_of(hit.occurred_at) for hit in hits if hit.occurred_at}
    if new := months - _known_months:
        missing = partitions.missing(connection, partitions.EVENT, new)
        connection.commit()
        if missing:
            with connected(MAINTENANCE, connect_timeout=5) as maker:
                partitions.ensure(maker, partitions.EVENT, missing)
        _known_months.update(new)


def forget() -> None:
    """Forget numbers, months and samples, as a new process would."""
    _agent_ids.clear()
    _known_months.clear()
    _sampler.picked.clear()


# --- One batch ----------------------------------------------------------------------------------


_values = attrgetter(*_FIELDS)
# What is not said is left out, which saves a third of the text. A row has its number in the batch:
# as the answer it costs less than an id.
_Row = msgspec.defstruct(
    "_Row", [("n", int), *((name, Any, None) for name in _FIELDS)], omit_defaults=True, gc=False
)


def _as_json(hits: Iterable[Hit]) -> str:
    """The rows as JSON, numbered, without what they do not say."""
    return msgspec.json.encode([_Row(n, *_values(hit)) for n, hit in enumerate(hits)]).decode()


def count_outcomes(connection: Connection, counts: Counter[tuple[int | None, str]]) -> None:
    """Append how many events of which site ended how."""
    connection.execute(
        COUNT,
        [
            [site for site, _reason in counts],
            [reason for _site, reason in counts],
            list(counts.values()),
        ],
    )


def keep_samples(connection: Connection, refusals: list[Refusal]) -> None:
    """Write down a few of the refused events, redacted."""
    picked = _sampler.pick(refusals, datetime.now(UTC))
    if picked:
        columns = (
            [refusal.site_id for refusal in picked],
            [refusal.reason for refusal in picked],
            [refusal.page for refusal in picked],
            [redacted(refusal.raw) for refusal in picked],
            [len(refusal.raw) for refusal in picked],
        )
        connection.execute(KEEP_SAMPLES, [*columns, MOST_OF_A_KIND])


UNSTORABLE = (errors.DataError, errors.IntegrityError)


def _insert(connection: Connection, hits: Sequence[Hit]) -> list[str]:
    """Store the hits whose ids are new, mark their days; one outcome a hit."""
    new = {n for (n,) in connection.execute(STORE, [_as_json(hits)]).fetchall()}
    return [STORED if n in new else DUPLICATE for n in range(len(hits))]


def _insert_what_fits(connection: Connection, hits: Sequence[Hit]) -> list[str]:
    """Like `_insert`; a row that the database refuses is found by halving and refused alone."""
    try:
        with connection.transaction():  # within the batch's: a savepoint
            return _insert(connection, hits)
    except UNSTORABLE as error:
        if len(hits) == 1:
            return [f"unstorable_{error.sqlstate or 'row'}"]
        middle = len(hits) // 2
        first = _insert_what_fits(connection, hits[:middle])
        return first + _insert_what_fits(connection, hits[middle:])


Insert = Callable[[Connection, Sequence[Hit]], list[str]]


def _refusals(hits: Sequence[Hit], results: Sequence[str]) -> list[Refusal]:
    return [
        Refusal(hit.site_id, result, hit.raw, hit.host or "")
        for hit, result in zip(hits, results, strict=True)
        if result not in (STORED, DUPLICATE)
    ]


def _store(
    connection: Connection, hits: Sequence[Hit], refused: Sequence[Refusal], insert: Insert
) -> list[str]:
    try:
        ensure_months(connection, hits)
        number_agents(connection, hits)
        with connection.transaction():  # what went before has committed: this one commits too
            results = insert(connection, hits) if hits else []
            ends: Counter[tuple[int | None, str]] = Counter(
                (hit.site_id, BOT if result == STORED and hit.bot else result)
                for hit, result in zip(hits, results, strict=True)
            )
            for refusal in refused:
                ends[refusal.site_id, refusal.reason] += refusal.times
            count_outcomes(connection, ends)
            keep_samples(connection, [*refused, *_refusals(hits, results)])
    except BaseException:
        if not connection.closed:
            connection.rollback()
        raise
    return results


def write(
    connection: Connection, hits: Sequence[Hit], refused: Sequence[Refusal] = ()
) -> list[str]:
    """Commit a batch; one outcome a hit: `stored`, `duplicate`, or the reason of its refusal.

    A batch with a row that the database refuses is rolled back and written once more without it,
    in one transaction like any other; one that met another at a lock is written once more as it is.
    Raises psycopg's `OperationalError` when the batch could not be committed: its senders are to
    try again.
    """
    try:
        return _store(connection, hits, refused, _insert)
    except (*UNSTORABLE, errors.DeadlockDetected, errors.SerializationFailure):
        return _store(connection, hits, refused, _insert_what_fits)
