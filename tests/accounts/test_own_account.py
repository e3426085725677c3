"""One's own account: what a person decides, takes along, and leaves behind."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.members import people
from accounts.models import (
    ApiToken,
    AuditEntry,
    Invitation,
    Membership,
    OutboxMessage,
    Site,
    Tenant,
    User,
)
from accounts.oneself import account_deletion, own_account
from accounts.outgoing.notices import notify
from accounts.roles import Role
from accounts.tenants.onboarding import found_tenant
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def own_acts(user_id: int) -> list[str]:
    entries = AuditEntry.objects.unscoped("test").filter(actor_id=user_id)
    return list(entries.values_list("action", flat=True))


@pytest.fixture
def sure(owner) -> Client:
    """Ada's browser, right after she gave her password."""
    client = Client()
    client.force_login(owner.user)
    give_password(client)
    return client


def give_password(client: Client) -> Any:
    return client.post("/accounts/reauthenticate/", {"password": PASSWORD})


# --- Profile ----------------------------------------------------------------------------------


def test_a_person_changes_their_name_and_clock(owner, signed_in):
    client = signed_in(owner)
    assert client.post("/account", {"name": "Ada L.", "time_zone": "Asia/Tokyo"}).status_code == 302
    user = User.objects.get(pk=owner.user_id)
    assert (user.name, user.time_zone) == ("Ada L.", "Asia/Tokyo")
    entry = AuditEntry.objects.unscoped("test").filter(action="user.changed").get()
    assert "Ada L." not in json.dumps(entry.changes)
    client.post("/account", {"name": "Ada L.", "time_zone": ""})
    assert User.objects.get(pk=owner.user_id).time_zone == ""


@pytest.mark.parametrize(
    ("field", "value"), [("name", "x" * 151), ("name", "a\0b"), ("time_zone", "Mars/Olympus")]
)
def test_a_wrong_value_changes_nothing(owner, signed_in, field, value):
    answer = signed_in(owner).post("/account", {"name": "Eve", "time_zone": ""} | {field: value})
    assert answer.status_code == 200
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert User.objects.get(pk=owner.user_id).name == "Ada"


@pytest.mark.parametrize("page", ["", "/notifications", "/data"])
def test_the_pages_are_there_for_somebody_in_no_organisation(owner, signed_in, page):
    client = signed_in(owner)
    Membership.plain.all().delete()
    assert client.get(f"/account{page}").status_code == 200
    assert Client().get(f"/account{page}").status_code == 302


# --- Mails ------------------------------------------------------------------------------------


def mails() -> int:
    return OutboxMessage.objects.unscoped("test").count()


def told(user: User, kind: str) -> Any:
    context = {"tenant": Tenant.objects.get(name="Acme")}
    return notify(user, kind, "accounts/email/tenant_deletion", context, by=None)


def test_a_person_is_mailed_what_they_want(owner, signed_in):
    client = signed_in(owner)
    assert own_account.wants(owner.user, "webhook_stopped")
    client.post("/account/notifications", {"wanted": ["site_offered"]})
    user = User.objects.get(pk=owner.user_id)
    assert set(user.muted) == set(own_account.MUTABLE) - {"site_offered"}
    assert own_account.wants(user, "site_offered")
    assert told(user, "webhook_stopped") is None
    assert mails() == 0
    client.post("/account/notifications", {"wanted": list(own_account.MUTABLE)})
    assert told(User.objects.get(pk=owner.user_id), "webhook_stopped")


def test_mails_about_safety_always_come(owner, signed_in):
    owner.user.muted = ["security", "invitation", "password_changed", "tenant_deletion"]
    for kind in (*owner.user.muted, "anything_else"):
        assert own_account.wants(owner.user, kind)
        assert own_account.unsubscribe_url(owner.user, kind) == ""
    with pytest.raises(ValidationError):
        own_account.mute(owner.user, "invitation")
    page = signed_in(owner).post("/account/notifications", {"wanted": ["invitation"]})
    assert page.status_code == 200  # no such choice


def path_of(user: User, kind: str, settings) -> str:
    return own_account.unsubscribe_url(user, kind).removeprefix(settings.BASE_URL)


def test_one_post_ends_a_kind_of_mail_without_a_sign_in(owner, settings):
    path = path_of(owner.user, "webhook_stopped", settings)
    client = Client(enforce_csrf_checks=True)
    assert client.get(path).status_code == 200
    assert User.objects.get(pk=owner.user_id).muted == []  # following a link does nothing
    for _again in range(2):
        answer = client.post(path, {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    assert User.objects.get(pk=owner.user_id).muted == ["webhook_stopped"]
    assert own_acts(owner.user_id).count("user.changed") == 1


def test_nobody_makes_such_an_address_themselves(owner, settings):
    path = path_of(owner.user, "webhook_stopped", settings)
    for bad in (path[:-1], path + "x", "/mail/stop/x", "/mail/stop/" + "é" * 50):
        assert Client().post(bad).status_code == 404
    owner.user.delete()
    assert Client().post(path).status_code == 404


def test_mails_that_may_be_muted_say_where(owner, settings):
    from accounts.outgoing import outbox

    message = told(owner.user, "webhook_stopped")
    content = outbox.content_of(message)
    assert "/account/notifications" in content["text"]
    assert content["unsubscribe"].startswith(settings.BASE_URL)
    content = outbox.content_of(told(owner.user, "tenant_deletion"))
    assert "/account/notifications" not in content["text"]
    assert content["unsubscribe"] == ""


# --- Everything that is kept ------------------------------------------------------------------


@pytest.fixture
def much(owner, member, token) -> User:
    """Ada has something of everything; Ben has, too."""
    user = owner.user
    other = member(Role.ADMIN)
    for who, mark in ((owner, "ADA-MARK"), (other, "BEN-MARK")):
        token(who)
        EmailAddress.objects.get_or_create(user=who.user, email=who.user.email)
        SocialAccount.objects.create(user=who.user, provider="google", uid=mark)
        Authenticator.objects.create(user=who.user, type="totp", data={"secret": f"KEY-{mark}"})
    return user


def test_a_person_takes_along_everything_but_secrets(much, sure):
    texts = [*ApiToken.plain.values_list("digest", flat=True)]
    answer = sure.post("/account/export")
    assert answer.status_code == 200, answer
    assert answer["Content-Type"] == "application/zip"
    assert "no-store" in answer["Cache-Control"]
    archive = zipfile.ZipFile(BytesIO(answer.content))
    found = json.loads(archive.read("account.json"))
    page = archive.read("account.html").decode()
    assert list(found) == list(own_account.HOLDINGS)
    assert found["profile"][0]["email"] == "ada@acme.test"
    assert found["memberships"][0]["tenant"] == "Acme"
    assert found["sites"][0]["name"] == "Acme shop"
    assert len(found["tokens"]) == 1
    assert [row["action"] for row in found["acts"]] == ["site.created", "tenant.created"]
    for text in (json.dumps(found), page):
        assert "ADA-MARK" in text
        assert "BEN-MARK" not in text
        assert "KEY-" not in text
        assert much.password not in text
        for digest in texts:
            assert bytes(digest).hex() not in text
    assert own_acts(much.pk)[-1] == "user.exported" or "user.exported" in own_acts(much.pk)


def test_hostile_text_stays_text_in_the_page(much, sure):
    much.name = "<script>alert(1)</script>"
    much.save()
    archive = zipfile.ZipFile(BytesIO(sure.post("/account/export").content))
    assert "<script>" not in archive.read("account.html").decode()


def test_the_export_wants_the_password_first_and_a_post(owner, signed_in):
    client = signed_in(owner)
    assert client.get("/account/export").status_code == 405
    answer = client.post("/account/export")
    assert answer.status_code == 302
    assert "/accounts/reauthenticate/" in answer["Location"]
    assert "user.exported" not in own_acts(owner.user_id)


# --- The end ----------------------------------------------------------------------------------


def deleted(client: Client, address: str = "ada@acme.test") -> Any:
    return client.post("/account/delete", {"email": address})


def test_somebody_alone_goes_with_their_organisation_after_its_grace(much, sure, owner):
    Membership.plain.exclude(user=much).delete()
    page = sure.get("/account/data").content.decode()
    assert "You are alone in this organisation" in page
    assert "not the address" in deleted(sure, "else@acme.test").content.decode()
    answer = deleted(sure)
    assert "Your account is deleted" in answer.content.decode()
    assert not User.objects.filter(pk=owner.user_id).exists()
    tenant = Tenant.objects.get(name="Acme")
    assert tenant.delete_at is not None
    assert not Membership.plain.filter(tenant=tenant).exists()
    for model in (SocialAccount, Authenticator, EmailAddress):
        assert not model.objects.filter(user_id=owner.user_id).exists()
    assert not ApiToken.plain.exists()
    assert "_auth_user_id" not in sure.session
    assert sure.get("/account").status_code == 302
    acts = own_acts(owner.user_id)
    assert acts[0] == "user.deleted" or "user.deleted" in acts
    mail = OutboxMessage.objects.unscoped("test").get()
    assert (mail.kind, mail.recipient) == ("account_deleted", "ada@acme.test")


def test_the_last_owner_of_others_organisation_hands_it_over_first(much, sure):
    page = sure.get("/account/data").content.decode()
    assert "Nobody but you owns these organisations" in page
    assert "Acme" in page
    assert "/account/delete" not in page
    assert "without an owner" in deleted(sure).content.decode()
    assert User.objects.filter(pk=much.pk).exists()
    assert Membership.plain.filter(user=much).exists()


def test_what_was_theirs_becomes_an_owners(owner, member, sure):
    heir = member(Role.OWNER, email="olga@acme.test")
    site = Site.plain.get()
    Invitation.objects.create(
        tenant=owner.tenant,
        email="ada@acme.test",
        digest=b"x" * 32,
        expires_at=timezone.now(),
        accepted_at=timezone.now(),
        accepted_by=owner.user,
    )
    assert "Your account is deleted" in deleted(sure).content.decode()
    site.refresh_from_db()
    assert site.owner == heir.user
    assert site.tenant.delete_at is None
    assert not Invitation.plain.exists()


def test_all_or_nothing_is_deleted(owner, member, rival_site):
    """Held by one organisation, a person stays in the others, too."""
    second = found_tenant(owner=owner.user, organisation="Second", site_name="Second").tenant
    Membership.objects.create(user=member().user, tenant=second)
    with pytest.raises(people.Refused):
        account_deletion.delete(owner.user, timezone.now())
    assert Membership.plain.filter(user=owner.user).count() == 2
    assert not Tenant.objects.exclude(delete_at=None).exists()


def test_the_deletion_wants_the_password_first_and_a_post(owner, signed_in):
    client = signed_in(owner)
    assert client.get("/account/delete").status_code == 405
    answer = deleted(client)
    assert (answer.status_code, User.objects.filter(pk=owner.user_id).exists()) == (302, True)
    give_password(client)
    assert "Your account is deleted" in deleted(client).content.decode()
