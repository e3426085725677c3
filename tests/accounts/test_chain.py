"""The chain of the audit log: what is committed is chained, and what is touched is found."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import StringIO
from threading import Thread
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from accounts import audit
from accounts.audit_log import chain, chain_check, months
from accounts.audit_log.chain_check import check
from accounts.models import AuditEntry
from accounts.models.audit import AuditAnchor, AuditHead

pytestmark = pytest.mark.django_db


def written(tenant, count: int = 3, **values: Any) -> list[AuditEntry]:
    """Some entries of a tenant that are not chained yet."""
    values = {"action": "site.changed", "target_type": "site", "target_id": "1"} | values
    kind = AuditEntry.ActorKind.SYSTEM
    rows = [
        AuditEntry(tenant=tenant, actor_kind=kind, changes={"number": [number, 1.5]}, **values)
        for number in range(count)
    ]
    return AuditEntry.plain.bulk_create(rows)


def as_superuser(statement: str, *values: Any) -> None:
    """What somebody does whom no trigger holds back."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET session_replication_role = origin")


def places(tenant) -> list[int | None]:
    rows = AuditEntry.objects.for_tenant(tenant).order_by("id")
    return list(rows.values_list("sequence", flat=True))


@pytest.fixture
def chained(acme):
    """Acme with a whole chain of five entries; the first two founded it."""
    written(acme)
    chain.chain_committed()
    return acme


def broken(tenant) -> str:
    return check(getattr(tenant, "pk", tenant), timezone.now()).broken


# --- Chaining ---------------------------------------------------------------------------------


def test_entries_are_chained_in_the_order_of_chaining_and_only_once(chained, rival_site):
    assert places(chained) == [1, 2, 3, 4, 5]
    assert chain.chain_committed() == 2  # the rival's, who was founded since
    assert chain.chain_committed() == 0
    rows = AuditEntry.objects.for_tenant(chained).order_by("sequence")
    previous = chain.BEGINNING
    for row in rows:
        assert bytes(row.previous) == previous
        previous = bytes(row.hash)
    head = AuditHead.plain.get(tenant_id=chained.pk)
    assert (head.sequence, bytes(head.hash)) == (5, previous)
    assert places(rival_site.tenant) == [1, 2]


def test_what_belongs_to_no_tenant_has_a_chain_of_its_own(chained):
    written(None)
    assert chain.chain_committed() == 3
    assert broken(None) == ""
    assert AuditHead.plain.get(tenant_id=None).sequence == 3


def test_chaining_goes_on_in_pieces(acme, monkeypatch):
    monkeypatch.setattr(chain, "PIECE", 2)
    written(acme, 5)
    written(None, 3)
    assert chain.chain_committed() == 10
    assert (broken(acme), broken(None)) == ("", "")


def test_an_entry_of_before_that_is_committed_later_comes_after(chained):
    """Its id is lower and its moment earlier: the order is that of chaining."""
    late = written(chained, 1, created_at=timezone.now() - timedelta(hours=1))[0]
    assert chain.chain_committed() == 1
    late.refresh_from_db()
    assert (late.sequence, broken(chained)) == (6, "")


def test_a_chain_whose_head_was_lost_goes_on_where_it_ended(chained):
    AuditHead.plain.all().delete()
    assert "record of the chain's end is missing" in broken(chained)
    written(chained, 1)
    chain.chain_committed()
    assert places(chained) == [1, 2, 3, 4, 5, 6]
    assert broken(chained) == ""


# --- What is touched is found -----------------------------------------------------------------


@pytest.mark.parametrize(
    "edit",
    [
        "changes = '{}'",
        "actor_id = 7",
        "action = 'site.looked_at'",
        "reason = 'none'",
        "created_at = created_at - interval '1 second'",
        "tenant_id = tenant_id, target_id = '2'",
    ],
)
def test_an_edited_entry_is_found_and_named(chained, edit):
    entry = AuditEntry.plain.get(tenant=chained, sequence=4)
    as_superuser(f"UPDATE accounts_auditentry SET {edit} WHERE id = %s", entry.pk)
    assert broken(chained) == f"entry {entry.pk} at place 4 was changed after it was chained"


def test_a_deleted_entry_is_found_and_named(chained):
    entry = AuditEntry.plain.get(tenant=chained, sequence=4)
    as_superuser("DELETE FROM accounts_auditentry WHERE sequence = 3")
    assert broken(chained) == f"places 3 to 3 are missing before entry {entry.pk}"


def test_an_edited_entry_with_its_own_hash_made_anew_is_found_by_the_next(chained):
    entry = AuditEntry.plain.get(tenant=chained, sequence=3)
    entry.target_id = "2"
    values = [getattr(entry, name) for name in chain.FIELDS]
    digest = chain.hash_of(bytes(entry.previous), 3, values)
    as_superuser(
        "UPDATE accounts_auditentry SET target_id = '2', hash = %s WHERE id = %s", digest, entry.pk
    )
    assert "at place 4 follows on another hash" in broken(chained)


def test_entries_cut_off_the_end_are_found(chained):
    as_superuser("DELETE FROM accounts_auditentry WHERE sequence >= 4")
    assert broken(chained) == "places 4 to 5 are missing at the end"


def test_a_noted_end_finds_a_chain_that_was_made_anew(chained):
    noted = check(chained.pk, timezone.now()).end
    as_superuser("UPDATE accounts_auditentry SET sequence = NULL, previous = NULL, hash = NULL")
    as_superuser("UPDATE accounts_auditentry SET reason = 'none'")
    AuditHead.plain.all().delete()
    chain.chain_committed()
    assert broken(chained) == ""
    found = check(chained.pk, timezone.now(), noted).broken
    assert found == "place 5 has another hash than was noted"


def test_an_entry_that_nobody_chains_is_found(chained):
    old = written(chained, 1, created_at=timezone.now() - timedelta(seconds=61))[0]
    assert broken(chained).startswith(f"entry {old.pk} is not chained after a minute")


def verified(*options: str) -> tuple[str, str]:
    """What the command says to people and of faults; it ends with 1 exactly when it found some."""
    out, err = StringIO(), StringIO()
    try:
        call_command("verify_audit", *options, stdout=out, stderr=err, no_color=True)
    except CommandError as error:
        err.write(f"{error} exit {error.returncode}")
    return out.getvalue(), err.getvalue()


def test_the_command_tells_the_ends_of_whole_chains_and_names_what_is_broken(chained, rival_site):
    chain.chain_committed()
    end = check(chained.pk, timezone.now()).end
    out, err = verified()
    assert f"{chained.pk}: 5 entries, ends at 5:{end.hash.hex()}" in out
    assert "Whole: 2 logs, 7 entries." in out
    assert err == ""
    as_superuser(
        "DELETE FROM accounts_auditentry WHERE sequence = 1 AND tenant_id = %s", chained.pk
    )
    out, err = verified()
    assert f"{rival_site.tenant.pk}: 2 entries" in out
    assert f"{chained.pk}: places 1 to 1 are missing" in err
    assert "1 of 2 logs are broken. exit 1" in err
    assert verified("--tenant", str(rival_site.tenant.pk))[1] == ""
    noted = f"--noted=5:{end.hash.hex()}"
    assert "which was noted, is missing" in verified(f"--tenant={rival_site.tenant.pk}", noted)[1]


@pytest.mark.parametrize("wrong", ["--tenant=x", "--noted=x", "--noted=0:00", "--noted=1:zz"])
def test_the_command_refuses_what_is_no_tenant_or_end(acme, wrong):
    assert verified(wrong)[1]


# --- Append-only ------------------------------------------------------------------------------


def month_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'accounts_auditentry'::regclass"
        )
        return [name for (name,) in cursor.fetchall()]


def refused(statement: str) -> bool:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)
    return True


def test_nobody_changes_or_deletes_an_entry(acme):
    entries = AuditEntry.objects.for_tenant(acme)
    entry = entries.first()
    for act in (
        lambda: entries.update(action="x"),
        lambda: entry.save(),
        lambda: entry.delete(),
        lambda: entries.delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()
    here = f"accounts_auditentry_{timezone.now():%Y_%m}"
    for table in ("accounts_auditentry", here):
        assert refused(f"UPDATE {table} SET action = 'x'")
        assert refused(f"DELETE FROM {table}")
    chain.chain_committed()
    assert refused("UPDATE accounts_auditentry SET sequence = 7, hash = '', previous = ''")


def test_neither_the_log_nor_a_month_of_it_can_be_emptied(acme):
    tables = month_tables()
    assert len(tables) >= 6
    for table in ["accounts_auditentry", *tables]:
        assert refused(f"TRUNCATE {table}")
    made = months.ensure(raw(), [date(2031, 5, 1)])
    assert made == ["accounts_auditentry_2031_05"]
    for table in ("accounts_auditentry_2031_05", "accounts_auditentry_other"):
        assert refused(f"TRUNCATE {table}")


# --- Months -----------------------------------------------------------------------------------


def raw() -> psycopg.Connection:
    connection.ensure_connection()
    return connection.connection


def test_an_entry_of_a_month_without_a_table_is_kept_and_moves_when_it_is_made(acme):
    moment = datetime(2031, 5, 3, 12, tzinfo=UTC)
    entry = written(acme, 1, created_at=moment)[0]
    chain.chain_committed()
    assert months.ensure_ahead(raw(), timezone.now().date()) == ["accounts_auditentry_2031_05"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM accounts_auditentry_2031_05")
        assert cursor.fetchall() == [(entry.pk,)]
    assert broken(acme) == ""
    assert refused("DELETE FROM accounts_auditentry_2031_05")
    assert months.ensure_ahead(raw(), timezone.now().date()) == []


@pytest.fixture
def years(acme):
    """A chain of January, February and today in which the months lie within each other."""
    this = timezone.now()
    january = datetime(this.year - 2, 1, 20, 12, tzinfo=UTC)
    february = january + timedelta(days=30)
    for moments in ([january, january, february], [january], [february, this]):
        for moment in moments:
            written(acme, 1, created_at=moment)
        chain.chain_committed()
    months.ensure_ahead(raw(), this.date())
    return acme, january.date().replace(day=1), february.date().replace(day=1)


def ended(days: int, settings) -> list[str]:
    settings.AUDIT_LOG_RETENTION_DAYS = days
    return months.end_old(raw(), timezone.now())


def test_an_ended_month_leaves_anchors_and_the_kept_chain_is_whole(years, settings):
    tenant, january, february = years
    days = (timezone.now().date() - february).days
    assert ended(days + 1, settings) == []
    assert ended(days, settings) == [f"accounts_auditentry_{january:%Y_%m}"]
    anchors = AuditAnchor.plain.filter(tenant_id=tenant.pk).order_by("sequence")
    assert [(row.first_sequence, row.sequence) for row in anchors] == [(3, 4), (6, 6)]
    report = check(tenant.pk, timezone.now())
    assert (report.broken, report.entries, report.end.sequence) == ("", 5, 8)
    assert ended(365, settings) == [f"accounts_auditentry_{february:%Y_%m}"]
    assert check(tenant.pk, timezone.now()).entries == 3
    assert broken(tenant) == ""
    noted = chain.End(3, bytes(32))
    assert "ended with its month" in check(tenant.pk, timezone.now(), noted).broken
    assert ended(-1, settings) == []


def test_an_entry_that_is_missing_between_anchors_is_found(years, settings):
    tenant, _january, february = years
    ended((timezone.now().date() - february).days, settings)
    as_superuser("DELETE FROM accounts_auditentry WHERE sequence = 5")
    assert "places 5 to" in broken(tenant)


def test_a_missing_anchor_is_found(years, settings):
    tenant, *_months = years
    ended(365, settings)
    AuditAnchor.plain.filter(tenant_id=tenant.pk, first_sequence=6).delete()
    assert "are missing" in broken(tenant)


def test_a_month_stays_until_its_last_entry_is_chained_and_for_ever_without_days(years, settings):
    tenant, january, _february = years
    written(tenant, 1, created_at=datetime(january.year, 1, 31, tzinfo=UTC))
    assert ended(0, settings) == []
    assert f"accounts_auditentry_{january:%Y_%m}" not in ended(365, settings)
    chain.chain_committed()
    assert f"accounts_auditentry_{january:%Y_%m}" in ended(365, settings)
    assert broken(tenant) == ""


# --- Two at once ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_long_transaction_blocks_neither_others_nor_its_own_chain(acme, rival_site, ada):
    """It has an entry with an id before all others, and is chained last."""
    chain.chain_committed()
    long = connections.create_connection("default")
    try:
        long.set_autocommit(False)
        columns = "tenant_id, actor_kind, action, target_type, target_id, changes, request_id"
        with long.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            cursor.execute(
                f"INSERT INTO accounts_auditentry ({columns}, created_at) VALUES"
                " (%s, 'system', 'site.reset', 'site', '1', '{}', '', now())",
                [acme.pk],
            )
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
        for tenant in (acme, rival_site.tenant):
            audit.record("tenant.changed", tenant, tenant=tenant, actor=ada)
        assert chain.chain_committed() == 2
        long.commit()
    finally:
        long.close()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    assert chain.chain_committed() == 1
    assert broken(acme) == broken(rival_site.tenant) == ""
    last = AuditEntry.objects.for_tenant(acme).get(sequence=4)
    assert last.action == "site.reset"


@pytest.mark.django_db(transaction=True)
def test_a_chain_that_grows_while_it_is_checked_is_whole(acme, monkeypatch):
    written(acme)
    chain.chain_committed()
    go = chain_check._Walk.go

    def go_while_others_write(walk: Any) -> None:
        go(walk)
        other = Thread(target=write_and_chain)
        other.start()
        other.join()

    def write_and_chain() -> None:
        written(acme)
        chain.chain_committed()
        connection.close()

    monkeypatch.setattr(chain_check._Walk, "go", go_while_others_write)
    report = check(acme.pk, timezone.now())
    assert (report.broken, report.end.sequence) == ("", 5)
    assert AuditHead.plain.get(tenant_id=acme.pk).sequence == 8


@pytest.mark.django_db(transaction=True)
def test_a_chain_that_another_worker_is_at_is_passed_over(acme, rival_site):
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [chain.CHAIN_LOCK, str(acme.pk)]
            )
        assert chain.chain_committed() == 2
        assert places(acme) == [None, None]
        other.rollback()
    finally:
        other.close()
    assert chain.chain_committed() == 2
