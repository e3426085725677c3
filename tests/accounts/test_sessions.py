"""Where one is signed in, and what ends it."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from accounts.models import AuditEntry, SignIn
from tests.accounts.conftest import code_in
from tests.conftest import CHROME, IPHONE, PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(nora, sign_in) -> Client:
    """Nora's phone, signed in."""
    client = Client(REMOTE_ADDR="203.0.113.200", headers={"User-Agent": IPHONE})
    sign_in(client, "nora@acme.test")
    return client


@pytest.fixture
def desk(nora, sign_in) -> Client:
    """Nora's desk, signed in."""
    client = Client(REMOTE_ADDR="203.0.113.201", headers={"User-Agent": CHROME})
    sign_in(client, "nora@acme.test")
    return client


def is_in(client: Client) -> bool:
    return client.get("/auth/me").status_code == 200


def test_one_sees_where_one_is_signed_in_and_ends_one(phone, desk, nora):
    page = desk.get("/accounts/sessions/")
    names = [(row.name, row.ip, row.current) for row in page.context["rows"]]
    assert names == [
        ("Chrome on Windows", "203.0.113.201", True),
        ("Mobile Safari on iOS", "203.0.113.200", False),
    ]
    desk.post("/accounts/sessions/", {"session": page.context["rows"][1].key})
    assert (is_in(phone), is_in(desk)) == (False, True)
    assert AuditEntry.plain.filter(action="user.session_ended", target_id=nora.pk).count() == 1


def test_one_signs_out_everywhere(phone, desk, nora):
    program = desk.post(
        "/auth/login",
        {"email": "nora@acme.test", "password": PASSWORD},
        content_type="application/json",
    ).json()
    assert b"Program" in desk.get("/accounts/sessions/").content
    assert desk.post("/accounts/sessions/", {"everywhere": "1"}).url == "/accounts/login/"
    assert not is_in(phone)
    assert not is_in(desk)
    told = {"Authorization": f"Bearer {program['access_token']}"}
    assert Client().get("/auth/me", headers=told).status_code == 401


def test_nobody_ends_the_sessions_of_others(phone, ada, sign_in, browser):
    browser.force_login(ada)
    row = UserSession.objects.get(user__email="nora@acme.test")
    made = SignIn.objects.create(user=row.user, auth_hash="x", expires_at="2099-01-01T00:00Z")
    for form in ({"session": row.pk}, {"program": made.pk}, {"session": "x"}, {"program": "\0"}):
        assert browser.post("/accounts/sessions/", form).status_code == 302
    assert is_in(phone)
    assert SignIn.objects.exists()


def test_a_new_password_ends_the_other_sessions(phone, desk, mails):
    form = {
        "oldpassword": PASSWORD,
        "password1": "quite another one",
        "password2": "quite another one",
    }
    assert desk.post("/accounts/password/change/", form).status_code == 302
    assert (is_in(phone), is_in(desk)) == (False, True)
    assert [(kind, to) for kind, to, _text in mails()] == [("password_changed", "nora@acme.test")]


def test_somebody_who_is_switched_off_is_out_at_once(phone, nora):
    nora.is_active = False
    nora.save()
    assert not is_in(phone)


def test_signing_in_gives_the_session_a_new_key(browser, sign_in, nora):
    session = browser.session
    session["x"] = 1
    session.save()
    before = session.session_key
    browser.cookies["sessionid"] = before
    sign_in(browser, "nora@acme.test")
    assert browser.session.session_key != before


def test_a_new_address_counts_once_it_is_proven_and_the_old_one_is_told(desk, nora, mails):
    desk.post("/accounts/reauthenticate/", {"password": PASSWORD})
    desk.post("/accounts/email/", {"email": "NORA@new.test", "action_add": ""})
    nora.refresh_from_db()
    assert nora.email == "nora@acme.test"
    kind, to, text = mails()[-1]
    assert (kind, to) == ("email_confirmation", "nora@new.test")
    wrong = desk.post("/accounts/confirm-email/", {"code": "AAAA-AAAA"})
    assert wrong.status_code == 200
    desk.post("/accounts/confirm-email/", {"code": code_in(text)})
    nora.refresh_from_db()
    assert nora.email == "nora@new.test"
    assert nora.has_proven("nora@new.test")
    assert not nora.has_proven("nora@acme.test")
    told = [to for kind, to, _text in mails() if kind == "email_changed"]
    assert told == ["nora@acme.test"]


def test_the_address_of_somebody_else_is_not_told_to_be_one(desk, ada, mails):
    desk.post("/accounts/reauthenticate/", {"password": PASSWORD})
    taken, free = (
        desk.post("/accounts/email/", {"email": email, "action_add": ""})
        for email in ("ada@acme.test", "free@acme.test")
    )
    assert taken.status_code == free.status_code == 302
    assert taken.url == free.url
