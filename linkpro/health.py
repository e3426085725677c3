"""Whether the service lives, and whether it may be given work."""

from typing import Any

import psycopg
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

# An acknowledged event survives a power cut only while all of these are on.
DURABILITY = ("fsync", "synchronous_commit", "full_page_writes")
DURABLE = {"on", "remote_write", "remote_apply"}


@never_cache
@require_safe
def livez(request: HttpRequest) -> JsonResponse:
    """The process answers; says nothing of what it needs."""
    return JsonResponse({"status": "ok"})


def database_problems() -> list[str]:
    """Why the database cannot be trusted with events; empty when it can."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(DURABILITY)]
            )
            found = dict(cursor.fetchall())
    except (DatabaseError, psycopg.Error):
        return ["The database does not answer."]
    return [f"{name} is {found[name]}" for name in DURABILITY if found[name] not in DURABLE]


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Ready for events: the database answers and keeps what it acknowledges."""
    problems = database_problems()
    body: dict[str, Any] = {"status": "unavailable" if problems else "ok", "problems": problems}
    return JsonResponse(body, status=503 if problems else 200)
