"""The pages by which people come in, and what they tell nobody."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import OutboxMessage, User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "where",
    [
        "//evil.test",
        "/\\evil.test",
        "https:evil.test",
        "https://evil.test/x",
        "/\t/evil.test",
        "\thttps://evil.test",
        "javascript:alert(1)",
        "http://testserver@evil.test",
        "\x00//evil.test",
    ],
)
def test_signing_in_leads_to_no_other_site(browser, sign_in, nora, where):
    answer = sign_in(browser, "nora@acme.test", next=where)
    assert answer.url == "/"


def test_signing_in_leads_back_to_where_one_was(browser, sign_in, nora):
    assert sign_in(browser, "nora@acme.test", next="/sites?x=1").url == "/sites?x=1"


@pytest.mark.parametrize("host", ["evil.test", "localhost"])
def test_a_reset_link_has_the_configured_host_only(browser, nora, mails, settings, host):
    settings.BASE_URL = "https://stats.acme.test"
    headers = {"X-Forwarded-Host": "evil.test", "Host": host}
    browser.post("/accounts/password/reset/", {"email": "nora@acme.test"}, headers=headers)
    for _kind, _to, text in mails():
        links = re.findall(r"https?://[^/\s]*[^/\s.]", text)
        assert links
        assert set(links) == {"https://stats.acme.test"}


def test_a_reset_link_gives_a_new_password_once(browser, sign_in, nora, mails):
    browser.post("/accounts/password/reset/", {"email": "NORA@acme.test"})
    path = re.search(r"(/accounts/password/reset/key/\S+)", mails()[0][2]).group(1)
    form_at = browser.get(path).url
    new = {"password1": "quite another one", "password2": "quite another one"}
    assert browser.post(form_at, new).url == "/accounts/password/reset/key/done/"
    assert b"no longer works" in Client().get(path).content
    assert sign_in(browser, "nora@acme.test").status_code == 200
    assert sign_in(browser, "nora@acme.test", "quite another one").status_code == 302


def test_a_reset_tells_nobody_who_has_an_account(browser, nora, mails):
    answers = [
        browser.post("/accounts/password/reset/", {"email": email})
        for email in ("nora@acme.test", "nobody@acme.test")
    ]
    assert answers[0].status_code == answers[1].status_code == 302
    assert answers[0].url == answers[1].url
    assert [(kind, to) for kind, to, _text in mails()] == [
        ("password_reset_key", "nora@acme.test"),
        ("unknown_account", "nobody@acme.test"),
    ]


WAYS = {
    "/accounts/login/": ("login", "password", None),
    "/auth/login": ("email", "password", "application/json"),
    "/accounts/password/reset/": ("email", "", None),
    "/accounts/signup/": ("email", "password1", None),
}


@pytest.mark.parametrize("path", WAYS)
def test_it_takes_as_much_work_to_refuse_anybody(nora, settings, monkeypatch, path):
    """Known, unknown, stopped and without a password: as many hashes, and a query more or less."""
    settings.SIGNUP_POLICY = "open"
    User.objects.create_user("stopped@acme.test", PASSWORD, is_active=False)
    User.objects.create_user("provided@acme.test", None)
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def noted(self, password, salt):
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", noted)
    email, password, kind = WAYS[path]
    effort = {}
    for number, name in enumerate(("nobody", "nora", "stopped", "provided")):
        given = {email: f"{name}@acme.test", password: "not the password", "name": name}
        options = {"content_type": kind} if kind else {}
        browser = Client(REMOTE_ADDR=f"198.51.100.{30 + number}")
        before = len(hashed)
        with CaptureQueriesContext(connection) as asked:
            status = browser.post(path, given, **options).status_code
        effort[name] = (status, len(hashed) - before, len(asked))
    statuses, hashes, queries = zip(*effort.values(), strict=True)
    assert len(set(statuses)) == 1, effort
    assert set(hashes) == {0 if "reset" in path else 1}, effort
    # Who signs up for the first time becomes a row.
    known = queries[1:] if "signup" in path else queries
    assert max(known) - min(known) <= 2, effort


def test_a_mail_is_sealed_and_says_nothing_secret_outside(browser, nora):
    browser.post("/accounts/password/reset/", {"email": "nora@acme.test"})
    row = OutboxMessage.plain.get()
    assert b"reset/key" not in bytes(row.sealed)
    assert row.subject == "Choose a new password"
    assert row.tenant is None


def test_capitals_are_one_person_and_accents_are_two(browser, sign_in, nora):
    User.objects.create_user("nora@acmé.test", "a password of her own")
    assert sign_in(browser, "NORA@ACME.TEST").status_code == 302
    browser.logout()
    assert sign_in(browser, "nora@acmé.test").status_code == 200
    assert sign_in(browser, "nora@acmé.test", "a password of her own").status_code == 302


def test_guessing_is_held_back_however_the_address_is_spelt(browser, sign_in, nora):
    spellings = [
        "nora@acme.test",
        "NORA@acme.test",
        " nora@ACME.test",
        "Nora@Acme.Test",
        "nORA@acme.test",
    ]
    for spelling in spellings:
        sign_in(browser, spelling, "wrong")
    blocked = sign_in(Client(REMOTE_ADDR="198.51.100.7"), "nora@acme.test")
    assert "Too many attempts" in blocked.content.decode()


def test_an_address_that_nobody_believes_counts_for_nothing(nora, sign_in):
    """A forged X-Forwarded-For gives no fresh tries."""
    for n in range(10):
        client = Client(REMOTE_ADDR="198.51.100.9", headers={"X-Forwarded-For": f"192.0.2.{n}"})
        sign_in(client, f"somebody{n}@acme.test", "wrong")
    answer = sign_in(client, "nora@acme.test")
    assert "Too many attempts" in answer.content.decode()


def test_an_unproven_account_gets_a_code_instead_of_a_session(browser, sign_in, nora, mails):
    nora.emailaddress_set.update(verified=False)
    assert sign_in(browser, "nora@acme.test").url == "/accounts/confirm-email/"
    assert browser.get("/auth/me").status_code == 401
    assert [kind for kind, _to, _text in mails()] == ["email_confirmation_signup"]


PAGES = ["login/", "password/reset/", "password/reset/done/", "inactive/", "logout/", "signup/"]
OWN = [
    "email/",
    "password/change/",
    "2fa/",
    "passkeys/",
    "sessions/",
    "connected/",
    "reauthenticate/",
]


@pytest.mark.parametrize("page", [*PAGES, *OWN])
def test_pages_run_no_script_of_their_own(page, browser, sign_in, nora, settings):
    settings.SIGNUP_POLICY = "open"
    if page in OWN or page == "logout/":
        sign_in(browser, "nora@acme.test")
    answer = browser.get(f"/accounts/{page}")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert not re.search(r"<script(?![^>]*(src=|application/json))", text)
    assert " style=" not in text
    assert "allauth" not in text


def test_own_pages_ask_who_one_is(browser):
    for page in OWN:
        assert browser.get(f"/accounts/{page}").url.startswith("/accounts/login/")


def test_a_password_with_nul_is_wrong_and_no_error(browser, sign_in, nora):
    assert sign_in(browser, "nora@acme.test", "a\0b").status_code == 200
