"""Ask one question as somebody, take back what it did, and say what was wrong with the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db import connection, transaction

from accounts.models import OutboxMessage
from tests.access import oracle
from tests.access.actors import Actor
from tests.access.routes import Route, address
from tests.access.world import World

# What reading may write: when a key was used, that somebody read, and a session's own row.
WRITTEN_BY_READING = {
    "accounts_apitoken",
    "accounts_auditentry",
    "django_session",
    # An event is a request of the page that is seen; where it is stored says `docs/ingest.md`.
    "tracking_dirtyday",
    "tracking_event",
    "tracking_eventkey",
    "tracking_outcome",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A request: who asks what of whose row (`whose` names the variant for reports)."""

    actor: str
    route: Route
    whose: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    said: tuple[str, ...] = ()

    def __str__(self) -> str:
        asked = f"?{dict(self.query)}" if self.query else ""
        return f"{self.actor}: {self.route.method} {self.path}{asked} ({self.whose})"


@dataclass(slots=True)
class Answer:
    """What came back; `problems` are leaks and writes, whoever asked."""

    status: int
    where: str
    text: str
    problems: list[str]

    @property
    def outcome(self) -> str:
        """L: to the sign-in; 1, 3, 4, 5: refused with 401, 403 ...; !: broken; + otherwise."""
        if self.status >= 500:
            return "!"
        sign_in = ("/accounts/login/", "/admin/login/")
        if self.status in (301, 302) and self.where.startswith(sign_in):
            return "L"
        return {401: "1", 403: "3", 404: "4", 405: "5"}.get(self.status, "+")


class Stage:
    """The world, everybody in it, and how things stood before anybody asked."""

    def __init__(self, world: World, actors: dict[str, Actor]) -> None:
        self.world, self.actors = world, actors
        self.before = oracle.checksums(world.b1.tenant)
        self.letters = set(OutboxMessage.plain.values_list("pk", flat=True))
        self.requests = 0

    def ask(self, question: Question) -> Answer:
        """The answer; whatever the request wrote is rolled back."""
        actor, written = self.actors[question.actor], oracle.Written()
        self.requests += 1
        with oracle.kept_log() as log, transaction.atomic():
            with connection.execute_wrapper(written):
                response = _send(actor, question)
                text = oracle.text_of(response)
            problems = self._changes(actor, question, written.tables)
            transaction.set_rollback(True)
        said = (*question.said, question.path)
        if actor.name != "superuser":  # who sees every tenant in the admin
            problems += [f"shows {word}" for word in oracle.leaks(text, actor.forbidden, said)]
        lines = "\n".join(log.lines)
        problems += [f"logs {word}" for word in oracle.leaks(lines, actor.forbidden, said)]
        if response.status_code >= 500:
            problems.append(f"status {response.status_code}: {lines[-300:]}")
        return Answer(response.status_code, response.get("Location", ""), text, problems)

    def _changes(self, actor: Actor, question: Question, tables: set[str]) -> list[str]:
        problems = []
        if question.route.method == "GET" and (odd := tables - WRITTEN_BY_READING):
            problems.append(f"reading writes {sorted(odd)}")
        if actor.name in ("neighbour", "superuser") or not tables:
            return problems
        now = oracle.checksums(self.world.b1.tenant, tables)
        changed = [table for table, value in now.items() if value != self.before[table]]
        problems += [f"changes {table} of B" for table in changed]
        if "accounts_outboxmessage" in tables:
            found = oracle.mail_leaks(self.world.b1.tenant, self.letters, actor.forbidden)
            problems += [f"mails {word}" for word in found]
        return problems


def _send(actor: Actor, question: Question) -> Any:
    client, method = actor.client, question.route.method
    saved = {name: morsel.value for name, morsel in client.cookies.items()}
    headers: dict[str, Any] = dict(actor.headers)
    is_api = question.path.startswith(("/api/", "/auth/", "/analytics/"))
    if method == "GET":
        response = client.get(question.path, dict(question.query), **headers)
    else:
        data = question.body if question.body is not None else {}
        kind = {"content_type": "application/json"} if is_api and method != "GET" else {}
        if not kind and method != "POST":
            kind = {"content_type": "application/json"}
        call = getattr(client, method.lower())
        query = {"QUERY_STRING": _joined(question.query)} if question.query else {}
        response = call(question.path, data, **kind, **query, **headers)
    client.cookies.clear()
    client.cookies.load(saved)
    return response


def _joined(query: Mapping[str, Any]) -> str:
    return urlencode(query, doseq=True)


# --- The same answer ----------------------------------------------------------------------------

_PASSING = re.compile(
    r"csrfmiddlewaretoken\S* value=\"?\w+|csrftoken=\w+|x-csrftoken\S*|[0-9a-f]{32}"
    r"|ratelimit[^\n]*|[a-z0-9]{64}|expires[=:][^;\n]*|content-length: \d+|messages=[^\n]*"
    r"|sessionid=[^\n]*"
)


def same(one: Answer, other: Answer, said: tuple[str, ...]) -> bool:
    """Whether two answers tell the same, but for what the askers said and what passes."""

    def plain(answer: Answer) -> str:
        text = oracle.without(answer.text, said)
        return _PASSING.sub("", text)

    return one.status == other.status and plain(one) == plain(other)


def path_of(route: Route, values: Mapping[str, Any]) -> str:
    """The address of a route with these values."""
    return address(route.pattern, dict(values))
