"""Each process acts as a role of the database that may no more than its work needs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from accounts import database_roles
from accounts.database_roles import INGEST, MAINTENANCE, WEB
from accounts.models import AuditEntry, Membership, Site
from accounts.tenancy import OutsideScope, TenantQuerySet, tenant_transaction
from linkpro.checks import roles_are_in_use
from tests.sending import send, visit
from tracking import partitions
from tracking.ingest import writer
from tracking.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def _roles(django_db_setup, django_db_blocker) -> None:
    """Once for the test database; a second time changes nothing."""
    with django_db_blocker.unblock():
        call_command("sync_roles")
        call_command("sync_roles")


@pytest.fixture(autouse=True)
def _use(_roles: None, db: None) -> None: ...


@contextmanager
def acting_as(role: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
        try:
            yield
        finally:
            cursor.execute("RESET ROLE")


def refused(role: str, sql: str) -> bool:
    """Whether the database keeps the role from it, for want of rights."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        try:
            with transaction.atomic():
                cursor.execute(sql)
        except ProgrammingError as error:
            return isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege)
        finally:
            cursor.execute("RESET ROLE")
    return False


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE accounts_site",
        "ALTER TABLE accounts_site ADD COLUMN x int",
        "TRUNCATE accounts_site CASCADE",
        "CREATE TABLE mine (x int)",
        "CREATE INDEX ON accounts_site (name)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE accounts_auditentry DISABLE TRIGGER ALL",
        "UPDATE accounts_auditentry SET action = 'x'",
        "DELETE FROM accounts_auditentry",
        "TRUNCATE accounts_auditentry",
        "UPDATE accounts_auditanchor SET tenant_id = NULL",
        "DELETE FROM django_migrations",
        "CREATE ROLE mine SUPERUSER",
        "COPY accounts_user TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
def test_web_neither_changes_the_schema_nor_rewrites_the_audit_log(sql):
    assert refused(WEB, sql)


def test_web_reads_no_partition_past_its_table():
    for table in ("accounts_auditentry", "tracking_event", "tracking_session"):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass",
                [table],
            )
            parts = [name for (name,) in cursor.fetchall()]
        assert parts
        assert all(refused(WEB, f"SELECT * FROM {part}") for part in parts), table
        assert not refused(WEB, f"SELECT * FROM {table}")


@pytest.mark.parametrize(
    "table",
    [
        "accounts_user",
        "accounts_apitoken",
        "accounts_membership",
        "accounts_outboxmessage",
        "accounts_auditentry",
        "accounts_mailserver",
        "privacy_salt",
        "django_session",
        "tracking_session",
    ],
)
def test_the_writer_of_events_reads_nothing_of_people(table):
    for sql in (f"SELECT * FROM {table}", f"DELETE FROM {table}"):
        assert refused(INGEST, sql)


def test_the_writer_of_events_deletes_and_changes_none():
    assert refused(INGEST, "DELETE FROM tracking_event")
    assert refused(INGEST, "UPDATE tracking_event SET name = 'x'")
    assert refused(INGEST, "TRUNCATE tracking_event")
    assert refused(INGEST, "CREATE TABLE mine (x int)")


def test_pages_and_the_api_work_as_web(signed_in, owner, site, token):
    browser = signed_in(owner)
    headers = {"headers": {"Authorization": f"Bearer {token(owner)}"}}
    with acting_as(WEB):
        for page in ("/sites", f"/sites/{site.key}/settings", "/account/tokens"):
            assert browser.get(page).status_code == 200
        made = browser.post("/api/v1/sites", {"name": "Blog"}, "application/json", **headers)
        path = f"/api/v1/sites/{made.json()['id']}"
        changed = browser.patch(path, {"name": "Log"}, "application/json", **headers)
        assert (made.status_code, changed.status_code) == (201, 200)
    assert Site.plain.filter(name="Log").exists()
    assert AuditEntry.objects.for_tenant(owner.tenant).filter(action="site.changed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_events_are_stored_by_the_writers_role_also_in_a_month_without_a_table(site, settings):
    settings.DATABASE_ROLE = WEB
    with writer.connect() as opened:
        assert opened.execute("SELECT current_user").fetchone() == (INGEST,)
    month = datetime(2019, 5, 7, 12, tzinfo=UTC)
    name = partitions.name_of(partitions.EVENT, month.date().replace(day=1))
    assert send(site, visit(month, ["/"])) == ["stored"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT relowner::regrole::text FROM pg_class WHERE relname = %s", [name])
        assert cursor.fetchone() == (MAINTENANCE,)
        cursor.execute(f"DROP TABLE {name}")
    assert not Event.plain.exists()


def test_maintenance_owns_every_table():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND relowner <> %s::regrole",
            [MAINTENANCE],
        )
        assert cursor.fetchall() == []


def test_no_role_signs_in_or_passes_policies_by():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND NOT"
            " (rolcanlogin OR rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)",
            [list(database_roles.ALL)],
        )
        assert len(cursor.fetchall()) == len(database_roles.ALL)


def test_who_may_not_make_roles_is_told_what_to_do():
    out = io.StringIO()
    call_command("sync_roles", "--sql", stdout=out)
    assert f"CREATE ROLE {WEB} NOLOGIN" in out.getvalue()
    with acting_as(WEB), pytest.raises(Exception, match="--sql"), transaction.atomic():
        call_command("sync_roles")


def test_where_roles_are_not_in_use_nothing_is_asked(settings, django_assert_num_queries):
    settings.DATABASE_ROLES = False
    with django_assert_num_queries(0):
        call_command("sync_roles", "--where-used")


def test_production_that_acts_as_superuser_or_owner_is_warned(settings):
    def told() -> list[str]:
        return [str(warning.msg) for warning in roles_are_in_use(databases=["default"])]

    assert told() == [], "a developer's machine is none"
    settings.PRODUCTION, settings.DATABASE_ROLES = True, False
    assert told() == ["Processes act as a superuser of the database."]
    with acting_as(MAINTENANCE):
        assert told() == ["Processes act as the owner of the tables."]
    with acting_as(WEB):
        assert told() == []


# --- A tenant's transaction, and row-level security behind it ---------------------------------


def current() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.tenant', true)")
        return cursor.fetchone()[0] or ""


@pytest.mark.django_db(transaction=True)
def test_a_tenants_transaction_ends_with_its_setting(acme):
    with tenant_transaction(acme), tenant_transaction(acme.pk):
        assert current() == str(acme.pk)
    assert current() == ""
    with pytest.raises(ZeroDivisionError), tenant_transaction(acme):
        raise ZeroDivisionError
    assert current() == ""


def test_a_tenants_transaction_lets_in_no_other_tenant(acme, rival_site):
    with tenant_transaction(acme):
        with pytest.raises(OutsideScope), tenant_transaction(rival_site.tenant):
            pass
        assert current() == str(acme.pk)


@pytest.fixture
def policy(site: Site, settings) -> Iterator[None]:
    """Row-level security on sites, as a migration would bring it."""
    settings.ROW_SECURITY = True
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE POLICY own_tenant ON accounts_site USING"
            " (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);"
            "ALTER TABLE accounts_site ENABLE ROW LEVEL SECURITY"
        )
        try:
            yield
        finally:
            cursor.execute(
                "RESET ROLE; ALTER TABLE accounts_site DISABLE ROW LEVEL SECURITY;"
                "DROP POLICY own_tenant ON accounts_site"
            )


@pytest.mark.django_db(transaction=True)
def test_pages_and_the_api_work_under_row_level_security_and_nothing_leaks(
    signed_in, owner, site, rival_site, token, policy, monkeypatch
):
    browser, api = signed_in(owner), {"Authorization": f"Bearer {token(owner)}"}
    rita = token(Membership.objects.for_tenant(rival_site.tenant).get())

    def names(**headers: str) -> list[str]:
        rows = browser.get("/api/v1/sites", headers=headers).json()["results"]
        assert current() == "", "the next request finds no tenant on this connection"
        return [row["name"] for row in rows]

    with acting_as(WEB):
        assert Site.plain.count() == 0, "without a tenant there is no row"
        assert names(**api) == ["Acme shop"]
        assert names(Authorization=f"Bearer {rita}") == ["Rival shop"]
        page = browser.get("/sites")
        assert ("Acme shop" in page.content.decode(), page.status_code) == (True, 200)
        assert current() == ""
        made = browser.post("/api/v1/sites", {"name": "B"}, "application/json", headers=api)
        assert made.status_code == 201
        path = f"/api/v1/sites/{made.json()['id']}"
        assert (
            browser.patch(path, {"name": "C"}, "application/json", headers=api).status_code == 200
        )
        assert (
            "Acme shop"
            in browser.get("/api/v1/sites", headers={"Accept": "text/html"}).content.decode()
        )
        # A filter that somebody forgot: the database still shows no row of others.
        monkeypatch.setattr(TenantQuerySet, "visible_to", lambda rows, scope: rows.all())
        assert sorted(names(**api)) == ["Acme shop", "C"]
        theirs = browser.get(f"/api/v1/sites/{rival_site.pk}", headers=api)
        assert theirs.status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_refused_request_leaves_nothing_behind_under_row_level_security(
    client, owner, token, policy
):
    api = {"Authorization": f"Bearer {token(owner)}"}
    with acting_as(WEB):
        for accept in ("application/json", "text/html"):  # a page reads rows for its forms
            headers = api | {"Accept": accept}
            answer = client.post("/api/v1/sites", {"name": ""}, "application/json", headers=headers)
            assert (answer.status_code, current()) == (400, "")
    assert Site.plain.count() == 1
