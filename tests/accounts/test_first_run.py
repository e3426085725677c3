"""The first minutes of an installation."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.authentication import find_token
from accounts.models import AuditEntry, Membership, Site, User
from accounts.tenants.onboarding import AlreadyFounded, found_installation
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
FORM = {
    "organisation": "Acme",
    "name": "Ada",
    "email": "Ada@Acme.test",
    "password": PASSWORD,
    "site_name": "Shop",
    "domain": "https://shop.acme.test/start",
    "time_zone": "Europe/Berlin",
}


def test_an_empty_installation_asks_for_its_first_owner(client):
    assert client.get("/").url == "/welcome"
    assert b"Organisation" in client.get("/welcome").content


def test_the_form_makes_tenant_owner_and_site_and_signs_in(client):
    answer = client.post("/welcome", FORM)
    site = Site.plain.get()
    assert answer.url == f"/sites/{site.key}"
    assert (site.domains, site.time_zone) == (["shop.acme.test"], "Europe/Berlin")
    member = Membership.plain.get()
    assert (member.role, member.user.email, member.tenant.name) == (
        "owner",
        "ada@acme.test",
        "Acme",
    )
    assert set(AuditEntry.plain.values_list("action", flat=True)) == {
        "tenant.created",
        "site.created",
    }
    page = client.get(answer.url).content.decode()
    assert site.key in page
    assert "Waiting for the first event" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("password", "12345678"),
        ("password", "short"),
        ("organisation", ""),
        ("domain", "no host at all"),
        ("time_zone", "Mars/Base"),
        ("site_name", "a\0b"),
    ],
)
def test_a_wrong_field_is_said_and_makes_nothing(client, field, value):
    answer = client.post("/welcome", FORM | {field: value})
    assert answer.status_code == 200
    assert answer.context["form"].errors[field]
    assert not User.objects.exists()


def test_afterwards_the_page_is_gone(client, site):
    assert client.get("/welcome").url == "/"
    assert client.get("/").url == "/accounts/login/"
    client.post("/welcome", FORM)
    assert User.objects.count() == 1
    with pytest.raises(AlreadyFounded):
        found_installation(email="x@y.z", password="x", organisation="x", site_name="x")


def test_people_sign_in_with_address_and_password_and_out_again(client, site, ada):
    form = {"login": "ADA@acme.test", "password": PASSWORD}
    assert client.post("/accounts/login/", form).url == "/"
    assert client.get("/").url == f"/sites/{site.key}"
    client.post("/accounts/logout/")
    assert client.get("/").url == "/accounts/login/"


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(client, ada):
    answers = [
        client.post("/accounts/login/", {"login": login, "password": "wrong"})
        for login in ("ada@acme.test", "nobody@acme.test")
    ]
    assert answers[0].context["form"].errors == answers[1].context["form"].errors


def test_nobody_signs_up_by_themselves(client, ada):
    form = {"email": "new@acme.test", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", form)
    assert not User.objects.filter(email="new@acme.test").exists()


def test_issue_token_prints_a_token_that_works(owner, capsys):
    call_command("issue_token", "ADA@acme.test", "--scopes", "read", "--days", "3")
    token = find_token(capsys.readouterr().out.strip())
    assert token is not None
    assert (token.member, token.scopes) == (owner, ["read"])
    assert token.expires_at is not None


def test_issue_token_says_who_is_no_member(db):
    with pytest.raises(CommandError, match=r"nobody@acme\.test"):
        call_command("issue_token", "nobody@acme.test")


def test_issue_token_makes_none_without_an_end_for_want_of_a_day(owner):
    with pytest.raises(CommandError, match="whole number"):
        call_command("issue_token", "ada@acme.test", "--days", "0")
