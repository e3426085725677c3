"""The audit log: what is written down and what is not, and who reads it how."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import audit
from accounts.audit_log import chain
from accounts.models import (
    ApiToken,
    AuditEntry,
    Membership,
    Site,
    SiteTransfer,
    Team,
    Tenant,
    User,
)
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

PAGE = "/organisation/audit"
API = "/api/v1/audit-logs"
ORIGINAL = "/analytics/admin/audit-logs"


def last(tenant: Tenant) -> AuditEntry:
    return AuditEntry.objects.for_tenant(tenant).latest("id")


def note(tenant: Tenant, actor: User | None, action: str = "site.changed", **more: Any):
    target = more.pop("target", tenant)
    return audit.record(action, target, tenant=tenant, actor=actor, **more)


# --- What is not written down -----------------------------------------------------------------


def test_secrets_are_left_out_and_what_says_who_somebody_is_is_hidden(acme, ada):
    given = {
        "password": ["a", "b"],
        "sealed_password": ["a", "b"],
        "token": "lp_x",
        "email": [None, "ada@acme.test"],
        "name": ["Ada", "Ada Lovelace"],
        "is_active": [True, False],
    }
    entry = note(acme, ada, "user.changed", target=ada, changes=given)
    assert entry.changes == {
        "email": [None, audit.HIDDEN],
        "name": [audit.HIDDEN, audit.HIDDEN],
        "is_active": [True, False],
    }


def test_addresses_of_mail_are_hidden_wherever_they_stand(acme, ada):
    urls = ["https://acme.test/a", "mailto:ada@acme.test"]
    given = {"url": urls, "to": {"x": "a@b.de"}, "text": "a" * 50_000}  # read in no time
    entry = note(acme, ada, changes=given, reason="asked by ben@acme.test today")
    assert entry.changes["url"] == ["https://acme.test/a", f"mailto:{audit.HIDDEN}"]
    assert entry.changes["to"] == {"x": audit.HIDDEN}
    assert entry.reason == f"asked by {audit.HIDDEN} today"


def test_rows_that_are_pointed_to_are_told_by_their_ids(site, ada, member):
    ben = member("manager").user
    team = Team.objects.create(tenant=site.tenant, name="Shop")
    before = Site.plain.get(pk=site.pk)
    site.owner, site.team = ben, team
    told = audit.differences(before, site, ["owner", "team", "name"])
    assert told == {"owner": [ada.pk, ben.pk], "team": [None, team.pk]}


def test_a_deleted_row_is_told_by_its_name_but_a_person_is_not(acme, owner, site, ada):
    assert audit.gone(site) == {"name": ["Acme shop", None]}
    assert audit.gone(owner) == {}
    entry = note(acme, ada, "user.deleted", target=ada, changes=audit.gone(ada))
    assert entry.changes == {"name": [audit.HIDDEN, None]}


def test_nobodys_address_or_name_comes_into_the_log(client, token, owner, site, acme, member):
    """Acts that know addresses, one after the other, and then the whole log as text."""
    from accounts.sites import lifecycle

    owner.user.is_staff = owner.user.is_superuser = True
    owner.user.name = "Ada Lovelace"
    owner.user.save()
    ben = member("manager")
    lifecycle.offer(site, "carl@else.test", owner, timezone.now())
    SiteTransfer.plain.all().delete()
    client.force_login(owner.user)
    form = {"email": "dora@acme.test", "name": "Dora Diamond", "is_active": "on"}
    client.post(f"/admin/accounts/user/{ben.user_id}/change/", form)
    client.post(f"/admin/accounts/membership/{ben.pk}/delete/", {"post": "yes"})
    assert not Membership.plain.filter(pk=ben.pk).exists()
    rows = AuditEntry.plain.values_list("action", "changes", "reason")
    text = " ".join(f"{action} {changes} {reason}" for action, changes, reason in rows)
    assert "membership.removed" in text
    for word in ("acme.test", "else.test", "Lovelace", "Diamond"):
        assert word not in text


# --- Who reads --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}.csv", f"{PAGE}.xlsx", API, ORIGINAL])
def test_admins_read_the_log_and_nobody_below(path, client, signed_in, member):
    assert client.get(path).status_code in (302, 401)
    assert signed_in(member("manager")).get(path).status_code == 403
    assert signed_in(member("admin", "amy@acme.test")).get(path).status_code == 200


@pytest.fixture
def reader(signed_in, owner):
    return signed_in(owner)


def test_the_page_tells_who_did_what_in_words(reader, acme, owner, site, member, token):
    ben = member("manager").user
    User.objects.filter(pk=ben.pk).update(name="Ben")
    gone = User.objects.create_user("gone@acme.test", PASSWORD, name="Gone Girl")
    note(
        acme,
        ben,
        target=site,
        changes={"name": ["Shop", "Store"], "owner": [owner.user_id, ben.pk]},
    )
    note(acme, gone, "team.created", target=site)
    note(acme, None, "site.deleted", target=site)
    page = reader.get(PAGE).content.decode()
    assert "Ben" in page
    assert "<bdi>Shop</bdi>" in page
    assert "<bdi>Ada</bdi>" in page
    assert "Somebody who is no member now" in page
    assert "LinkPro" in page
    assert "Gone Girl" not in page


def test_a_program_is_named_by_its_token_and_staff_as_staff(reader, acme, owner, client, token):
    text = token(owner)
    header = {"Authorization": f"Bearer {text}"}
    made = client.post("/api/v1/sites", {"name": "Blog"}, "application/json", headers=header)
    assert made.status_code == 201
    assert "Program “test” of Ada" in reader.get(PAGE).content.decode()
    ApiToken.plain.all().delete()
    assert "Program “a token that was deleted” of Ada" in reader.get(PAGE).content.decode()


def test_nobody_reads_anothers_log_or_the_names_of_others(reader, rival_site, acme):
    rita = rival_site.owner
    note(acme, rita, "site.transferred")
    note(rival_site.tenant, rita, "site.changed", changes={"name": ["Secret plan", "x"]})
    for path in (PAGE, f"{PAGE}.csv", API, f"{API}?who={rita.pk}", f"{PAGE}?kind=site"):
        shown = b"".join(reader.get(path)).decode()
        assert "Secret plan" not in shown
        assert "rita" not in shown.lower()


@pytest.fixture
def busy(acme, ada, member, site):
    """Entries of two people, programs and LinkPro, on several days."""
    ben = member("manager").user
    note(acme, ben, "team.created", target=site)
    note(acme, None, "site.deleted", target=site)
    kind = AuditEntry.ActorKind.PERSON
    AuditEntry.plain.create(
        tenant=acme,
        actor=ben,
        actor_kind=kind,
        action="breakdown.exported",
        target_type="site",
        target_id="77",
        created_at=timezone.now() - timedelta(days=3),
    )
    return ben


def listed(client, query: str = "") -> list[str]:
    answer = client.get(f"{API}{query}")
    assert answer.status_code == 200, answer.json()
    return [row["action"] for row in answer.json()["logs"]]


def test_the_log_is_filtered(reader, busy, ada, acme, site):
    everything = ["site.deleted", "team.created", "site.created", "tenant.created"]
    assert listed(reader) == [*everything, "breakdown.exported"]
    assert listed(reader, f"?who={busy.pk}") == ["team.created", "breakdown.exported"]
    assert listed(reader, "?who=system") == ["site.deleted"]
    assert listed(reader, "?action=people") == ["team.created"]
    assert listed(reader, "?action=exports") == ["breakdown.exported"]
    assert listed(reader, "?action=site.created") == ["site.created"]
    assert listed(reader, "?kind=tenant") == ["tenant.created"]
    assert listed(reader, "?target=77") == ["breakdown.exported"]
    today = timezone.now()
    day = (today - timedelta(days=2)).date()
    assert listed(reader, f"?last={day}") == ["breakdown.exported"]
    assert listed(reader, f"?first={day}") == everything


@pytest.mark.parametrize(
    "query",
    [
        "who=me",
        "who=" + "9" * 30,
        "action=drop",
        "action=x" * 3,
        "first=yesterday",
        "first=2026-02-30",
        "first=0001-01-01",
        "last=9999-12-31",
        "first=2026-02-02&last=2026-02-01",
        "before=x",
        "before=2026-13-01T00:00:00.000000Z_1",
        "limit=0",
        "limit=501",
        "limit=ten",
        "target=" + "x" * 65,
    ],
)
def test_filters_that_make_no_sense_are_refused_by_name(reader, site, query):
    answer = reader.get(f"{API}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert query.split("=")[0] in answer.json()["errors"] or "last" in answer.json()["errors"]
    page = reader.get(f"{PAGE}?{query}")
    assert page.status_code == 200
    if "limit" not in query:
        assert b'role="alert"' in page.content
        assert reader.get(f"{PAGE}.csv?{query}").status_code == 302


@pytest.mark.parametrize("query", ["who=0", "kind=nothing", "target=%00x", "kind=%ud800", "x=y"])
def test_odd_filters_break_nothing(reader, site, query):
    for path in (PAGE, API, f"{PAGE}.csv"):
        assert reader.get(f"{path}?{query}").status_code in (200, 302, 400)


def test_pages_follow_each_other_without_gap_or_repeat(reader, acme, ada):
    """Also where many entries have the same moment, and new ones come in meanwhile."""
    kind, moment = AuditEntry.ActorKind.SYSTEM, timezone.now()
    values = {"tenant": acme, "actor_kind": kind, "action": "x.y", "created_at": moment}
    AuditEntry.plain.bulk_create([AuditEntry(**values, target_id=str(n)) for n in range(23)])
    wanted = list(AuditEntry.objects.for_tenant(acme).values_list("id", flat=True))
    found, address = [], f"{API}?limit=10"
    while address:
        answer = reader.get(address).json()
        found += [row["id"] for row in answer["logs"]]
        address = answer["next"]
        note(acme, ada)
    assert found == wanted


def test_the_original_path_answers_as_it_was_described(client, token, owner, site):
    headers = {"Authorization": f"Bearer {token(owner, ['read'])}"}
    answer = client.get(f"{ORIGINAL}?limit=100", headers=headers)
    first = answer.json()["logs"][0]
    assert first["action"] == "site.created"
    assert first["user_id"] == owner.user_id
    assert first["timestamp"].endswith("Z")
    assert first["actor"] == {
        "kind": "person",
        "id": owner.user_id,
        "token_id": None,
        "name": "Ada",
    }
    ingest = {"Authorization": f"Bearer {token(owner, ['ingest'])}"}
    assert client.get(ORIGINAL, headers=ingest).status_code == 403
    narrow = {"Authorization": f"Bearer {token(owner, ['read'], site_ids=[site.pk])}"}
    assert client.get(ORIGINAL, headers=narrow).status_code == 403


def test_an_export_is_the_filtered_log_and_is_written_down(reader, busy, acme, owner):
    chain.chain_committed()
    answer = reader.get(f"{PAGE}.csv?action=people")
    text = b"".join(answer).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["Action"] for row in rows] == ["team.created"]
    assert len(rows[0]["Hash"]) == 64
    entry = last(acme)
    assert (entry.action, entry.actor_id) == ("audit.exported", owner.user_id)
    assert entry.changes == {"format": "csv", "action": "people"}
    book = b"".join(reader.get(f"{PAGE}.xlsx"))
    assert book.startswith(b"PK")
    assert last(acme).changes == {"format": "xlsx"}


def test_a_name_in_the_log_is_no_formula_in_a_sheet(reader, acme, ada):
    User.objects.filter(pk=ada.pk).update(name="=1+1")
    assert "'=1+1" in b"".join(reader.get(f"{PAGE}.csv")).decode()


def test_an_empty_answer_says_what_to_do(reader, site):
    assert b"Nothing fits" in reader.get(f"{PAGE}?target=no").content


def test_pages_of_any_length_ask_the_same(reader, acme, ada, site):
    def asked(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert reader.get(path).status_code == 200
        return len(queries)

    before = {path: asked(path) for path in (PAGE, API)}
    for _number in range(30):
        note(acme, ada, target=site, changes={"owner": [None, ada.pk]})
    assert {path: asked(path) for path in (PAGE, API)} == before
    assert before[API] <= 6
    assert before[PAGE] <= 12


def test_the_admin_counts_no_further_than_it_must(acme, ada, client):
    ada.is_staff = ada.is_superuser = True
    ada.save()
    client.force_login(ada)
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/admin/accounts/auditentry/?q=site.created").status_code == 200
    about = [query["sql"] for query in queries if 'FROM "accounts_auditentry"' in query["sql"]]
    assert about
    assert not [sql for sql in about if "COUNT(" in sql or "DISTINCT" in sql]
    entry = AuditEntry.objects.for_tenant(acme).first()
    page = f"/admin/accounts/auditentry/{entry.pk}/change/"
    assert client.get(page).status_code == 200
    assert client.post(page, {"action": "x"}).status_code == 403
    for model in ("audithead", "auditanchor", "staffaccess"):
        assert client.get(f"/admin/accounts/{model}/").status_code == 200
