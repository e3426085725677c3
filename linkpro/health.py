"""Whether the service lives, and whether it may be given work."""

import platform
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import psycopg
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from drf_spectacular.utils import OpenApiResponse, extend_schema
from redis.exceptions import RedisError
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Site
from accounts.permissions import scope_of
from accounts.roles import Role
from tracking.ingest import writer
from tracking.models import Link, LinkProfile

# An acknowledged event survives a power cut only while all of these are on.
DURABILITY = ("fsync", "synchronous_commit", "full_page_writes")
DURABLE = {"on", "remote_write", "remote_apply"}
# Events are told by the database's clock, links and tokens by this machine's.
TOLERATED_SKEW_SECONDS = 60
PATIENCE = "-c statement_timeout=1500"
# Statistics follow within seconds; when they are so far behind, no worker is at work.
LATE = timedelta(minutes=10)
STARTED_AT = datetime.now(UTC)


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


# --- For monitors and for people --------------------------------------------------------------


class PartSerializer(serializers.Serializer[Any]):
    """One part of the service."""

    status = serializers.ChoiceField(["ok", "degraded", "unavailable"])
    detail = serializers.CharField(required=False, help_text="What is wrong with it.")


class PartsSerializer(serializers.Serializer[Any]):
    """The parts of the service."""

    database = PartSerializer()
    cache = PartSerializer()
    statistics = PartSerializer()


class HealthSerializer(serializers.Serializer[Any]):
    """How the service is; `unavailable` takes no events, `degraded` does."""

    status = serializers.ChoiceField(["ok", "degraded", "unavailable"])
    service = serializers.CharField()
    version = serializers.CharField()
    timestamp = serializers.DateTimeField()
    database = serializers.ChoiceField(["connected", "unavailable"])
    services = PartsSerializer()


def _part(status: str, *problems: str) -> dict[str, str]:
    return {"status": status, "detail": " ".join(problems)} if problems else {"status": "ok"}


def _cache() -> dict[str, str]:
    """Whether Redis answers: without it events are taken, and work waits."""
    try:
        caches["default"]._cache.get_client().ping()  # type: ignore[attr-defined]
    except (RedisError, OSError):
        return _part("degraded", "Redis does not answer.")
    return _part("ok")


def _statistics() -> dict[str, str]:
    """Whether what was received is being counted."""
    try:
        with writer.connected(connect_timeout=2, options=PATIENCE) as asked:
            row = asked.execute(
                "SELECT clock_timestamp() - min(marked_at) FROM tracking_dirtyday"
            ).fetchone()
    except psycopg.Error:
        return _part("unavailable", "The database does not answer.")
    late = row[0] if row else None
    if late is None or late < LATE:
        return _part("ok")
    return _part("degraded", f"Events wait to be counted since {int(late.total_seconds())} s.")


@method_decorator(never_cache, name="dispatch")
class Health(APIView):
    """Whether the service works, part by part. 503 while it takes no events."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (JSONRenderer,)
    api_family = "system"

    @extend_schema(
        summary="Health of the service",
        responses={200: HealthSerializer, 503: OpenApiResponse(HealthSerializer)},
    )
    def get(self, request: Request) -> Response:
        problems = database_problems()
        parts = {
            "database": _part("unavailable", *problems),
            "cache": _cache(),
            "statistics": _part("unavailable", *problems) if problems else _statistics(),
        }
        states = {part["status"] for part in parts.values()}
        worst = next(state for state in ("unavailable", "degraded", "ok") if state in states)
        body = {
            "status": worst,
            "service": "linkpro",
            "version": settings.VERSION,
            "timestamp": datetime.now(UTC),
            "database": "unavailable" if problems else "connected",
            "services": parts,
        }
        return Response(body, status=503 if worst == "unavailable" else 200)


class CountsSerializer(serializers.Serializer[Any]):
    """How many of each the asker sees."""

    sites = serializers.IntegerField()
    profiles = serializers.IntegerField()
    links = serializers.IntegerField()


class SystemSerializer(serializers.Serializer[Any]):
    """What runs here, and how much of it the asker sees."""

    name = serializers.CharField()
    version = serializers.CharField()
    environment = serializers.CharField()
    started_at = serializers.DateTimeField(help_text="The process that answers.")
    uptime_seconds = serializers.IntegerField()
    python = serializers.CharField()
    database = serializers.CharField(help_text="Version of PostgreSQL.")
    counts = CountsSerializer()


@method_decorator(never_cache, name="dispatch")
class SystemInfo(APIView):
    """Version, uptime, database, and counts of what the asker sees."""

    read_role = Role.VIEWER
    api_family = "system"

    @extend_schema(summary="What runs here", responses=SystemSerializer)
    def get(self, request: Request) -> Response:
        scope = scope_of(request)
        counts = {
            "sites": Site.objects.visible_to(scope).count(),
            "profiles": LinkProfile.objects.visible_to(scope).count(),
            "links": Link.objects.visible_to(scope).filter(deleted_at=None).count(),
        }
        connection.ensure_connection()
        version = connection.pg_version  # type: ignore[attr-defined]
        body = {
            "name": "LinkPro",
            "version": settings.VERSION,
            "environment": settings.ENVIRONMENT,
            "started_at": STARTED_AT,
            "uptime_seconds": int((datetime.now(UTC) - STARTED_AT).total_seconds()),
            "python": platform.python_version(),
            "database": f"PostgreSQL {version // 10_000}.{version % 10_000}",
            "counts": counts,
        }
        return Response(body)
