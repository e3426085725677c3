"""What hostile or clumsy programs send to the API and the admin: refused, and no harm done."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiToken, AuditEntry, Membership, Site, Team, User
from accounts.roles import Role
from tracking.models import Link, LinkProfile

pytestmark = pytest.mark.django_db
SITES, PROFILES, LINKS, TOKENS = (
    f"/api/v1/{name}" for name in ("sites", "profiles", "links", "tokens")
)
HTML = {"Accept": "text/html"}


@pytest.fixture
def api(owner, token) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token(owner)}"}}


@pytest.fixture
def theirs(rival_site) -> LinkProfile:
    """A profile of the rival, with a link and a team."""
    site = Site.objects.create(
        tenant=rival_site.tenant, name="Rival bio", kind=Site.Kind.BIO, owner=rival_site.owner
    )
    profile = LinkProfile.objects.create(site=site, username="rival", title="Rival profile")
    Link.objects.create(profile=profile, title="Rival link", url="https://rival.test/")
    Team.objects.create(tenant=rival_site.tenant, name="Rival team")
    return profile


# --- Lists ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [SITES, LINKS, TOKENS])
def test_a_page_that_is_none_is_not_found(client, api, path):
    for page in ("0", "-1", "10" * 12, "x", "1.5", "1e3", "lastly", "%0A"):
        answer = client.get(f"{path}?page={page}", **api)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), page
    assert client.get(f"{path}?page=%D9%A1", **api).status_code in (200, 404)


def test_a_page_is_never_larger_than_the_largest(client, api, owner):
    rows = (Site(tenant=owner.tenant, name=str(n), owner=owner.user) for n in range(510))
    Site.plain.bulk_create(rows)
    for size in ("1000000000", "0", "-1", "x", "10" * 30):
        answer = client.get(f"{SITES}?page_size={size}", **api)
        assert answer.status_code == 200
        assert len(answer.json()["results"]) <= 500


QUERIES = (
    "page=%00",
    "key=%00",
    "kind=web%00",
    "kind=%ff%fe",
    "kind=nothing",
    "key=" + "x" * 5000,
    "key__regex=(",
    "owner__password__startswith=p",
    "tenant=1",
    "_connector=OR",
    "_negated=True",
    "ordering=?",
    "ordering=-owner__password",
    "ordering=props__a'",
    "format=xml",
    "format=%00",
    "format=api",
    "search=" + "%F0%9F%92%A3" * 500,
)


def test_filters_that_nobody_offers_find_nothing_of_others_and_break_nothing(
    client, api, site, theirs
):
    for query in QUERIES:
        answer = client.get(f"{SITES}?{query}", **api)
        assert answer.status_code in (200, 400, 404), query
        assert b"Rival" not in answer.content
        if answer.status_code == 200 and answer["Content-Type"].startswith("application/json"):
            assert answer.json()["count"] <= 1, query


def test_a_filter_by_what_is_no_id_is_refused_or_finds_nothing(client, api):
    for value in ("999999999999999999999", "x", "1e5"):
        answer = client.get(f"{LINKS}?profile={value}", **api)
        assert answer.status_code == 400 or answer.json()["count"] == 0, value


@pytest.mark.parametrize(
    "accept", [", ".join(["text/x;q=0.1"] * 3000), "*/*;q=nothing", "\xff", "/", "text/xml"]
)
def test_what_a_program_wants_to_read_breaks_nothing(client, api, accept):
    headers = api["headers"] | {"Accept": accept}
    answer = client.get(SITES, headers=headers)
    assert answer.status_code in (200, 406)


def test_a_cursor_that_is_none_is_refused(client, api, site):
    for cursor in ("x", "AAAA", "=" * 50, "cD0yMDI2", "é"):
        answer = client.get(f"{SITES}/{site.pk}/visits?cursor={cursor}", **api)
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid"), cursor
    assert client.get(f"{SITES}/{site.pk}/visits?cursor=%00", **api).status_code == 400


@pytest.mark.parametrize("path", [SITES, PROFILES, LINKS, TOKENS])
def test_what_is_no_id_is_not_found(client, api, path):
    for pk in ("0", "-1", "x", "1e3", "9" * 25, "1.0", "%00", "%20", "01x", "None", "..%2f"):
        for method in (client.get, client.delete):
            assert method(f"{path}/{pk}", **api).status_code in (400, 404), pk


# --- Bodies -----------------------------------------------------------------------------------


def test_read_only_fields_are_read_only(client, api, site, rival_site):
    before = Site.plain.filter(pk=site.pk).values().get()
    wishes = {
        "id": 77,
        "key": "mine",
        "kind": "ga4",
        "tenant": str(rival_site.tenant_id),
        "tenant_id": str(rival_site.tenant_id),
        "owner": rival_site.owner_id,
        "owner_id": rival_site.owner_id,
        "created_at": "2001-01-01T00:00:00Z",
        "delete_at": "2001-01-01T00:00:00Z",
        "reset_at": "2001-01-01T00:00:00Z",
        "earlier_zones": [["2026-01-01", "Mars"]],
        "is_staff": True,
    }
    assert client.patch(f"{SITES}/{site.pk}", wishes, "application/json", **api).status_code == 200
    after = Site.plain.filter(pk=site.pk).values().get()
    assert after | {"updated_at": None} == before | {"updated_at": None}


def test_no_client_chooses_the_id_of_a_new_row(client, api, site):
    wish = {"id": site.pk, "pk": site.pk, "name": "Blog"}
    made = client.post(SITES, wish, "application/json", **api).json()
    assert made["id"] != site.pk
    assert Site.plain.get(pk=site.pk).name == "Acme shop"


@pytest.mark.parametrize("wish", [[{"name": "a"}, {"name": "b"}], [], "x", 1, None, True])
def test_many_rows_at_once_are_no_row(client, api, site, wish):
    answer = client.post(SITES, wish, "application/json", **api)
    assert (answer.status_code, Site.plain.count()) == (400, 1)


def test_bulk_changes_and_deletions_do_not_exist(client, api, site, rival_site):
    for method in (client.put, client.patch, client.delete):
        answer = method(SITES, [{"id": site.pk}, {"id": rival_site.pk}], "application/json", **api)
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert not Site.plain.exclude(delete_at=None).exists()


def test_a_reference_to_anothers_row_is_one_to_none(client, api, site, theirs):
    team = Team.plain.get(name="Rival team").pk
    missing = 999_999_999
    for path, field, pk in ((SITES, "team", team), (LINKS, "profile", theirs.pk)):
        body = {"name": "x", "title": "x", "url": "https://a.test/"}

        def errors(value, path=path, field=field, body=body):
            answer = client.post(path, body | {field: value}, "application/json", **api)
            assert answer.status_code == 400
            return str(answer.json()["errors"][field])

        assert errors(pk).replace(str(pk), str(missing)) == errors(missing)
    assert Link.plain.count() == 1


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/octet-stream", "", "application/json;x"]
)
def test_a_body_of_another_kind_makes_nothing(client, api, site, kind):
    answer = client.generic("POST", SITES, b"<name>x</name>", content_type=kind, **api)
    assert answer.status_code in (400, 415)
    assert Site.plain.count() == 1


def test_json_on_a_page_with_a_form_makes_nothing(signed_in, owner, site):
    browser = signed_in(owner)
    for path in ("/sites/new", f"/sites/{site.key}/settings", "/account/tokens/new"):
        answer = browser.post(path, {"name": "New"}, "application/json")
        assert answer.status_code == 200, "the form, with what is missing"
    assert list(Site.plain.values_list("name", flat=True)) == ["Acme shop"]


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_at_once_none_is_lost(owner, member, token, site):
    headers = {"Authorization": f"Bearer {token(owner)}"}
    ben = member("viewer")
    row, person = f"{SITES}/{site.pk}", f"/api/v1/members/{ben.pk}"
    changes = [
        (row, {"name": "New name"}),
        (row, {"currency": "USD"}),
        (row, {"time_zone": "Asia/Tokyo"}),
        (person, {"role": "manager"}),
        (person, {"level": "own"}),
    ]
    together = threading.Barrier(len(changes))

    def change(path: str, body: dict[str, str]) -> None:
        try:
            together.wait(5)
            Client().patch(path, body, "application/json", headers=headers)
        finally:
            connection.close()

    threads = [threading.Thread(target=change, args=pair) for pair in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    after = Site.plain.get(pk=site.pk)
    assert (after.name, after.currency, after.time_zone) == ("New name", "USD", "Asia/Tokyo")
    ben.refresh_from_db()
    assert (ben.role, ben.level) == ("manager", "own")


# --- Browsers ---------------------------------------------------------------------------------


def test_a_session_needs_the_forms_secret_and_a_token_does_not(owner, token, site):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner.user)
    row = f"{SITES}/{site.pk}"
    bearer = {"Authorization": f"Bearer {token(owner)}"}
    for ask in (
        lambda: browser.post(SITES, {"name": "x"}, "application/json"),
        lambda: browser.patch(row, {"name": "x"}, "application/json"),
        lambda: browser.delete(row),
        lambda: browser.post("/account/tokens/new", {"name": "x"}),
        lambda: browser.post(f"/sites/{site.key}/settings", {"name": "x"}),
    ):
        assert ask().status_code == 403
    assert (Site.plain.get().name, Site.plain.get().delete_at) == ("Acme shop", None)
    changed = browser.patch(row, {"name": "x"}, "application/json", headers=bearer)
    assert changed.status_code == 200


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override"])
def test_a_reading_request_stays_one(client, api, site, header):
    row = f"{SITES}/{site.pk}"
    headers = api["headers"] | {header: "DELETE"}
    assert client.get(f"{row}?_method=DELETE&name=x", headers=headers).status_code == 200
    client.post(row, {"_method": "DELETE"}, headers=headers)
    assert Site.plain.get().delete_at is None


WRITES = ("INSERT", "UPDATE", "DELETE")
# Who signs in or is seen for the first time is noted; that is no change of theirs.
NOTES = ("django_session", "last_used_at", "accounts_apitoken")


def test_reading_writes_nothing(signed_in, owner, site, token):
    browser = signed_in(owner)
    pages = ("/sites", f"/sites/{site.key}", f"/sites/{site.key}/settings", "/account/tokens")
    pages += ("/organisation/tokens", SITES, f"{SITES}/{site.pk}", TOKENS, LINKS)
    for path in pages:
        with CaptureQueriesContext(connection) as asked:
            browser.get(path)
        wrote = [query["sql"] for query in asked if query["sql"].lstrip().startswith(WRITES)]
        assert [sql for sql in wrote if not any(note in sql for note in NOTES)] == [], path


def test_the_forms_of_the_api_offer_only_ones_own_rows(signed_in, owner, site, theirs):
    Team.objects.create(tenant=owner.tenant, name="North")
    browser = signed_in(owner)
    for path in (SITES, f"{SITES}/{site.pk}", LINKS, PROFILES, TOKENS):
        text = browser.get(path, headers=HTML).content.decode()
        assert "Rival" not in text, path
    assert "North" in browser.get(SITES, headers=HTML).content.decode()


# --- The admin --------------------------------------------------------------------------------


PROBES = (
    "e=1",
    "q=%00",
    "q=" + "x" * 5000,
    "name__regex=(",
    "name__iregex=(((((",
    "id__in=1,2,x",
    "pk__exact=" + "9" * 30,
    "password__startswith=p",
    "user__password__startswith=p",
    "o=99.-99.x",
    "p=99999999999",
    "_facets=True",
    "_popup=1",
    "_to_field=password",
    "_to_field=id&_popup=1",
    "tenant__id__exact=x",
    "created_at__gte=nothing",
)


@pytest.mark.parametrize("model", ["site", "apitoken", "user", "membership", "auditentry"])
def test_the_admins_lists_bear_any_address(admin_client, site, model):
    for query in PROBES:
        answer = admin_client.get(f"/admin/accounts/{model}/?{query}")
        assert answer.status_code in (200, 302, 400, 403, 404), query


def test_the_admin_shows_no_password_and_no_hash_of_a_token(admin_client, owner, token):
    text = token(owner)
    row = ApiToken.plain.get()
    for path in ("apitoken/", f"apitoken/{row.pk}/change/", f"user/{owner.user_id}/change/"):
        shown = admin_client.get(f"/admin/accounts/{path}", follow=True).content.decode()
        assert text not in shown
        assert bytes(row.digest).hex() not in shown
        assert owner.user.password not in shown


def test_somebody_who_is_not_staff_finds_no_admin(signed_in, member):
    browser = signed_in(member(Role.OWNER))
    for path in ("", "accounts/site/", "accounts/user/1/change/", "jsi18n/", "autocomplete/"):
        answer = browser.get(f"/admin/{path}")
        assert answer.status_code in (302, 403, 404), path


def test_rights_and_staff_come_by_no_body(signed_in, member, site):
    manager = member("manager")
    browser = signed_in(manager)
    wish = {"role": "owner", "is_staff": True, "is_superuser": True, "level": "all", "name": "x"}
    browser.patch(f"{SITES}/{site.pk}", wish, "application/json")
    browser.post(f"/sites/{site.key}/settings", wish)
    after = User.objects.get(pk=manager.user_id)
    assert (after.is_staff, after.is_superuser) == (False, False)
    assert Membership.plain.get(pk=manager.pk).role == "manager"
    assert (
        not AuditEntry.objects.for_tenant(manager.tenant).filter(changes__has_key="role").exists()
    )
