"""A world that many cases share: a site, its owner, and one of the two doors for events.

Its rows are committed and stay until its last case; then everything that was stored is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import setup_databases, teardown_databases

from accounts.models import ApiToken, Membership, Site, User
from accounts.roles import TokenScope
from accounts.tenants.onboarding import found_tenant
from tests.conftest import CHROME, emptying
from tests.corpus.cases import Case
from tests.corpus.reading import everything_is_readable
from tests.tracking.conftest import PATHS, Reply, through_endpoint, through_view
from tracking.models import Event

DOORS: dict[str, Callable[..., Reply]] = {"endpoint": through_endpoint, "view": through_view}


@dataclass
class World:
    """A site of Acme's, one of somebody else's, and a way to send events to them."""

    door: str
    site: Site
    other: Site
    owner: Membership
    token: str

    def send(self, body: bytes, path: str = PATHS[0], method: str = "POST", **more: str) -> Reply:
        """Send a body; `more` are headers, which may say another host and another agent."""
        headers = {"host": "localhost", "user-agent": CHROME} | more
        return DOORS[self.door](method, path, body, headers)

    @property
    def bearer(self) -> dict[str, str]:
        """The header of somebody who is trusted."""
        return {"authorization": f"Bearer {self.token}"}

    def check(self, case: Case, **more: str) -> Event | None:
        """Send a case and compare; returns the stored event."""
        before = Event.plain.count()
        reply = self.send(case.written(self.site.key, self.door), **{**case.headers, **more})
        stored = Event.plain.count() - before
        if reply.status != 202 or case.status != 202:
            assert (reply.status, reply.body["code"]) == (case.status, case.told), reply.body
            assert reply.headers["content-type"] == "application/problem+json"
            assert stored == 0
            return None
        assert list(reply.results.values()) == [case.told]
        assert stored == (0 if case.told == "duplicate" else 1)
        row = Event.plain.select_related("agent").latest("received_at")
        told = {name: getattr(row, name) for name in case.stored}
        assert told == dict(case.stored)
        return row


def _people() -> tuple[Site, Site, Membership, str]:
    ada = User.objects.create_user("ada@acme.test", "correct horse battery", name="Ada")
    rita = User.objects.create_user("rita@rival.test", "correct horse battery")
    site = found_tenant(
        owner=ada,
        organisation="Acme",
        site_name="Acme shop",
        domain="shop.acme.test",
        time_zone="Europe/Berlin",
    )
    other = found_tenant(
        owner=rita, organisation="Rival", site_name="Rival shop", domain="rival.test"
    )
    owner = Membership.objects.for_tenant(site.tenant).get(user=ada)
    _row, token = ApiToken.issue(owner, name="corpus", scopes=[TokenScope.INGEST])
    return site, other, owner, token


@pytest.fixture(scope="session")
def database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The tests' database, also when no chosen test is marked to need one: it is then made here."""
    if connection.settings_dict["NAME"].startswith("test_"):
        yield
        return
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default": None})
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="module")
def committed(database: None, django_db_blocker: Any) -> Iterator[None]:
    """The database, open to all tests of a module."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "INGEST_EVENTS_PER_SECOND", 0)  # one address sends all of it
        yield


@pytest.fixture(scope="module", params=list(DOORS))
def world(request: pytest.FixtureRequest, committed: None) -> Iterator[World]:
    """Both doors, one after the other, each with an empty database."""
    yield from _world(request.param)


@pytest.fixture(scope="module")
def front(committed: None) -> Iterator[World]:
    """The endpoint alone, for what is not about bodies."""
    yield from _world("endpoint")


def _world(door: str) -> Iterator[World]:
    try:
        found = World(door, *_people())
        yield found
        events = everything_is_readable(found.site, found.owner)
        print(f"{events} events of {door} were read back")
    finally:
        with connection.cursor() as cursor:
            cursor.execute(emptying())
