"""Programs that act as a person: their tokens, and what ends them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt as tokens
import pytest
from django.conf import settings as configured
from django.test import Client

from accounts.models import AuditEntry, Membership, SignIn, User
from accounts.roles import Role
from accounts.sign_in import jwt, proofs
from accounts.tenants.onboarding import found_tenant
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed(browser, site, ada) -> dict[str, Any]:
    """Ada's program, signed in by her password."""
    return by_password(browser).json()


def by_password(client: Client, email: str = "ada@acme.test", **more: str) -> Any:
    body = {"email": email, "password": PASSWORD, **more}
    return client.post("/auth/login", body, content_type="application/json")


def refreshed(client: Client, token: str) -> Any:
    return client.post("/auth/refresh", {"refresh_token": token}, content_type="application/json")


def test_me_tells_who_where_and_what_one_may(signed, client, bearer, acme):
    me = client.get("/auth/me", **bearer(signed["access_token"])).json()
    assert (me["email"], me["name"]) == ("ada@acme.test", "Ada")
    assert me["tenant"]["id"] == str(acme.pk)
    assert (me["tenant"]["role"], me["tenant"]["current"]) == ("owner", True)
    assert "people.manage" in me["permissions"]


def test_one_changes_ones_name_and_zone_and_nothing_else(signed, client, bearer, ada):
    body = {"name": "Ada L.", "time_zone": "Europe/Berlin", "email": "x@y.test", "is_staff": True}
    told = bearer(signed["access_token"])
    answer = client.patch("/auth/me", body, content_type="application/json", **told)
    assert answer.status_code == 200
    ada.refresh_from_db()
    assert (ada.name, ada.time_zone) == ("Ada L.", "Europe/Berlin")
    assert (ada.email, ada.is_staff) == ("ada@acme.test", False)
    wrong = client.patch("/auth/me", {"time_zone": "X"}, content_type="application/json", **told)
    assert wrong.status_code == 400
    changed = AuditEntry.plain.get(action="user.changed")
    assert changed.changes == {"fields": [None, ["name", "time_zone"]]}


def test_the_whole_api_is_open_to_the_token_in_the_tenant_it_names(signed, client, bearer, ada):
    home = found_tenant(owner=ada, organisation="Home", site_name="Blog").tenant
    token = signed["access_token"]
    listed = client.get("/auth/tenants", **bearer(token)).json()["results"]
    assert [row["name"] for row in listed] == ["Acme", "Home"]
    names = {
        tenant: client.get("/api/v1/sites", **bearer(token, **{"X-Tenant-Id": tenant})).json()
        for tenant in (listed[0]["id"], str(home.pk))
    }
    assert [found["results"][0]["name"] for found in names.values()] == ["Acme shop", "Blog"]


def test_a_tenant_of_others_is_not_there(signed, client, bearer, rival_site):
    for wanted in (str(rival_site.tenant_id), "nonsense"):
        told = bearer(signed["access_token"], **{"X-Tenant-Id": wanted})
        assert client.get("/api/v1/sites", **told).status_code == 404
        assert client.get("/auth/me", **told).status_code == 404


def test_a_new_role_counts_from_the_next_request_on(signed, client, bearer, owner, site):
    told = bearer(signed["access_token"])
    change = {"path": f"/api/v1/sites/{site.pk}", "data": {"name": "Shop"}}
    assert client.patch(content_type="application/json", **change, **told).status_code == 200
    Membership.plain.filter(pk=owner.pk).update(role=Role.VIEWER)
    assert client.patch(content_type="application/json", **change, **told).status_code == 403
    owner.delete()
    assert client.get("/api/v1/sites", **told).status_code == 403


def test_a_request_asks_the_database_who_it_is_twice(signed, rf, bearer, django_assert_num_queries):
    from rest_framework.views import APIView

    from accounts.authentication import BearerAuthentication

    request = APIView().initialize_request(rf.get("/", **bearer(signed["access_token"])))
    with django_assert_num_queries(2):
        user, auth = BearerAuthentication().authenticate(request)
    assert (user.email, isinstance(auth, SignIn)) == ("ada@acme.test", True)


# --- What ends them ---------------------------------------------------------------------------


def test_a_sign_out_is_true(signed, client, bearer):
    told = bearer(signed["access_token"])
    assert client.post("/auth/logout", **told).status_code == 204
    answer = client.get("/auth/me", **told)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert answer["WWW-Authenticate"] == "Bearer"
    assert refreshed(client, signed["refresh_token"]).status_code == 401


def switched_off(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def new_password(user: User) -> None:
    user.set_password("another long one")
    user.save()


@pytest.mark.parametrize("end", [switched_off, new_password, proofs.end_everywhere])
def test_person_password_and_sign_out_everywhere_end_it(end, signed, client, bearer, ada):
    assert client.get("/auth/me", **bearer(signed["access_token"])).status_code == 200
    end(ada)
    assert client.get("/auth/me", **bearer(signed["access_token"])).status_code == 401
    assert refreshed(client, signed["refresh_token"]).status_code == 401


def test_an_api_token_outlives_a_sign_out_everywhere(owner, token, client, bearer):
    text = token(owner)
    proofs.end_everywhere(owner.user)
    assert client.get("/api/v1/sites", **bearer(text)).status_code == 200


# --- Refreshing -------------------------------------------------------------------------------


def test_a_refresh_token_is_used_up_by_new_ones(signed, client, bearer):
    first = refreshed(client, signed["refresh_token"]).json()
    assert client.get("/auth/me", **bearer(first["access_token"])).status_code == 200
    assert refreshed(client, first["refresh_token"]).status_code == 200


def test_a_refresh_token_that_comes_twice_ends_all_of_its_sign_in(signed, client, bearer):
    first = refreshed(client, signed["refresh_token"]).json()
    again = refreshed(client, signed["refresh_token"])
    assert (again.status_code, again.json()["code"]) == (401, "refresh_invalid")
    assert again["WWW-Authenticate"] == "Bearer"
    assert refreshed(client, first["refresh_token"]).status_code == 401
    assert client.get("/auth/me", **bearer(first["access_token"])).status_code == 401
    assert AuditEntry.plain.filter(action="user.refresh_reused").exists()


def test_each_token_is_good_for_its_own_use_only(signed, client, bearer):
    assert client.get("/auth/me", **bearer(signed["refresh_token"])).status_code == 401
    assert refreshed(client, signed["access_token"]).status_code == 401


def test_it_lasts_as_long_as_the_settings_say(browser, site, ada, settings, client, bearer):
    settings.JWT_EXPIRATION_HOURS = 2
    body = by_password(browser).json()
    assert body["expires_in"] == 7200
    settings.JWT_EXPIRATION_HOURS = -1
    late = by_password(browser).json()
    assert client.get("/auth/me", **bearer(late["access_token"])).status_code == 401
    SignIn.objects.update(expires_at=datetime.now(UTC) - timedelta(days=1))
    assert jwt.forget_ended() == 2


# --- Forged ones ------------------------------------------------------------------------------


def forged(text: str, algorithm: str = "HS256", key: str | None = "", **changes: Any) -> str:
    claims = tokens.decode(text, options={"verify_signature": False}) | changes
    chosen = configured.JWT_SECRET_KEY if key == "" else key
    return tokens.encode(claims, chosen or "", algorithm=algorithm)


def test_tokens_that_are_not_ours_open_nothing(signed, client, bearer, rival_site):
    text = signed["access_token"]
    head, body, signature = text.split(".")
    rita = User.objects.get(email="rita@rival.test")
    for wrong in (
        forged(text, "none", key=None),
        forged(text, "HS512"),
        forged(text, key="x" * 64),
        forged(text, exp=1),
        forged(text, iss="https://elsewhere.test"),
        forged(text, sub=str(rita.pk)),
        f"{head}.{body[:-4]}AAAA.{signature}",
        f"{head}.{body}.",
        "a.b.c",
        "x" * 5_000,
        "Bearer",
    ):
        answer = client.get("/auth/me", **bearer(wrong))
        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid"), wrong


def test_without_any_token_one_is_told_to_bring_one(client, db):
    for path in ("/auth/me", "/auth/tenants"):
        answer = client.get(path)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
        assert answer["Content-Type"] == "application/problem+json"


# --- By password ------------------------------------------------------------------------------


def test_wrong_password_and_unknown_address_are_answered_alike(browser, ada):
    answers = [
        by_password(browser, email, password="wrong") for email in ("ada@acme.test", "no@acme.test")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    bodies = [answer.json() for answer in answers]
    assert bodies[0] == bodies[1]
    assert bodies[0]["code"] == "credentials_invalid"


def test_whoever_guesses_has_to_wait(browser, ada):
    statuses = [by_password(browser, password=f"guess {n}").status_code for n in range(6)]
    assert statuses == [401] * 5 + [429]
    right = by_password(browser)
    assert (right.status_code, right["Retry-After"]) == (429, "300")


@pytest.mark.parametrize(
    "body",
    [{}, {"email": "a"}, {"email": "a\0b", "password": "x"}, {"email": [], "password": {}}, []],
)
def test_bad_bodies_are_refused_and_never_an_error(browser, db, body):
    for path in ("/auth/login", "/auth/callback", "/auth/refresh"):
        answer = browser.post(path, body, content_type="application/json")
        assert answer.status_code in (400, 401), path


def test_an_api_token_reads_who_it_is_and_changes_nobody(owner, token, client, bearer):
    told = bearer(token(owner))
    assert client.get("/auth/me", **told).json()["email"] == "ada@acme.test"
    wrong = client.patch("/auth/me", {"name": "X"}, content_type="application/json", **told)
    assert wrong.status_code == 403
    assert client.post("/auth/logout", **told).status_code == 403
