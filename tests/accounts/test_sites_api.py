"""Sites over the API: tenant, role, token scope, audit, and errors with a code."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, AuditEntry, Membership, Site, Team
from accounts.roles import Role

pytestmark = pytest.mark.django_db
LIST = "/api/v1/sites"


def bearer(text: str, **headers: str) -> dict:
    return {"headers": {"Authorization": f"Bearer {text}"} | headers}


@pytest.fixture
def api(owner, token) -> dict:
    return bearer(token(owner))


def test_the_list_shows_the_tenants_own_sites(client, api, site, rival_site):
    body = client.get(LIST, **api).json()
    assert [row["key"] for row in body["results"]] == [site.key]
    assert body["count"] == 1


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_another_tenants_site_does_not_exist(client, api, rival_site, method):
    answer = getattr(client, method)(
        f"{LIST}/{rival_site.pk}", {"name": "x"}, "application/json", **api
    )
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert Site.plain.get(pk=rival_site.pk).name == "Rival shop"


def test_another_tenants_team_does_not_exist_in_a_body(client, api, rival_site):
    theirs = Team.objects.create(tenant=rival_site.tenant, name="Theirs")
    answer = client.post(LIST, {"name": "x", "team": theirs.pk}, "application/json", **api)
    assert answer.status_code == 400
    assert "team" in answer.json()["errors"]


def test_a_new_site_belongs_to_its_maker_and_is_audited(client, api, owner):
    given = {"name": "Blog", "domains": ["https://Blog.Acme.test/x"], "time_zone": "Asia/Tokyo"}
    answer = client.post(LIST, given, "application/json", **api)
    assert answer.status_code == 201, answer.json()
    made = Site.plain.get(pk=answer.json()["id"])
    assert (made.tenant, made.owner, made.domains) == (
        owner.tenant,
        owner.user,
        ["blog.acme.test"],
    )
    entry = AuditEntry.objects.for_tenant(owner.tenant).first()
    assert (entry.action, entry.actor, entry.target_id) == (
        "site.created",
        owner.user,
        str(made.pk),
    )
    assert entry.request_id == answer["X-Request-Id"]


def test_a_change_is_audited_with_before_and_after(client, api, site):
    client.patch(f"{LIST}/{site.pk}", {"name": "New"}, "application/json", **api)
    entry = AuditEntry.objects.for_tenant(site.tenant).first()
    assert (entry.action, entry.changes) == ("site.changed", {"name": ["Acme shop", "New"]})


def test_what_only_the_system_sets_is_ignored(client, api, site, rival_site):
    changes = {"key": "mine", "tenant": str(rival_site.tenant.pk), "kind": "ga4"}
    client.patch(f"{LIST}/{site.pk}", changes, "application/json", **api)
    after = Site.plain.get(pk=site.pk)
    assert (after.key, after.tenant_id, after.kind) == (site.key, site.tenant_id, "web")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"name": "x", "time_zone": "Mars/Base"},
        {"name": "x", "time_zone": "../../etc/passwd"},
        {"name": "x", "domains": ["not a host"]},
        {"name": "x", "domains": "shop.test"},
        {"name": "x\0y"},
        [],
        "text",
    ],
)
def test_bad_input_is_refused_with_a_code_and_makes_nothing(client, api, wrong):
    before = Site.plain.count()
    answer = client.post(LIST, wrong, "application/json", **api)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] in ("invalid", "parse_error")
    assert Site.plain.count() == before


@pytest.mark.parametrize(
    ("role", "read", "write"),
    [("viewer", 200, 403), ("analyst", 200, 403), ("manager", 200, 201), ("owner", 200, 201)],
)
def test_managers_write_and_viewers_read(client, member, token, role, read, write):
    api = bearer(token(member(role)))
    assert client.get(LIST, **api).status_code == read
    assert client.post(LIST, {"name": "x"}, "application/json", **api).status_code == write


@pytest.mark.parametrize(
    ("scopes", "read", "write"),
    [(["read"], 200, 403), (["write"], 403, 201), (["ingest"], 403, 403), ([], 403, 403)],
)
def test_a_token_does_what_its_scopes_say(client, owner, token, scopes, read, write):
    api = bearer(token(owner, scopes))
    assert client.get(LIST, **api).status_code == read
    assert client.post(LIST, {"name": "x"}, "application/json", **api).status_code == write


@pytest.mark.parametrize("header", ["Bearer lp_wrong", "Bearer x y z", "Bearer \0", "Bearer lp_"])
def test_an_unknown_token_is_refused(client, site, header):
    answer = client.get(LIST, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "token_invalid"


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Token lp_x"])
def test_without_a_bearer_nobody_is_let_in(client, site, header):
    assert client.get(LIST, headers={"Authorization": header}).status_code in (401, 403)


def test_a_token_dies_by_revoking_expiry_and_its_makers_leaving(client, owner, token, member):
    def status(text: str) -> int:
        return client.get(LIST, **bearer(text)).status_code

    revoked, expired, orphaned = token(owner), token(owner), token(member())
    assert [status(text) for text in (revoked, expired, orphaned)] == [200, 200, 200]
    tokens = ApiToken.objects.unscoped("test")
    tokens.filter(prefix=revoked[:10]).update(revoked_at=timezone.now())
    tokens.filter(prefix=expired[:10]).update(expires_at=timezone.now())
    Membership.objects.unscoped("test").filter(user__email="ben@acme.test").delete()
    assert [status(text) for text in (revoked, expired, orphaned)] == [401, 401, 401]


def test_a_tokens_use_is_noted(client, owner, token):
    text = token(owner)
    client.get(LIST, **bearer(text))
    assert ApiToken.objects.unscoped("test").get(prefix=text[:10]).last_used_at is not None


def test_a_token_opens_no_other_tenant(client, owner, token, rival_site):
    own = bearer(token(owner), **{"X-Tenant-Id": str(owner.tenant_id)})
    assert client.get(LIST, **own).status_code == 200
    for other in (str(rival_site.tenant_id), "nonsense"):
        api = bearer(token(owner), **{"X-Tenant-Id": other})
        assert client.get(LIST, **api).status_code == 404


def test_a_person_in_two_tenants_chooses_by_header(signed_in, owner, rival_site):
    Membership.objects.create(user=owner.user, tenant=rival_site.tenant, role=Role.VIEWER)
    client: Client = signed_in(owner)
    theirs = client.get(LIST, headers={"X-Tenant-Id": str(rival_site.tenant_id)}).json()
    assert [row["name"] for row in theirs["results"]] == ["Rival shop"]
    assert [row["name"] for row in client.get(LIST).json()["results"]] == ["Acme shop"]


def test_a_tokens_request_takes_two_queries_for_who_and_what(
    client, owner, token, django_assert_num_queries
):
    api = bearer(token(owner))
    client.get(LIST, **api)  # notes the token's first use
    with django_assert_num_queries(3):  # the token, the count, the page
        client.get(LIST, **api)


# --- Deleting, and taking it back -------------------------------------------------------------


def test_deleting_answers_when_it_will_happen_and_the_site_stays_until_then(client, api, site):
    answer = client.delete(f"{LIST}/{site.pk}", **api)
    assert answer.status_code == 202
    assert answer.json()["delete_at"] is not None
    again = client.delete(f"{LIST}/{site.pk}", **api)
    assert again.json()["delete_at"] == answer.json()["delete_at"]
    assert client.get(f"{LIST}/{site.pk}", **api).status_code == 200


def test_a_deletion_is_taken_back(client, api, site):
    client.delete(f"{LIST}/{site.pk}", **api)
    answer = client.post(f"{LIST}/{site.pk}/restore", **api)
    assert (answer.status_code, answer.json()["delete_at"]) == (200, None)
    assert Site.plain.get(pk=site.pk).delete_at is None


def test_viewers_and_strangers_neither_delete_nor_restore(client, member, token, site, rival_site):
    viewer = bearer(token(member("viewer")))
    manager = bearer(token(member("manager", "mia@acme.test")))
    for path in (f"{LIST}/{site.pk}", f"{LIST}/{site.pk}/restore"):
        method = client.post if path.endswith("restore") else client.delete
        assert method(path, **viewer).status_code == 403
    assert client.delete(f"{LIST}/{rival_site.pk}", **manager).status_code == 404
    assert client.post(f"{LIST}/{rival_site.pk}/restore", **manager).status_code == 404
    assert not Site.plain.filter(delete_at__isnull=False).exists()


def test_nobody_sets_the_day_of_deletion(client, api, site):
    client.patch(f"{LIST}/{site.pk}", {"delete_at": "2030-01-01"}, "application/json", **api)
    assert Site.plain.get(pk=site.pk).delete_at is None


# --- The pages of the funnel, the name of the script ------------------------------------------


def test_a_step_that_is_left_out_keeps_its_pages(client, api, site):
    given = {"funnel_pages": {"pricing": ["/preise*", " /preise* ", ""]}}
    answer = client.patch(f"{LIST}/{site.pk}", given, "application/json", **api)
    assert answer.status_code == 400, "an empty text is no path"
    given = {"funnel_pages": {"pricing": ["/preise*", " /preise* "]}}
    pages = client.patch(f"{LIST}/{site.pk}", given, "application/json", **api).json()[
        "funnel_pages"
    ]
    assert pages["pricing"] == ["/preise*"]
    assert pages["homepage"] == ["/"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"checkout": ["/x"]},
        {"pricing": "/x"},
        {"pricing": [["/x"]]},
        {"pricing": ["pricing"]},
        {"pricing": ["/x"] * 101},
        {"pricing": ["/" + "x" * 600]},
        {"pricing": ["/a\0b"]},
        ["/x"],
        "x",
        None,
    ],
)
def test_wrong_pages_of_the_funnel_are_refused_by_name(client, api, site, wrong):
    answer = client.patch(f"{LIST}/{site.pk}", {"funnel_pages": wrong}, "application/json", **api)
    assert answer.status_code == 400
    assert "funnel_pages" in answer.json()["errors"]


def test_a_scripts_name_is_one_sites_alone_and_can_be_given_up(client, api, site, rival_site):
    Site.plain.filter(pk=rival_site.pk).update(script_name="taken")

    def patched(name):
        return client.patch(f"{LIST}/{site.pk}", {"script_name": name}, "application/json", **api)

    for wrong in ("taken", "analytics", "Ünfug", "a b", "x", "../x"):
        assert "script_name" in patched(wrong).json()["errors"], wrong
    assert patched("harbour").json()["script_name"] == "harbour"
    assert patched(None).json()["script_name"] is None
    assert patched("").json()["script_name"] is None
