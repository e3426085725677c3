"""Signing in by a provider, for programs and on pages, end to end against one of our own."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from accounts.models import AuditEntry, Membership, SignIn, UsedState, User
from accounts.sign_in import oauth
from tests.conftest import PASSWORD
from tests.oidc.provider import Provider

pytestmark = pytest.mark.django_db


def visit(url: str) -> str:
    """What the person's browser does at the provider: where it is sent then."""
    answer = httpx2.get(url)
    assert answer.status_code == 302, answer.text
    location: str = answer.headers["location"]
    return location


def brought(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def begun(client: Client) -> tuple[str, str]:
    """A sign-in that came back from the provider: code and state."""
    told = client.get("/auth/login").json()
    found = brought(visit(told["url"]))
    assert found["state"] == told["state"]
    return found["code"], found["state"]


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(path, body, content_type="application/json")


# --- For programs -----------------------------------------------------------------------------


def test_a_program_signs_in_with_the_code_and_the_cookie(provider, browser, bearer):
    code, _state = begun(browser)
    cookie = browser.cookies["linkpro_oauth_state"]
    assert (cookie["httponly"], cookie["path"]) == (True, "/auth/")
    answer = post(browser, "/auth/callback", code=code)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 24 * 3600)
    assert body["user"]["email"] == "nora@acme.test"
    me = browser.get("/auth/me", **bearer(body["access_token"])).json()
    assert (me["name"], me["tenant"], me["permissions"]) == ("Nora Nord", None, [])
    assert answer["Cache-Control"] == "no-store"


def test_the_state_may_come_in_the_body_and_must_come_somehow(provider, browser):
    code, state = begun(browser)
    other = Client()
    missing = post(other, "/auth/callback", code=code)
    assert (missing.status_code, missing.json()["code"]) == (400, "state_missing")
    assert post(other, "/auth/callback", code=code, state=state).status_code == 200


def test_a_state_is_taken_once(provider, browser):
    code, state = begun(browser)
    assert post(Client(), "/auth/callback", code=code, state=state).status_code == 200
    again = post(Client(), "/auth/callback", code=begun(browser)[0], state=state)
    assert (again.status_code, again.json()["code"]) == (400, "state_invalid")
    assert User.objects.count() == 1


@pytest.mark.parametrize("state", ["nothing", "a\0b", "x" * 500, "e30:1abc:sig", "état"])
def test_a_state_that_is_none_is_refused(provider, browser, state):
    answer = post(Client(), "/auth/callback", code="x", state=state)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("state_invalid", "invalid")


def test_an_old_state_is_refused(provider, browser, monkeypatch):
    code, state = begun(browser)
    monkeypatch.setattr(oauth, "STATE_SECONDS", -1)
    answer = post(Client(), "/auth/callback", code=code, state=state)
    assert answer.json()["code"] == "state_invalid"


def test_cookie_and_body_must_agree(provider, browser):
    code, _state = begun(browser)
    other = Client().get("/auth/login").json()["state"]
    assert post(browser, "/auth/callback", code=code, state=other).json()["code"] == "state_invalid"


def test_a_code_is_taken_once(provider, browser):
    code, state = begun(browser)
    post(Client(), "/auth/callback", code=code, state=state)
    fresh = Client().get("/auth/login").json()["state"]
    answer = post(Client(), "/auth/callback", code=code, state=fresh)
    assert (answer.status_code, answer.json()["code"]) == (400, "code_invalid")


def test_a_code_of_another_sign_in_fails_its_challenge(provider, browser):
    code, _state = begun(browser)
    fresh = Client().get("/auth/login").json()["state"]
    assert post(Client(), "/auth/callback", code=code, state=fresh).json()["code"] == "code_invalid"


def test_an_old_code_is_refused(provider, browser):
    provider.code_seconds = -1
    code, state = begun(browser)
    answer = post(Client(), "/auth/callback", code=code, state=state)
    assert answer.json()["code"] == "code_invalid"


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"aud": "somebody-else"},
        {"iss": "https://evil.test"},
        {"exp": 1_000_000_000},
        {"azp": "somebody-else"},
        {"sub": None},
    ],
)
def test_an_identity_that_does_not_hold_is_refused(provider, browser, claims):
    provider.tamper = lambda found: {**found, **claims}
    code, state = begun(browser)
    answer = post(Client(), "/auth/callback", code=code, state=state)
    assert (answer.status_code, answer.json()["code"]) == (400, "code_invalid")
    assert not User.objects.exists()


def test_an_identity_under_another_key_is_refused(provider, browser):
    provider.signing_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    code, state = begun(browser)
    assert post(Client(), "/auth/callback", code=code, state=state).json()["code"] == "code_invalid"


def test_the_provider_sends_nobody_elsewhere(provider, browser, settings):
    settings.OAUTH_REDIRECT_URI = "https://evil.test/callback"
    answer = httpx2.get(browser.get("/auth/login").json()["url"])
    assert (answer.status_code, answer.json()["error"]) == (400, "redirect_uri_mismatch")


def test_a_provider_that_is_away_is_said(provider, browser, settings):
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    answer = browser.get("/auth/login")
    assert (answer.status_code, answer.json()["code"]) == (502, "provider_unavailable")


def test_without_a_provider_there_is_a_password(browser, ada, db):
    assert browser.get("/auth/login").json()["code"] == "provider_missing"


# --- Whose account ----------------------------------------------------------------------------


def answer_for(browser: Client) -> Any:
    code, state = begun(browser)
    return post(Client(), "/auth/callback", code=code, state=state)


def test_somebody_who_comes_again_is_the_same_person(provider, browser):
    answer_for(browser)
    provider.person = {**provider.person, "email": "nora@elsewhere.test"}
    assert answer_for(browser).json()["user"]["email"] == "nora@acme.test"
    assert User.objects.count() == 1


def test_an_account_is_not_taken_over_by_its_address(provider, browser, nora):
    answer = answer_for(browser)
    assert (answer.status_code, answer.json()["code"]) == (409, "account_exists")
    assert not SocialAccount.objects.exists()


def test_it_is_where_the_installation_trusts_the_provider(provider, browser, nora, settings):
    settings.OIDC_TRUSTS_EMAIL = True
    assert answer_for(browser).json()["user"]["id"] == nora.pk
    assert SocialAccount.objects.get().user == nora


def test_an_address_that_the_provider_has_not_verified_opens_nothing(
    provider, browser, nora, settings
):
    settings.OIDC_TRUSTS_EMAIL = True
    provider.person = {**provider.person, "email_verified": False}
    assert answer_for(browser).json()["code"] == "email_unverified"


def test_who_may_come_is_the_policy_of_the_installation(provider, browser, settings):
    for policy in ("closed", "invited"):
        settings.SIGNUP_POLICY = policy
        assert answer_for(browser).json()["code"] == "sign_up_closed"
    assert not User.objects.exists()


def test_a_person_who_is_switched_off_stays_out(provider, browser):
    answer_for(browser)
    User.objects.update(is_active=False)
    assert answer_for(browser).json()["code"] == "account_inactive"


# --- On pages ---------------------------------------------------------------------------------


def through(browser: Client, **form: str) -> Any:
    """Where the site sends a browser that went to the provider and came back."""
    page = browser.post("/accounts/by/oidc/", form)
    assert page.status_code == 200, page
    location = visit(page.context["url"])
    return browser.get(location.removeprefix("http://testserver"))


def test_a_browser_signs_in_by_the_provider(provider, browser):
    assert through(browser).url == "/organisations/new"
    assert browser.session["_auth_user_id"] == str(User.objects.get().pk)
    assert User.objects.get().has_proven("nora@acme.test")


def test_the_way_to_the_provider_takes_a_button(provider, browser):
    assert browser.get("/accounts/by/oidc/").status_code == 405
    assert browser.post("/accounts/by/google/").status_code == 404


def test_pages_check_nonce_and_state(provider, browser):
    provider.tamper = lambda claims: {**claims, "nonce": "another"}
    assert through(browser).status_code == 400
    provider.tamper = None
    page = browser.post("/accounts/by/oidc/")
    location = visit(page.context["url"]).removeprefix("http://testserver")
    Client().get(location)  # somebody else's browser
    assert not User.objects.exists()
    browser.get(location)
    assert User.objects.count() == 1
    browser.logout()
    browser.get(location)
    assert "_auth_user_id" not in browser.session


def test_one_connects_and_disconnects_an_account(provider, nora, browser, sign_in, mails):
    sign_in(browser, "nora@acme.test")
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    provider.person = {**provider.person, "email": "nora@home.test"}
    assert through(browser, process="connect").url == "/accounts/connected/"
    account = SocialAccount.objects.get(user=nora)
    assert b"nora@home.test" in browser.get("/accounts/connected/").content
    browser.post("/accounts/connected/", {"account": account.pk})
    assert not SocialAccount.objects.exists()
    told = [kind for kind, _to, _text in mails()]
    assert told == ["account_connected", "account_disconnected"]


def test_a_connection_that_is_set_up_no_more_ends_and_is_written_down(nora, browser, sign_in):
    sign_in(browser, "nora@acme.test")
    former = SocialAccount.objects.create(user=nora, provider="former", uid="1")
    browser.post("/accounts/connected/", {"account": former.pk})
    assert not SocialAccount.objects.exists()
    assert AuditEntry.plain.filter(action="user.account_disconnected").exists()


def test_pages_do_not_link_an_account_by_its_address_alone(provider, nora, browser, mails):
    assert through(browser).url == "/accounts/confirm-email/"
    assert not SocialAccount.objects.exists()
    assert [kind for kind, _to, _text in mails()] == ["account_already_exists"]


def test_a_provider_that_is_away_is_said_on_the_page(provider, browser, settings):
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    assert browser.post("/accounts/by/oidc/").status_code == 502
    assert browser.get("/accounts/oidc/oidc/login/callback/?code=x&state=y").status_code < 503


# --- The provider itself ----------------------------------------------------------------------


def test_the_provider_refuses_what_providers_refuse(listening: Provider):
    def token(**form: str) -> str:
        named = {"client_id": listening.client_id, "client_secret": listening.client_secret}
        answer = httpx2.post(f"{listening.issuer}/token", data={**named, **form})
        return str(answer.json().get("error", answer.json().get("refresh_token")))

    assert token(client_secret="wrong") == "invalid_client"
    assert token(grant_type="password") == "unsupported_grant_type"
    assert token(grant_type="refresh_token", refresh_token="none") == "invalid_grant"
    back = next(iter(listening.redirect_uris))
    asked = f"{listening.issuer}/authorize?client_id={listening.client_id}&redirect_uri={back}"
    for missing in ("", "&response_type=code", "&response_type=code&scope=openid&state=s&nonce=n"):
        assert "error=" in visit(asked + missing)


def test_used_states_are_forgotten(provider, browser):
    code, state = begun(browser)
    post(Client(), "/auth/callback", code=code, state=state)
    UsedState.objects.update(expires_at="2020-01-01T00:00Z")
    assert oauth.forget_used_states() == 1
    assert SignIn.objects.count() == 1
    assert not Membership.plain.exists()
