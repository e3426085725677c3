"""Who may make an account, and what they prove before it counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation, Membership, User
from accounts.sites import lifecycle
from tests.accounts.conftest import code_in
from tests.accounts.test_oauth import through
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
FORM = {"name": "Otto", "email": "Otto@new.test", "password1": "a long password of his"}


def sign_up(client: Client, **more: str) -> Any:
    return client.post("/accounts/signup/", {**FORM, **more})


@pytest.fixture
def invited(browser, acme, ada) -> Invitation:
    """Otto's invitation to Acme, whose link he has opened."""
    made = Invitation.objects.create(
        tenant=acme,
        email="otto@new.test",
        digest=b"x" * 32,
        invited_by=ada,
        expires_at=timezone.now() + timedelta(days=7),
    )
    session = browser.session
    session["invitation"] = made.pk
    session.save()
    browser.cookies["sessionid"] = session.session_key
    return made


def test_where_all_may_come_one_proves_the_address_then_names_the_organisation(
    browser, settings, mails
):
    settings.SIGNUP_POLICY = "open"
    assert sign_up(browser).url == "/accounts/confirm-email/"
    otto = User.objects.get()
    assert (otto.email, otto.name) == ("otto@new.test", "Otto")
    assert not otto.has_proven("otto@new.test")
    assert browser.get("/auth/me").status_code == 401
    kind, to, text = mails()[0]
    assert (kind, to) == ("email_confirmation_signup", "otto@new.test")
    answer = browser.post("/accounts/confirm-email/", {"code": code_in(text)})
    assert answer.url == "/organisations/new"
    assert otto.has_proven("otto@new.test")
    browser.post("/organisations/new", {"name": "Otto & Co", "time_zone": "UTC"})
    member = Membership.plain.get()
    assert (member.user, member.role, member.tenant.name) == (otto, "owner", "Otto & Co")


def test_three_wrong_codes_end_the_try(browser, settings, mails):
    settings.SIGNUP_POLICY = "open"
    sign_up(browser)
    for _n in range(3):
        browser.post("/accounts/confirm-email/", {"code": "AAAA-AAAA"})
    browser.post("/accounts/confirm-email/", {"code": code_in(mails()[0][2])})
    assert browser.get("/auth/me").status_code == 401


def test_a_sign_up_tells_nobody_who_has_an_account(browser, settings, nora, mails):
    settings.SIGNUP_POLICY = "open"
    known = sign_up(browser, email="NORA@acme.test")
    fresh = sign_up(Client(REMOTE_ADDR="198.51.100.20"))
    assert known.status_code == fresh.status_code == 302
    assert known.url == fresh.url
    assert [kind for kind, _to, _text in mails()] == [
        "account_already_exists",
        "email_confirmation_signup",
    ]
    nora.refresh_from_db()
    assert nora.check_password(PASSWORD)
    pages = [client.get("/accounts/confirm-email/").status_code for client in (browser,)]
    assert pages == [200]


@pytest.mark.parametrize("policy", ["invited", "closed"])
def test_nobody_comes_uninvited(browser, settings, policy):
    settings.SIGNUP_POLICY = policy
    assert b"By invitation only" in browser.get("/accounts/signup/").content
    assert b"Sign up" not in browser.get("/accounts/login/").content
    sign_up(browser)
    assert not User.objects.exists()


def test_an_invitation_opens_the_sign_up_for_its_address(browser, settings, invited, mails):
    settings.SIGNUP_POLICY = "invited"
    page = browser.get("/accounts/signup/").content.decode()
    assert "otto@new.test" in page
    assert "Acme" in page
    wrong = sign_up(browser, email="other@new.test")
    assert wrong.context["form"].errors["email"]
    assert browser.get(sign_up(browser).url).context["state"] == "join"
    assert browser.get("/auth/me").json()["email"] == "otto@new.test"
    assert User.objects.get(email="otto@new.test").has_proven("otto@new.test")
    assert not mails()


def test_an_invitation_opens_no_account_of_a_provider_but_for_its_address(
    provider, browser, settings, invited
):
    settings.SIGNUP_POLICY = "invited"
    assert b"By invitation only" in through(browser).content
    provider.person = {"sub": "nora-1"}  # who tells no address is asked for it
    assert through(browser).url == "/accounts/connected/signup/"
    for email, made in (("other@new.test", False), ("otto@new.test", True)):
        browser.post("/accounts/connected/signup/", {"name": "Otto", "email": email})
        assert User.objects.filter(email=email).exists() == made


def test_an_invitation_that_is_over_opens_nothing(browser, settings, invited):
    for change in (
        {"expires_at": timezone.now()},
        {"revoked_at": timezone.now()},
        {"accepted_at": timezone.now()},
    ):
        keep = {name: getattr(invited, name) for name in change}
        Invitation.plain.filter(pk=invited.pk).update(**change)
        assert b"By invitation only" in browser.get("/accounts/signup/").content
        Invitation.plain.filter(pk=invited.pk).update(**keep)
    settings.SIGNUP_POLICY = "closed"
    assert b"By invitation only" in browser.get("/accounts/signup/").content


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("email", "a\0b@x.test"),
        ("password1", "12345678"),
        ("password1", "short"),
        ("name", ""),
        ("name", "x" * 151),
    ],
)
def test_a_wrong_field_is_said(browser, settings, field, value):
    settings.SIGNUP_POLICY = "open"
    assert sign_up(browser, **{field: value}).context["form"].errors[field]
    assert not User.objects.exists()


def test_a_site_is_offered_to_proven_addresses_only(site, owner, nora):
    now = timezone.now()
    offered = lifecycle.offer(site, "nora@acme.test", owner, now)
    assert list(lifecycle.offers_to(nora, now)) == [offered]
    nora.emailaddress_set.update(verified=False)
    assert not lifecycle.offers_to(nora, now).exists()


def test_people_made_by_those_who_may_count_as_proven(nora):
    assert nora.has_proven("NORA@acme.test")
    nora.email = "nora@new.test"
    nora.save()
    assert not nora.has_proven("nora@new.test")
    nora.trust_address()
    assert nora.has_proven("nora@new.test")
    assert not nora.has_proven("nora@acme.test")
