"""The questions of the matrix: everybody, everywhere, of whose row, and what is wrong with it."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from typing import Any

from django.apps import apps

from accounts.tenancy import TenantOwned
from tests.access.actors import GROUPS, LIMITED, NAMES, TOKENS
from tests.access.policies import Line, outcomes
from tests.access.probes import Question, Stage, path_of, same
from tests.access.routes import Route, all_routes, parameters_of
from tests.access.table import line_for
from tests.access.things import OWNED, PLAIN, THINGS, missing
from tests.access.world import World

# Who is asked where a bearer opens nothing, where nobody is held back, and in the admin, whose
# gate knows staff and others.
OF_PAGES = frozenset(NAMES) - (frozenset(TOKENS) - {"full"})
OF_EVERYBODY = frozenset(("anonymous", "owner", "full"))
OF_ADMIN = frozenset(("anonymous", "owner", "staff", "superuser"))
API = ("api/", "auth/", "analytics/")
ROLES = GROUPS["role"]


def _is_telling(actor: str, found: dict[str, str]) -> bool:
    """Roles are ordered: of those who pass, the lowest tells what all above it get, and owners."""
    passing = [role for role in ROLES if found[role] == "+"]
    return actor not in passing[1:] or actor == "owner"


# Of these who are to get the same at an address, one is asked there, another one at the next.
IN_TURN = (
    ("outsider", "ex_member", "suspended", "of_stopped_tenant", "staff", "superuser"),
    GROUPS["both"],
    GROUPS["dead"],
    # The same person by a page's session, a token that may all, and a program's sign-in.
    ("owner", "full", "jwt_owner"),
    ("viewer", "read", "jwt_viewer"),
    GROUPS["nobody"],
)
WHOLE = os.environ.get("ACCESS_WALK") == "all"


def _is_ones_turn(actor: str, route: Route, line: Line, found: dict[str, str]) -> bool:
    # Where no row is anybody's own, both levels get what the other gets.
    levels = () if line.thing in OWNED else (GROUPS["level"],)
    for names in (*IN_TURN, *levels):
        if actor in names and not WHOLE:
            alike = [name for name in names if found[name] == found[actor]]
            turn = zlib.crc32(str(route).encode()) % len(alike)
            return alike[turn] == actor
    return True


def asks(actor: str, route: Route, line: Line) -> bool:
    """Whether the actor's question differs from one that another one asks."""
    if route.pattern.startswith("admin/"):
        return actor in OF_ADMIN and (actor != "superuser" or route.method == "GET")
    if line.policy_for(route.method) in ("everybody", "sign-in"):
        return actor in OF_EVERYBODY
    is_asked = route.pattern.startswith(API) or actor in OF_PAGES
    found = {name: expected_of(route, line, name) for name in NAMES}
    return is_asked and _is_telling(actor, found) and _is_ones_turn(actor, route, line, found)


def _of_admin(route: Route, names: list[str], world: World) -> dict[str, Any]:
    """A row of B's, where there is one."""
    _admin, app, model, *_rest = [*route.pattern.split("/"), "", ""]
    row = None
    if "object_id" in names and app in apps.app_configs:
        found = apps.get_model(app, model)
        rows = getattr(found, "objects", found._base_manager)
        is_owned = issubclass(found, TenantOwned)
        row = (rows.for_tenant(world.b1.tenant) if is_owned else rows.all()).first()
    values = {name: PLAIN[name] for name in names}
    return values | ({"object_id": row.pk} if row is not None and names else {})


def values_of(route: Route, line: Line, world: World, whose: str) -> dict[str, Any]:
    """The values of a route's parameters in a variant.

    `mine`: the first team's of A, `aside`: the other team's, `theirs`: B's, `missing`: nobody's;
    `mixed` and `mixed missing` begin with A's and end with what is B's or nobody's.
    """
    names = parameters_of(route.pattern)
    if route.pattern.startswith("admin/"):
        return _of_admin(route, names, world)
    if not line.thing:
        return {name: PLAIN[name] for name in names}
    halves = {"aside": world.a2, "theirs": world.b1}
    own = THINGS[line.thing](world.a1)
    values = THINGS[line.thing](halves.get(whose, world.a1))
    if whose == "missing":
        values = {name: missing(value) for name, value in values.items()}
    elif whose.startswith("mixed"):
        theirs = THINGS[line.thing](world.b1)
        values = theirs if whose == "mixed" else {n: missing(v) for n, v in theirs.items()}
        values["key"] = own["key"]
    return {name: values.get(name, PLAIN.get(name)) for name in names}


def variants(route: Route, line: Line, actor: str) -> tuple[str, ...]:
    """Whose rows the actor asks for."""
    if not line.thing:
        return ("mine",)
    if actor == "neighbour":  # whose own rows are B's
        return ("mine", "missing")
    found = ["mine"]
    if outcomes(line.policy_for(route.method))[actor] not in "+?":
        return ("mine", "theirs")
    if actor in LIMITED and line.thing in OWNED:
        found.append("aside")
    found += ["theirs", "missing"]
    if len(parameters_of(route.pattern)) > 1 and line.thing in ("link", "visit"):
        found += ["mixed", "mixed missing"]
    return tuple(found)


def question(stage: Stage, route: Route, line: Line, actor: str, whose: str) -> Question:
    """One question of the matrix."""
    values = values_of(route, line, stage.world, whose)
    said = tuple(str(value) for value in values.values())
    return Question(actor, route, whose, path_of(route, values), said=said)


def expected_of(route: Route, line: Line, actor: str) -> str:
    """What the actor is answered about their own rows, or A's.

    Staff who look in change nothing but their own account: they are refused before it is looked
    at what they send.
    """
    found = outcomes(line.policy_for(route.method) or "")[actor]
    is_own = route.pattern.startswith("account")
    if actor == "looking" and route.method != "GET" and not is_own:
        return {"+": "3", "4": "34"}.get(found, found)
    return found


def faults(stage: Stage, route: Route, actor: str) -> Iterator[str]:
    """What is wrong with an actor's answers at a route, in all variants."""
    line = line_for(route)
    assert line is not None
    expected = expected_of(route, line, actor)
    answers, asked = {}, {}
    for whose in variants(route, line, actor):
        asked[whose] = question(stage, route, line, actor, whose)
        answers[whose] = answer = stage.ask(asked[whose])
        yield from (f"{asked[whose]}: {problem}" for problem in answer.problems)
        wanted = expected if whose == "mine" else _elsewhere(line, expected)
        if whose.startswith("mixed"):
            continue  # only that both are answered alike
        if not _is_as(answer.outcome, wanted):
            yield f"{asked[whose]}: {answer.outcome} ({answer.status}) for {wanted}"
    for one, other in _alike(actor, answers):
        if one in answers and other in answers:
            said = (*asked[one].said, *asked[other].said)
            if not same(answers[one], answers[other], said):
                yield f"{asked[one]}: tells more than of a row that is missing"


def _is_as(outcome: str, wanted: str) -> bool:
    """Whether an answer is one of those wanted; a method that is not taken does no harm."""
    return outcome == "5" or outcome in wanted or ("?" in wanted and outcome != "!")


def _alike(actor: str, answers: dict[str, Any]) -> list[tuple[str, str]]:
    """Which answers must not differ."""
    if actor == "superuser":  # whom nothing is hidden from
        return []
    if actor == "neighbour":
        return [("mine", "missing")]
    found = [("aside", "missing"), ("mixed", "mixed missing")]
    # Who is in both is told in which organisation a row of theirs is.
    return found if actor.startswith("both") else [("theirs", "missing"), *found]


def _elsewhere(line: Line, expected: str) -> str:
    """What is answered for a row that the actor does not see."""
    return line.elsewhere or "4" if expected == "+" else expected + "4"


def walk(stage: Stage, actor: str) -> list[str]:
    """All that is wrong with what an actor is answered."""
    return [
        fault
        for route in all_routes()
        if (line := line_for(route)) and line.policy_for(route.method)
        if asks(actor, route, line)
        for fault in faults(stage, route, actor)
    ]
