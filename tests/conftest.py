"""The people everybody's tests share: Ada owns Acme, Ben views it, Rita owns its rival."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import hypothesis
import pytest
import structlog
from django.conf import settings
from django.db import connection
from django.test import Client, TransactionTestCase
from hypothesis import HealthCheck

from accounts.models import ApiToken, Membership, Site, Tenant, User
from accounts.roles import Role, TokenScope
from accounts.tenants.onboarding import found_tenant
from tests.audited import watched
from tests.mailserver import Servers
from tracking.ingest import directory, limits, writer

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/131.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
PASSWORD = "correct horse battery"


def pytest_configure(config: pytest.Config) -> None:
    """Passwords are hashed slowly on purpose, which no test is about."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # How long an example takes says how busy the machine is.
    slow = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)
    hypothesis.settings.register_profile("linkpro", deadline=None, suppress_health_check=slow)
    hypothesis.settings.load_profile("linkpro")


@pytest.fixture(autouse=True)
def _fresh_process() -> Iterator[None]:
    """What a process remembers of sites, salts and agents belongs to another test's database."""
    for module in (directory, writer, limits):
        module.forget()
    structlog.contextvars.clear_contextvars()
    yield
    for module in (directory, writer, limits):
        module.forget()


@pytest.fixture(autouse=True)
def _every_change_is_written_down(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a request of any test changes has its entry in the audit log."""
    found: list[str] = []
    if "faults" in request.fixturenames:  # a test of this very promise
        yield
        return
    with watched(found.append):
        yield
    assert found == []


# What every installation has from its first migration on.
LASTING = {"django_migrations", "django_content_type", "auth_permission"}


@cache
def emptying() -> str:
    """SQL that empties all tables, partitioned ones too, in whatever order they stand."""
    with connection.cursor() as cursor:
        tables = connection.introspection.get_table_list(cursor)
    names = {table.name for table in tables if table.type == "t"}  # not their partitions
    deletes = "; ".join(f'DELETE FROM "{name}"' for name in sorted(names - LASTING))
    return f"SET session_replication_role = replica; {deletes}; RESET session_replication_role"


@pytest.fixture(autouse=True, scope="session")
def _quick_emptying() -> Iterator[None]:
    """What a test has committed is deleted: that takes a part of the time of Django's flush.

    The flush makes new files for all tables, and all permissions anew; it passes over partitions.
    """

    def empty(self: TransactionTestCase) -> None:
        with connection.cursor() as cursor:
            cursor.execute(emptying())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The test's database; whoever still holds a connection in the end (a thread) loses it."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada@acme.test", PASSWORD, name="Ada")


@pytest.fixture
def site(ada: User) -> Site:
    """Acme's shop, on Berlin's clock."""
    return found_tenant(
        owner=ada,
        organisation="Acme",
        site_name="Acme shop",
        domain="shop.acme.test",
        time_zone="Europe/Berlin",
    )


@pytest.fixture
def acme(site: Site) -> Tenant:
    return site.tenant


@pytest.fixture
def owner(site: Site, ada: User) -> Membership:
    """Ada's membership in Acme."""
    return Membership.objects.for_tenant(site.tenant).get(user=ada)


@pytest.fixture
def member(acme: Tenant) -> Callable[..., Membership]:
    """Make somebody a member of Acme: `member("analyst", level="own")`."""

    def make(role: str = Role.VIEWER, email: str = "ben@acme.test", **values: Any) -> Membership:
        user = User.objects.create_user(email, PASSWORD)
        made = Membership(user=user, tenant=acme, role=role)
        for name, value in values.items():
            setattr(made, name, value)
        made.save()
        return made

    return make


@pytest.fixture
def rival_site(db: None) -> Site:
    """The site of another tenant, which nobody of Acme may see."""
    rita = User.objects.create_user("rita@rival.test", PASSWORD)
    return found_tenant(
        owner=rita, organisation="Rival", site_name="Rival shop", domain="rival.test"
    )


@pytest.fixture
def signed_in() -> Callable[[Membership], Client]:
    """A browser in which the member is signed in."""

    def make(membership: Membership) -> Client:
        client = Client()
        client.force_login(membership.user)
        return client

    return make


@pytest.fixture
def token() -> Callable[..., str]:
    """The text of a new token: `token(member, scopes=["read"])`."""

    def make(membership: Membership, scopes: list[str] | None = None, **values: Any) -> str:
        chosen = list(TokenScope.values) if scopes is None else scopes
        return ApiToken.issue(membership, name="test", scopes=chosen, **values)[1]

    return make


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Mail servers on loopback: `servers.start(tls="starttls")`."""
    made = Servers(tmp_path_factory.mktemp("certificates"))
    yield made
    made.close()


def at(text: str) -> datetime:
    """`2026-03-01 12:00` as a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
