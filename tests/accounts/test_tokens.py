"""API tokens: what each may do, who makes and revokes them, and when they die."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.api_tokens import tokens
from accounts.models import ApiToken, AuditEntry, Membership, StaffAccess, Team, User
from accounts.roles import Role, TokenScope

pytestmark = pytest.mark.django_db
LIST = "/api/v1/tokens"
SITES = "/api/v1/sites"
NEW = "/account/tokens/new"


def bearer(text: str) -> dict:
    return {"headers": {"Authorization": f"Bearer {text}"}}


def status(client, text: str) -> int:
    return client.get(SITES, **bearer(text)).status_code


def given(**values) -> dict:
    return {"name": "Nightly", "scopes": ["read"], "lifetime": "90"} | values


# --- The pages --------------------------------------------------------------------------------


def test_a_token_is_made_shown_once_and_works(client, signed_in, member):
    viewer = member("viewer")
    browser = signed_in(viewer)
    answer = browser.post(NEW, given())
    text = answer.context["text"]
    assert text in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert status(client, text) == 200
    listed = browser.get("/account/tokens").content.decode()
    assert "Nightly" in listed
    assert text not in listed
    assert not ApiToken.plain.filter(name__contains=text).exists()
    entry = AuditEntry.objects.for_tenant(viewer.tenant).get(action="apitoken.created")
    assert entry.changes["scopes"] == [None, ["read"]]
    assert text not in str(entry.changes)


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        ("viewer", ["read"]),
        ("analyst", ["read", "write", "export"]),
        ("manager", ["read", "write", "export", "ingest"]),
        ("owner", ["read", "write", "export", "ingest"]),
    ],
)
def test_a_role_gives_no_scope_beyond_its_own(signed_in, member, role, scopes):
    browser = signed_in(member(role))
    form = browser.get(NEW).context["form"]
    assert [value for value, _label in form.fields["scopes"].choices] == scopes
    for scope in TokenScope.values:
        browser.post(NEW, given(scopes=[scope], name=scope))
    assert set(ApiToken.plain.values_list("name", flat=True)) == set(scopes)


def test_only_sites_that_one_sees_can_be_chosen(client, signed_in, owner, site, rival_site):
    browser = signed_in(owner)
    refused = browser.post(NEW, given(sites=[rival_site.pk]))
    assert "sites" in refused.context["form"].errors
    assert "Rival" not in refused.content.decode()
    text = browser.post(NEW, given(sites=[site.pk])).context["text"]
    assert ApiToken.plain.get().site_ids == [site.pk]
    assert status(client, text) == 200


@pytest.mark.parametrize(
    ("values", "days"),
    [({"lifetime": "30"}, 30), ({"lifetime": "365"}, 365), ({"lifetime": "never"}, None)],
)
def test_a_token_ends_when_it_was_told_to(signed_in, owner, values, days):
    signed_in(owner).post(NEW, given(**values))
    ends = ApiToken.plain.get().expires_at
    assert (
        (ends is None)
        if days is None
        else abs(ends - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)
    )


def test_a_last_day_ends_on_the_clock_of_the_organisation(signed_in, owner):
    owner.tenant.time_zone = "Asia/Tokyo"
    owner.tenant.save()
    day = timezone.now().date() + timedelta(days=20)
    signed_in(owner).post(NEW, given(lifetime="date", ends_on=day.isoformat()))
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert ApiToken.plain.get().expires_at == midnight + timedelta(hours=15)


@pytest.mark.parametrize("day", ["", "2020-01-01", "9999-12-31", "0001-01-01", "soon", "\x00"])
def test_a_last_day_that_is_none_is_told_at_its_field(signed_in, owner, day):
    answer = signed_in(owner).post(NEW, given(lifetime="date", ends_on=day))
    assert "ends_on" in answer.context["form"].errors
    assert not ApiToken.plain.exists()


def test_revoking_ends_a_token_at_once_and_is_written_down(client, signed_in, owner, token):
    text = token(owner)
    pk = ApiToken.plain.get().pk
    browser = signed_in(owner)
    assert browser.get(f"/account/tokens/{pk}/revoke").status_code == 405
    assert status(client, text) == 200
    browser.post(f"/account/tokens/{pk}/revoke")
    assert status(client, text) == 401
    browser.post(f"/account/tokens/{pk}/revoke")
    entries = AuditEntry.objects.for_tenant(owner.tenant).filter(action="apitoken.revoked")
    assert [entry.target_id for entry in entries] == [str(pk)]


def test_admins_see_and_revoke_everybodys_tokens_others_their_own(
    client, signed_in, owner, member, token, rival_site
):
    text = token(owner)
    pk = ApiToken.plain.get().pk
    viewer, admin = member("viewer"), member("admin", "amy@acme.test")
    browser = signed_in(viewer)
    assert browser.get("/organisation/tokens").status_code == 403
    assert browser.post(f"/organisation/tokens/{pk}/revoke").status_code == 403
    assert browser.post(f"/account/tokens/{pk}/revoke").status_code == 404
    rita = Membership.objects.for_tenant(rival_site.tenant).get()
    assert signed_in(rita).post(f"/organisation/tokens/{pk}/revoke").status_code == 404
    assert status(client, text) == 200
    browser = signed_in(admin)
    assert "Ada" in browser.get("/organisation/tokens").content.decode()
    browser.post(f"/organisation/tokens/{pk}/revoke")
    assert status(client, text) == 401


def test_staff_who_look_in_make_no_token(signed_in, acme, django_user_model):
    staff = django_user_model.objects.create_superuser("staff@linkpro.test", "long password 1")
    ends = timezone.now() + timedelta(hours=1)
    StaffAccess.objects.create(tenant=acme, user=staff, reason="help", ends_at=ends)
    browser = signed_in(Membership(user=staff))
    headers = {"X-Tenant-Id": str(acme.pk)}
    assert browser.get(NEW, headers=headers).status_code == 403
    answer = browser.post(LIST, given(), "application/json", headers=headers)
    assert answer.status_code == 403
    assert not ApiToken.plain.exists()


def test_nobody_makes_tokens_without_end(signed_in, owner, monkeypatch):
    monkeypatch.setattr(tokens, "MOST_TOKENS", 2)
    browser = signed_in(owner)
    for _number in range(3):
        answer = browser.post(NEW, given())
    assert "very many" in answer.content.decode()
    assert ApiToken.plain.count() == 2
    ApiToken.plain.update(expires_at=timezone.now())  # what has ended is in nobody's way
    browser.post(NEW, given())
    assert ApiToken.plain.count() == 3


def test_the_pages_ask_the_same_however_many_tokens_there_are(
    signed_in, owner, site, token, django_assert_max_num_queries
):
    for _number in range(30):
        token(owner, site_ids=[site.pk])
    browser = signed_in(owner)
    for page in ("/account/tokens", "/organisation/tokens?page=2"):
        with django_assert_max_num_queries(8):
            assert browser.get(page).status_code == 200


# --- The API ----------------------------------------------------------------------------------


def test_a_person_makes_a_token_and_gets_its_text_once(client, signed_in, owner, site):
    body = {"name": "Feed", "scopes": ["read"], "sites": [site.pk]}
    answer = signed_in(owner).post(LIST, body, "application/json")
    assert answer.status_code == 201, answer.json()
    assert "no-store" in answer["Cache-Control"]
    told = answer.json()
    assert status(client, told["token"]) == 200
    assert (told["state"], told["sites"]) == ("live", [site.pk])
    (listed,) = signed_in(owner).get(LIST).json()["results"]
    assert "token" not in listed
    assert "digest" not in listed


def test_a_token_makes_no_token_and_revokes_only_itself(client, owner, token):
    text, other = token(owner), token(owner)
    pk = {row.prefix: row.pk for row in ApiToken.plain.all()}
    body = {"name": "Heir", "scopes": ["read"]}
    answer = client.post(LIST, body, "application/json", **bearer(text))
    assert (answer.status_code, answer.json()["code"]) == (403, "token_makes_no_tokens")
    answer = client.delete(f"{LIST}/{pk[other[:10]]}", **bearer(text))
    assert (answer.status_code, answer.json()["code"]) == (403, "token_revokes_itself_only")
    assert client.delete(f"{LIST}/{pk[text[:10]]}", **bearer(text)).status_code == 204
    assert [status(client, each) for each in (text, other)] == [401, 200]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"scopes": ["ingest"]}, "scopes"),
        ({"scopes": ["all"]}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"scopes": "read"}, "scopes"),
        ({"sites": []}, "sites"),
        ({"sites": [2**63]}, "sites"),
        ({"sites": ["x"]}, "sites"),
        ({"name": "a\0b"}, "name"),
        ({"name": ""}, "name"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
    ],
)
def test_a_wrong_wish_is_refused_by_name(signed_in, member, wrong, field):
    body = {"name": "Feed", "scopes": ["read"]} | wrong
    answer = signed_in(member("viewer")).post(LIST, body, "application/json")
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert not ApiToken.plain.exists()


def test_another_tenants_site_and_a_missing_one_are_refused_alike(signed_in, owner, rival_site):
    def errors(pk):
        body = {"name": "Feed", "scopes": ["read"], "sites": [pk]}
        return str(signed_in(owner).post(LIST, body, "application/json").json()["errors"])

    missing = 999_999_999
    assert errors(rival_site.pk).replace(str(rival_site.pk), str(missing)) == errors(missing)


def test_what_only_the_system_sets_is_not_chosen(signed_in, owner):
    body = {"name": "x", "scopes": ["read"], "id": 7, "digest": "00", "member": 1, "prefix": "lp_x"}
    made = signed_in(owner).post(LIST, body, "application/json").json()
    assert made["prefix"] == made["token"][:10]
    assert made["id"] != 7 or ApiToken.plain.count() == 1
    path = f"{LIST}/{made['id']}"
    for method in ("put", "patch"):
        answer = getattr(signed_in(owner), method)(path, {"name": "y"}, "application/json")
        assert answer.status_code == 405


# --- The admin --------------------------------------------------------------------------------


def test_staff_give_no_scope_beyond_the_role_and_move_no_token(admin_client, client, member, token):
    viewer, other = member("viewer"), member("owner", "olga@acme.test")
    new = {"member": viewer.pk, "name": "Feed", "expires_at_0": "", "expires_at_1": ""}
    path = "/admin/accounts/apitoken/"
    refused = admin_client.post(path + "add/", new | {"scopes": ["ingest"]})
    assert (refused.status_code, ApiToken.plain.count()) == (200, 0)
    assert admin_client.post(path + "add/", new | {"scopes": ["read"]}).status_code == 302
    row = ApiToken.plain.get()
    moved = new | {"member": other.pk, "scopes": ["read"], "name": "Food"}
    assert admin_client.post(f"{path}{row.pk}/change/", moved).status_code == 302
    row.refresh_from_db()
    assert (row.member_id, row.name) == (viewer.pk, "Food")
    text = token(other)
    chosen = list(ApiToken.plain.values_list("pk", flat=True))
    admin_client.post(path, {"action": "revoke", "_selected_action": chosen})
    assert status(client, text) == 401
    assert AuditEntry.objects.unscoped("test").filter(action="apitoken.revoked").count() == 2


# --- Rights at the moment of use --------------------------------------------------------------


@pytest.mark.parametrize(
    ("scopes", "read", "write", "export"),
    [
        (["read"], 200, 403, 403),
        (["write"], 403, 201, 403),
        (["export"], 403, 403, 200),
        (["ingest"], 403, 403, 403),
        (["read", "write", "export"], 200, 201, 200),
    ],
)
def test_a_scope_opens_its_own_door_only(client, owner, site, token, scopes, read, write, export):
    api = bearer(token(owner, scopes))
    assert client.get(SITES, **api).status_code == read
    answer = client.post(SITES, {"name": "x"}, "application/json", **api)
    assert answer.status_code == write
    if write == 403:
        told = answer.json()
        assert (told["code"], "scope “write”" in told["detail"]) == ("permission_denied", True)
    path = f"/api/v1/export?site={site.key}&days=1&format=csv"
    assert client.get(path, **api).status_code == export


def test_a_lower_role_is_felt_by_the_next_request(client, member, token):
    manager = member("manager")
    api = bearer(token(manager))
    assert client.post(SITES, {"name": "x"}, "application/json", **api).status_code == 201
    Membership.plain.filter(pk=manager.pk).update(role=Role.VIEWER)
    assert client.post(SITES, {"name": "y"}, "application/json", **api).status_code == 403
    assert client.get(SITES, **api).status_code == 200


def test_a_token_dies_with_what_it_stands_on(client, acme, member, token):
    def made(email):
        somebody = member("viewer", email)
        return somebody, token(somebody)

    (suspended, one), (inactive, two), (gone, three) = (made(f"{n}@acme.test") for n in range(3))
    left = token(member("viewer", "left@acme.test"))
    assert [status(client, text) for text in (one, two, three, left)] == [200] * 4
    Membership.plain.filter(pk=suspended.pk).update(suspended_at=timezone.now())
    User.objects.filter(pk=inactive.user_id).update(is_active=False)
    gone.delete()
    assert [status(client, text) for text in (one, two, three, left)] == [401, 401, 401, 200]
    acme.suspended_at = timezone.now()
    acme.save()
    assert status(client, left) == 401


def test_a_token_of_a_team_takes_one_query_more(client, acme, member, token):
    team = Team.objects.create(tenant=acme, name="North")
    text = token(member("viewer", level="team", team=team))
    client.get(SITES, **bearer(text))  # notes the token's first use
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        client.get(SITES, **bearer(text))
    # Who asks; whose rows they see; the count of them. With no row there is no page to read.
    assert len(asked) == 3, [query["sql"][:120] for query in asked]
    assert sum("accounts_apitoken" in query["sql"] for query in asked) == 1


# --- Credentials that are none ----------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Bearer lp_wrong",
        "Bearer {upper}",
        "Bearer {text} {text}",
        "Bearer {text}\0",
        "Bearer " + "x" * 5000,
        "Bearer ",
        "Bearer",
        "Token a b c",
        "Token {text}",
        "Basic YTpi",
        "Basic {text}",
        "Basic \xff",
        "{text}",
        "\0",
        "Digest username=x",
    ],
)
def test_what_is_no_bearer_is_refused_as_a_problem(client, owner, token, header):
    text = token(owner)
    header = header.format(text=text, upper=text.upper())
    answer = client.get(SITES, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] in ("token_invalid", "not_authenticated", "scheme_unknown")


@pytest.mark.parametrize("name", ["token", "access_token", "api_key", "Authorization"])
def test_a_token_in_the_address_opens_nothing_and_is_told_why(client, owner, token, name):
    answer = client.get(f"{SITES}?{name}={token(owner)}")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_in_address")
