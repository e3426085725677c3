"""Everybody who may ask, and by which door: a browser's session or a program's bearer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.authentication import SESSION_TENANT, TENANT_HEADER
from accounts.models import ApiToken, Membership, StaffAccess, User
from accounts.roles import Role, TokenScope
from accounts.sign_in import jwt
from tests.access.world import RUN, World, person

# Who asks, group by group; the table tells what becomes of each, in this order.
GROUPS = {
    # Nobody: without a sign-in, and with one of a person who is stopped.
    "nobody": ("anonymous", "inactive"),
    # Signed in, and in no organisation that is open to them.
    "stranger": ("outsider", "ex_member", "suspended", "of_stopped_tenant", "staff", "superuser"),
    # The owner of B.
    "neighbour": ("neighbour",),
    # A's people who see the whole of it.
    "role": ("viewer", "analyst", "manager", "admin", "owner"),
    # Managers of A who see their own rows, and their team's.
    "level": ("own", "team"),
    # Viewers of A who are B's owners, by the header and by the session; staff who look into A.
    "both": ("both_by_header", "both_by_switch", "looking"),
    # Programs of A's owner.
    "token": ("full", "read", "write", "export", "ingest", "some_sites"),
    # Keys that open nothing any more.
    "dead": ("revoked", "expired", "maker_gone", "maker_suspended"),
    # Programs that A's people signed in with, and one that was signed out.
    "jwt": ("jwt_viewer", "jwt_owner", "jwt_ended"),
}
NAMES = tuple(name for names in GROUPS.values() for name in names)
LIMITED = ("own", "team", "some_sites")
TOKENS = GROUPS["token"] + GROUPS["dead"] + GROUPS["jwt"]


@dataclass
class Actor:
    """Somebody with a browser or a key, and the marks that no answer to them may bear."""

    name: str
    client: Client
    headers: dict[str, str] = field(default_factory=dict)
    user: User | None = None
    forbidden: tuple[str, ...] = ()

    @property
    def is_program(self) -> bool:
        return self.name in TOKENS

    def __str__(self) -> str:
        return self.name


def _signed_in(name: str, user: User, **headers: str) -> Actor:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return Actor(name, client, {"REMOTE_ADDR": "127.0.0.1", **headers}, user)


def _program(name: str, text: str) -> Actor:
    headers = {"HTTP_AUTHORIZATION": f"Bearer {text}"}
    return Actor(name, Client(raise_request_exception=False), headers)


def _people(world: World) -> Iterator[Actor]:
    tenant, stopped = world.a1.tenant, world.stopped
    outsider, former, gone = person("outsider"), person("former"), person("inactive")
    yield Actor("anonymous", Client(raise_request_exception=False))
    Membership.objects.create(user=gone, tenant=tenant, role=Role.OWNER)
    yield _signed_in("inactive", gone)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    yield _signed_in("outsider", outsider)
    Membership.objects.create(user=former, tenant=tenant, role=Role.OWNER).delete()
    yield _signed_in("ex_member", former)
    suspended = person("suspended")
    ended = {"role": Role.OWNER, "suspended_at": timezone.now()}
    Membership.objects.create(user=suspended, tenant=tenant, **ended)  # type: ignore[misc]
    yield _signed_in("suspended", suspended)
    of_stopped = person("of-stopped")
    Membership.objects.create(user=of_stopped, tenant=stopped, role=Role.OWNER)
    yield _signed_in("of_stopped_tenant", of_stopped)
    yield _signed_in("staff", person("staff", is_staff=True))
    yield _signed_in("superuser", person("root", is_staff=True, is_superuser=True))
    yield _signed_in("neighbour", world.b1.people["owner"].user)
    for name in (*GROUPS["role"], *GROUPS["level"]):
        yield _signed_in(name, world.a1.people[name].user)
    yield from _of_both(world)


def _of_both(world: World) -> Iterator[Actor]:
    tenant = world.a1.tenant
    header = {"HTTP_" + TENANT_HEADER.upper().replace("-", "_"): str(tenant.pk)}
    for name in ("both_by_header", "both_by_switch"):
        user = person(name)
        Membership.objects.create(user=user, tenant=world.b1.tenant, role=Role.OWNER)
        Membership.objects.create(user=user, tenant=tenant, role=Role.VIEWER)
        actor = _signed_in(name, user, **(header if name == "both_by_header" else {}))
        if name == "both_by_switch":
            session = actor.client.session
            session[SESSION_TENANT] = str(tenant.pk)
            session.save()
        yield actor
    looking = person("looking", is_staff=True)
    ends_at = timezone.now() + timedelta(hours=1)
    StaffAccess.objects.create(tenant=tenant, user=looking, reason="asked", ends_at=ends_at)
    yield _signed_in("looking", looking, **header)


def _programs(world: World) -> Iterator[Actor]:
    owner, every = world.a1.people["owner"], list(TokenScope.values)

    def issue(name: str, member: Membership = owner, **values: Any) -> Actor:
        return _program(name, ApiToken.issue(member, name=name, **({"scopes": every} | values))[1])

    yield issue("full")
    for scope in TokenScope.values:
        yield issue(scope, scopes=[scope])
    # One of its sites went to B since.
    sites = [*world.a1.sites[:2], world.b1.sites[1]]
    yield issue("some_sites", site_ids=[site.pk for site in sites])
    yield issue("revoked", revoked_at=timezone.now())
    yield issue("expired", lifetime=timedelta(seconds=-1))
    gone = Membership.objects.create(
        user=person("maker-gone"), tenant=world.a1.tenant, role=Role.OWNER
    )
    yield issue("maker_gone", gone)
    gone.delete()
    stopped = Membership.objects.create(
        user=person("maker-stopped"), tenant=world.a1.tenant, role=Role.OWNER
    )
    yield issue("maker_suspended", stopped)
    Membership.plain.filter(pk=stopped.pk).update(suspended_at=timezone.now())
    asked = RequestFactory().post("/auth/login")
    viewer = jwt.start(world.a1.people["viewer"].user, asked, "127.0.0.1")
    yield _program("jwt_viewer", viewer.access)
    yield _program("jwt_owner", jwt.start(owner.user, asked, "127.0.0.1").access)
    ended = jwt.start(owner.user, asked, "127.0.0.1")
    jwt.end(ended.sign_in)
    yield _program("jwt_ended", ended.access)


def cast(world: World) -> dict[str, Actor]:
    """Everybody, by name, signed in and committed."""
    actors = {actor.name: actor for actor in (*_people(world), *_programs(world))}
    for actor in actors.values():
        other = "a" if actor.name == "neighbour" else "b"
        actor.forbidden = tuple(f"{other}{team}-{RUN}" for team in range(3))
        if actor.name in ("both_by_header", "both_by_switch"):  # B's name is in their switcher
            actor.forbidden = actor.forbidden[1:]
        if actor.name in LIMITED:
            actor.forbidden += (world.a2.own,)
    assert set(actors) == set(NAMES), set(actors) ^ set(NAMES)
    return actors
