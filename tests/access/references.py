"""What others have where a request names a row: ids in bodies, lists and queries, names, and words.

What is looked for among one's own rows must not tell whether others have it, and no list is sorted
or narrowed by what nobody may read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import QueryDict

from tests.access.policies import outcomes
from tests.access.probes import Question, Stage, path_of, same
from tests.access.routes import Route, all_routes
from tests.access.table import line_for
from tests.access.things import missing
from tests.access.walk import values_of
from tests.access.world import RUN, Half, mark

# By the name of a field: what of B's may be written into it.
_SITES = ("site", "site_id", "sites", "site_ids", "key")
_PEOPLE = ("owner", "user", "user_id", "actor", "heir", "email")
_MEMBERS = ("member", "members", "home", "person", "membership", "to")
_OTHERS = {
    "team": "team",
    "team_id": "team",
    "profile": "profile0",
    "profile_id": "profile0",
    "link": "link0",
    "link_id": "link0",
    "endpoint": "webhook",
    "webhook": "webhook",
    "message": "message",
    "token": "token",
    "id": "entry",
}
# Fields of queries that look for a word, and that sort: what finds something of B's, beside what
# finds nothing; a column that nobody reads, beside one that there is not.
_WORDS = (f"b1-{RUN}", f"z9-{RUN}")
_COLUMNS = ("-owner__password", "-owner__passphrase")
_ASKED_FOR = {
    **dict.fromkeys(("q", "search", "value", "who", "action", "target", "reason"), _WORDS),
    "username": (f"{mark('b', 1, 'rows')}-0", f"{mark('z', 1, 'rows')}-0"),
    **dict.fromkeys(("sort", "order", "ordering", "order_by", "o"), _COLUMNS),
}


def values_for(name: str, half: Half) -> list[Any]:
    """Ids of a half's rows that a field of this name may take."""
    site, person = half.sites[1], half.people["analyst"]
    if name in _SITES:
        return [site.pk, site.key]
    if name in _PEOPLE:
        return [person.user_id, person.user.email]
    if name in _MEMBERS:
        return [person.pk]
    if name in ("tenant", "tenant_id", "organisation"):
        return [half.tenant.pk]
    if name == "name":  # which is to be free, whatever others call theirs
        return [half.team.name]
    if name == "team" or _OTHERS.get(name) == "team":
        return [half.team.pk]
    return [half.rows[_OTHERS[name]].pk] if name in _OTHERS else []


class Names:
    """The fields that a view looks for in what it is sent."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        for method in ("__getitem__", "get", "getlist", "__contains__"):
            plain = getattr(QueryDict, method)

            def noted(form: Any, key: Any, *rest: Any, plain: Any = plain) -> Any:
                self.found.add(str(key))
                return plain(form, key, *rest)

            patch.setattr(QueryDict, method, noted)


def fields_of(stage: Stage, route: Route, question: Question) -> set[str]:
    """The names of the fields that a route reads and that may hold an id."""
    names = Names()
    with pytest.MonkeyPatch.context() as patch:
        names.watch(patch)
        stage.ask(question)
    serializer = getattr(route.view, "serializer_class", None)
    if serializer is not None and route.method not in ("GET", "DELETE"):
        names.found |= set(serializer().fields)
    return {name for name in names.found if name in _ASKED_FOR or values_for(name, stage.world.b1)}


def _with(question: Question, field: str, value: Any, said: tuple[str, ...]) -> Question:
    many = field in ("sites", "site_ids", "members") and question.route.view is not None
    given = {field: [value] if many and question.route.method != "GET" else str(value)}
    if question.route.method == "GET":
        return Question(question.actor, question.route, field, question.path, given, said=said)
    return Question(question.actor, question.route, field, question.path, body=given, said=said)


def faults(stage: Stage, route: Route, actor: str) -> Iterator[str]:
    """What is told of B's rows, or done to them, when their ids stand in a request of A's."""
    line = line_for(route)
    if line is None or outcomes(line.policy_for(route.method) or "")[actor] != "+":
        return
    path = path_of(route, values_of(route, line, stage.world, "mine"))
    plain = Question(actor, route, "mine", path)
    fields = sorted(fields_of(stage, route, plain))
    if route.method == "GET":
        yield from _told_by_lists(stage, plain, [name for name in fields if name in _ASKED_FOR])
    for field in fields:
        for theirs in values_for(field, stage.world.b1):
            nobodys = _absent(theirs)
            said = (path, str(theirs), str(nobodys))
            one = stage.ask(_with(plain, field, theirs, said))
            other = stage.ask(_with(plain, field, nobodys, said))
            # A letter to an address that the asker wrote names that address.
            problems = [each for each in one.problems if not each.startswith("mails")]
            yield from (f"{route} {field}={theirs}: {problem}" for problem in problems)
            if one.status != other.status:  # what bodies tell of B its marks show
                yield f"{route} {field}={theirs}: {one.status}, and {other.status} of {nobodys}"


def _told_by_lists(stage: Stage, plain: Question, fields: list[str]) -> Iterator[str]:
    """What a list tells of B's rows, or of hidden columns, to who looks for them."""
    for field in fields:
        said = (plain.path, *_ASKED_FOR[field])
        one, other = (stage.ask(_with(plain, field, value, said)) for value in _ASKED_FOR[field])
        yield from (f"{plain.route} ?{field}: {problem}" for problem in one.problems)
        if not same(one, other, said):
            yield f"{plain.route} ?{field}: another answer for {said[1]} than for {said[2]}"


def _absent(value: Any) -> Any:
    if "@" in str(value):
        return str(value).replace("b1-", "z9-")
    return missing(value)


def is_outside_admin(route: Route) -> bool:
    """Whether these questions are asked at a route."""
    return not route.pattern.startswith("admin/") and line_for(route) is not None


def all_faults(stage: Stage) -> list[str]:
    """Over all routes outside the admin, asked by A's owner and, in the API, by their program."""
    return [
        fault
        for route in all_routes()
        if is_outside_admin(route)
        for fault in faults(stage, route, "full" if route.pattern.startswith("api/") else "owner")
    ]
