"""Whether the service lives, and whether it may be given work."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import psycopg
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tracking.ingest import writer

# An acknowledged event survives a power cut only while all of these are on.
DURABILITY = ("fsync", "synchronous_commit", "full_page_writes")
DURABLE = {"on", "remote_write", "remote_apply"}
# Events are told by the database's clock, links and tokens by this machine's.
TOLERATED_SKEW_SECONDS = 60
PATIENCE = "-c statement_timeout=1500"


@never_cache
@require_safe
def livez(request: HttpRequest) -> JsonResponse:
    """The process answers; says nothing of what it needs."""
    return JsonResponse({"status": "ok"})


@lru_cache(maxsize=1)
def known_migrations() -> frozenset[tuple[str, str]]:
    """The migrations that this code comes with."""
    return frozenset(MigrationLoader(None).disk_migrations)


def database_problems() -> list[str]:
    """Why the database cannot be trusted with events; empty when it can.

    Asked over a connection of its own: those of the pool may wait for a server that is away.
    """
    try:
        with writer.connected(connect_timeout=2, options=PATIENCE) as connection:
            return [
                *_durability_problems(connection),
                *_schema_problems(connection),
                *_clock_problems(connection),
            ]
    except psycopg.Error:
        return ["The database does not answer."]


def _durability_problems(connection: psycopg.Connection) -> list[str]:
    query = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"
    found: dict[str, str] = dict(connection.execute(query, [list(DURABILITY)]).fetchall())
    return [f"{name} is {found[name]}" for name in DURABILITY if found[name] not in DURABLE]


def _schema_problems(connection: psycopg.Connection) -> list[str]:
    try:
        rows = connection.execute("SELECT app, name FROM django_migrations").fetchall()
    except psycopg.errors.UndefinedTable:
        connection.rollback()
        rows = []
    missing = len(known_migrations() - set(rows))
    return [f"{missing} migrations are not applied"] if missing else []


def _clock_problems(connection: psycopg.Connection) -> list[str]:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    skew = abs((row[0] - datetime.now(UTC)).total_seconds()) if row else 0
    return [f"the clocks differ by {skew:.0f} s"] if skew > TOLERATED_SKEW_SECONDS else []


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Ready for events: the database answers, is up to date, and keeps what it acknowledges."""
    problems = database_problems()
    body: dict[str, Any] = {"status": "unavailable" if problems else "ok", "problems": problems}
    return JsonResponse(body, status=503 if problems else 200)
