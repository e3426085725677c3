"""Take each wall away in turn: the matrix must miss it, or it would not have held anything.

A wall is a place in the code: where rows are narrowed to a scope or a tenant, where a role is asked
for, a class of the API or the admin that asks for permission, and the doors before them all. Which
questions come by a place is written down while they are asked; with the place taken away those are
asked again, until one is answered wrongly.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser

from accounts import authentication, pages, permissions
from accounts.models import ApiToken, Membership
from accounts.tenancy import Scope, TenantManager, TenantQuerySet
from tests.access import references
from tests.access.probes import Stage
from tests.access.references import is_outside_admin
from tests.access.routes import Route
from tests.access.table import line_for
from tests.access.walk import asks, faults

Place = tuple[str, int]
Asked = tuple[Route, str]
PAGES = str(Path(pages.__file__))
TESTS = str(Path(__file__).parents[1])
TENANCY = str(Path(sys.modules[TenantManager.__module__].__file__ or ""))

_NARROW = {name: getattr(TenantManager, name) for name in ("visible_to", "for_tenant")}
_ROLE_OR_403 = pages.role_or_403


def _caller() -> Place:
    """The place in the code of LinkPro that called what called this."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_code.co_filename in (TENANCY, PAGES):
        if frame.f_code.co_name in ("site_or_404", "no_such_site"):
            break
        frame = frame.f_back
    return str(Path(frame.f_code.co_filename)), frame.f_lineno


def _told(place: Place) -> str:
    return f"{Path(place[0]).relative_to(settings.BASE_DIR)}:{place[1]}"


# What stands in the code at a place that may go alone: it asks for rows of what was found in scope
# before, so its own narrowing is a second line.
SECOND = (
    "site=site",
    "site__in=sites",
    "before, dimension=TOTAL",
    "filter(pk=member.pk)",
    "get(pk=member.pk)",
    "filter(pk=token.pk",
    "pk=invitation.pk",
    "filter(user=by)",  # whose role the page or the class of the API has asked for
    "filter(member=row",
    "filter(team=team)",
    "filter(team=found)",
    "filter(endpoint=endpoint)",
    "for row in able]",  # the heirs, who are the tenant's
)
# And what these questions cannot miss, since no text of a row is shown; who misses it instead.
ELSEWHERE = (
    "visible_to(scope).count(),",  # tests/linkpro/test_system.py: counts
    "visible_to(scope).filter(deleted_at=None).count(),",
    "rows = Invitation.objects.for_tenant(tenant)",  # tests/accounts/test_invitations.py: limits
    "visible = Site.objects.visible_to(token.scope())",  # tests/tracking/test_track_view.py: ingest
)


def is_counted(place: Place) -> bool:
    """Whether a place is the product's and a wall of its own that these questions can miss."""
    if place[0].startswith(TESTS):
        return False
    lines = Path(place[0]).read_text().splitlines()[place[1] - 1 : place[1] + 3]
    if any(word in lines[0] for word in ELSEWHERE):
        return False
    return not any(word in line for line in lines for word in SECOND)


# --- Which questions come by --------------------------------------------------------------------


class Trail:
    """By place: the questions that came by it."""

    def __init__(self) -> None:
        self.by: dict[tuple[str, Place], list[Asked]] = defaultdict(list)
        self.now: Asked | None = None

    def note(self, kind: str, place: Place) -> None:
        if self.now is not None and self.now not in self.by[kind, place]:
            self.by[kind, place].append(self.now)


@contextmanager
def _watched(trail: Trail, patch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, narrow in _NARROW.items():

        def noted(self: Any, whose: Any, narrow: Any = narrow) -> Any:
            trail.note("rows", _caller())
            return narrow(self, whose)

        patch.setattr(TenantManager, name, noted)

    def role(member: Membership, wanted: Any) -> None:
        trail.note("role", _caller())
        _ROLE_OR_403(member, wanted)

    _everywhere(patch, "role_or_403", _ROLE_OR_403, role)
    yield
    patch.undo()


def _everywhere(patch: pytest.MonkeyPatch, name: str, old: Any, new: Any) -> None:
    """Replace a function in all modules that have imported it."""
    for module in list(sys.modules.values()):
        if getattr(module, "__dict__", {}).get(name) is old:
            patch.setattr(module, name, new)


# Managers see rows, viewers are refused; own rows and other levels; a program.
WITNESSES = ("owner", "own", "viewer", "manager", "full", "outsider")


def trail_of(stage: Stage, routes: list[Route], patch: pytest.MonkeyPatch) -> Trail:
    """Where the questions about these routes come by."""
    trail = Trail()
    with _watched(trail, patch):
        for route in routes:
            line = line_for(route)
            for actor in WITNESSES:
                if line and line.policy_for(route.method) and asks(actor, route, line):
                    trail.now = (route, actor)
                    list(faults(stage, route, actor))
    trail.now = None
    return trail


# --- What is taken away -------------------------------------------------------------------------


def _without_scope(patch: pytest.MonkeyPatch, place: Place, *, levels: bool) -> None:
    """At one place all rows are seen: of every tenant, or only of everybody in the tenant."""
    for name, narrow in _NARROW.items():

        def wide(self: Any, whose: Any, narrow: Any = narrow) -> Any:
            if _caller() != place:
                return narrow(self, whose)
            if levels:
                return self._rows().for_tenant(getattr(whose, "tenant", whose))
            return TenantQuerySet(self.model, using=self._db)

        patch.setattr(TenantManager, name, wide)


def _without_role(patch: pytest.MonkeyPatch, place: Place) -> None:
    def role(member: Membership, wanted: Any) -> None:
        if _caller() != place:
            _ROLE_OR_403(member, wanted)

    _everywhere(patch, "role_or_403", _ROLE_OR_403, role)


def _without_permission(patch: pytest.MonkeyPatch, view: type) -> None:
    """A class of the API that lets everybody pass who is signed in."""
    ask = permissions.RolePermission.has_permission

    def has(self: Any, request: Any, asked: Any) -> bool:
        return type(asked) is view or ask(self, request, asked)

    patch.setattr(permissions.RolePermission, "has_permission", has)


DOORS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], tuple[str, ...]]] = {
    "anonymous is signed in": (
        lambda patch: patch.setattr(AnonymousUser, "is_authenticated", True),
        ("anonymous",),
    ),
    "memberships are live for ever": (
        lambda patch: _everywhere(
            patch,
            "memberships_of",
            authentication.memberships_of,
            lambda user: Membership.plain.filter(user=user).select_related("tenant", "user"),
        ),
        ("suspended", "of_stopped_tenant"),
    ),
    "tokens live for ever": (
        lambda patch: patch.setattr(ApiToken, "is_alive", lambda self, now: True),
        ("revoked", "expired", "maker_suspended"),
    ),
    "everybody is staff": (
        lambda patch: patch.setattr(
            admin.site, "has_permission", lambda request: request.user.is_active
        ),
        ("owner",),
    ),
    "a token is for all sites": (
        lambda patch: patch.setattr(ApiToken, "scope", lambda self: self.member.scope()),
        ("some_sites",),
    ),
    "the levels are one": (
        lambda patch: patch.setattr(Membership, "scope", lambda self: Scope(tenant=self.tenant_id)),
        ("own", "team"),
    ),
}


# --- Whether it is missed -----------------------------------------------------------------------


def _is_missed(stage: Stage, asked: list[Asked]) -> bool:
    if any(True for route, actor in asked for _fault in faults(stage, route, actor)):
        return True
    of_ids = (one for one in asked if one[1] in ("owner", "full") and is_outside_admin(one[0]))
    return any(True for route, actor in of_ids for _f in references.faults(stage, route, actor))


Mutant = tuple[str, Callable[[pytest.MonkeyPatch], None], list[Asked]]


def _of_rows(trail: Trail) -> Iterator[Mutant]:
    for (kind, place), asked in trail.by.items():
        if kind == "role":
            roles = ("viewer", "manager", "admin")
            lower = [(route, role) for role in roles for route, _actor in asked]
            yield (
                f"role at {_told(place)}",
                lambda patch, place=place: _without_role(patch, place),  # type: ignore[misc]
                list(dict.fromkeys(lower)),
            )
        elif is_counted(place):
            yield (
                f"rows at {_told(place)}",
                lambda patch, place=place: _without_scope(patch, place, levels=False),  # type: ignore[misc]
                sorted(asked, key=lambda one: one[1] == "viewer"),
            )


def _of_classes(routes: list[Route]) -> Iterator[Mutant]:
    views: dict[type, list[Route]] = defaultdict(list)
    for route in routes:
        view = route.view
        classes = getattr(view, "permission_classes", ())
        if view and any(issubclass(each, permissions.RolePermission) for each in classes):
            views[view].append(route)
    for view, own in views.items():
        asked = [(route, actor) for route in own for actor in ("ingest", "viewer", "outsider")]
        name = f"permission of {view.__name__}"
        yield name, lambda patch, view=view: _without_permission(patch, view), asked  # type: ignore[misc]


def _of_admin(routes: list[Route]) -> Iterator[Mutant]:
    for model, page in admin.site._registry.items():
        info = f"admin/{model._meta.app_label}/{model._meta.model_name}/"
        asked = [(route, "staff") for route in routes if route.pattern == info]

        def open_it(patch: pytest.MonkeyPatch, page: Any = page) -> None:
            patch.setattr(page, "has_view_permission", lambda request, obj=None: True)
            patch.setattr(page, "has_module_permission", lambda request: True)

        yield f"admin of {model._meta.label}", open_it, asked


def _of_doors(routes: list[Route]) -> Iterator[Mutant]:
    for name, (open_it, actors) in DOORS.items():
        for actor in actors:
            yield f"{name} ({actor})", open_it, [(route, actor) for route in routes]


def mutants(stage: Stage, routes: list[Route]) -> list[Mutant]:
    """Every wall there is on the way of these routes."""
    with pytest.MonkeyPatch.context() as patch:
        trail = trail_of(stage, routes, patch)
    return [
        *_of_rows(trail),
        *_of_classes(routes),
        *_of_admin(routes),
        *_of_doors(routes),
    ]


def survivors(stage: Stage, routes: list[Route]) -> tuple[list[str], int]:
    """The walls on the way of these routes that nobody would miss, and how many there are."""
    asked = [one for one in mutants(stage, routes) if one[2]]
    alive = []
    for name, take_away, questions in asked:
        with pytest.MonkeyPatch.context() as patch:
            take_away(patch)
            if not _is_missed(stage, questions):
                alive.append(name)
    return alive, len(asked)
