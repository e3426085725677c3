"""Invitations: one address joins one organisation once, by a link that nothing else opens."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec
import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user
from django.test import Client
from django.utils import timezone

from accounts import vault
from accounts.members import invitations, people
from accounts.members.people import Refused, Rights
from accounts.models import AuditEntry, Invitation, Membership, OutboxMessage, Team, User
from accounts.outgoing import outbox
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
PAGE = "/organisation/invitations"
VIEWER = Rights("viewer", "organization")
GIVEN = {"addresses": "nina@acme.test", "role": "analyst", "level": "own"}


def mails(address: str = "nina@acme.test") -> list[dict]:
    """The contents of the mails that wait for an address, the oldest first."""
    rows = OutboxMessage.objects.unscoped("mails of a test").filter(recipient=address)
    found = rows.order_by("created_at", "pk")
    return [
        msgspec.json.decode(vault.unseal(row.sealed or b"", outbox.place_of(row))) for row in found
    ]


def link(address: str = "nina@acme.test") -> str:
    """The path of the link in the newest mail."""
    found = re.search(r"https?://\S+(/invitations/\S+)", mails(address)[-1]["text"])
    assert found
    return found[1]


@pytest.fixture
def invited(owner) -> Invitation:
    """Nina, invited to Acme as an analyst."""
    rights = Rights("analyst", "own")
    now = timezone.now()
    return invitations.invite(owner.tenant, ["nina@acme.test"], rights, now, by=owner.user)[0]


@pytest.fixture
def nina(db) -> User:
    return User.objects.create_user("nina@acme.test", PASSWORD, name="Nina")


def browser(user: User | None = None) -> Client:
    client = Client()
    if user:
        client.force_login(user)
    return client


def membership(user: User, owner: Membership) -> Membership | None:
    return Membership.objects.for_tenant(owner.tenant_id).filter(user=user).first()


def move(invitation: Invitation, **fields) -> None:
    Invitation.plain.filter(pk=invitation.pk).update(**fields)


# --- Sent -------------------------------------------------------------------------------------


def test_owners_invite_several_at_once_and_each_gets_a_mail(signed_in, owner):
    given = GIVEN | {"addresses": "Nina@Acme.test, max@acme.test\nnina@acme.test"}
    answer = signed_in(owner).post(PAGE, given)
    assert answer["Location"] == PAGE
    rows = Invitation.objects.for_tenant(owner.tenant).order_by("email")
    assert [(row.email, row.role, row.level) for row in rows] == [
        ("max@acme.test", "analyst", "own"),
        ("nina@acme.test", "analyst", "own"),
    ]
    (mail,) = mails()
    assert link() in mail["html"]
    assert "Acme" in mail["text"]
    assert "Ada" in mail["html"]


def test_only_the_digest_of_a_link_is_stored(invited):
    secret = link().rpartition("/")[2]
    assert len(secret) >= 43
    assert bytes(Invitation.plain.get().digest) == invitations.digest_of(secret)
    entry = AuditEntry.objects.unscoped("a test").get(action="invitation.created")
    assert "nina" not in str(entry.changes)
    assert secret not in str(entry.changes)


@pytest.mark.parametrize("role", ["viewer", "manager", "admin"])
def test_nobody_but_owners_invites(signed_in, member, role):
    client = signed_in(member(role))
    assert client.post(PAGE, GIVEN).status_code == 403
    assert client.get(PAGE).status_code == (200 if role == "admin" else 403)
    assert not Invitation.plain.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"addresses": "nobody"},
        {"addresses": ""},
        {"addresses": ",;"},
        {"addresses": "nina@acme.test, broken@"},
        {"addresses": "ada@acme.test"},
        {"addresses": " ".join(f"n{n}@acme.test" for n in range(51))},
        {"addresses": "x\0@acme.test"},
        {"role": "god"},
        {"level": "all"},
        {"team": "77"},
    ],
)
def test_what_is_wrong_with_one_stops_all_and_is_told(signed_in, owner, wrong):
    answer = signed_in(owner).post(PAGE, GIVEN | wrong)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not Invitation.plain.exists()


def test_a_member_and_somebody_invited_are_told(signed_in, owner, invited):
    answer = signed_in(owner).post(PAGE, GIVEN | {"addresses": "ada@acme.test NINA@acme.test"})
    first, second = answer.context["form"].errors["addresses"]
    assert "member already" in first
    assert "invited already" in second


def test_mail_goes_to_the_allowed_domains_only(owner):
    owner.tenant.recipient_domains = ["acme.test"]
    owner.tenant.save()
    now = timezone.now()
    for address in ("x@evil.test", "x@sub.acme.test", "x@acme.test.evil.test"):
        with pytest.raises(Refused) as refused:
            invitations.invite(owner.tenant, [address], VIEWER, now, by=owner.user)
        assert refused.value.code == "domain_not_allowed"
    assert invitations.invite(owner.tenant, ["x@ACME.test"], VIEWER, now, by=owner.user)


def test_no_more_than_so_many_wait(owner, rival_site, monkeypatch):
    """Those of another organisation count for nothing, neither waiting nor of this day."""
    monkeypatch.setattr(invitations, "MOST_OPEN", 3)
    monkeypatch.setattr(invitations, "MOST_A_DAY", 2)
    now = timezone.now()
    there, rita = rival_site.tenant, rival_site.owner
    invitations.invite(there, ["y@x.test", "z@x.test"], VIEWER, now, by=rita)
    invitations.invite(owner.tenant, ["a@x.test", "b@x.test"], VIEWER, now, by=owner.user)
    with pytest.raises(Refused) as refused:
        invitations.invite(owner.tenant, ["c@x.test", "d@x.test"], VIEWER, now, by=owner.user)
    assert refused.value.code == "too_many"
    assert Invitation.objects.for_tenant(owner.tenant).count() == 2


def test_an_address_is_not_written_to_every_moment(signed_in, owner, invited):
    client = signed_in(owner)
    client.post(f"{PAGE}/{invited.pk}/resend")
    assert len(mails()) == 1
    client.post(f"{PAGE}/{invited.pk}/revoke")
    assert "wait a minute" in client.post(PAGE, GIVEN).content.decode()
    assert len(mails()) == 1


def test_sending_again_makes_a_new_link_and_kills_the_old(signed_in, owner, invited, nina):
    old = link()
    move(invited, sent_at=timezone.now() - timedelta(minutes=2))
    signed_in(owner).post(f"{PAGE}/{invited.pk}/resend")
    new = link()
    assert new != old
    assert browser(nina).post(old).status_code == 404
    assert membership(nina, owner) is None
    browser(nina).post(new)
    assert membership(nina, owner)


def test_an_expired_invitation_can_be_sent_again(owner, invited):
    before = timezone.now() - timedelta(days=1)
    move(invited, expires_at=before, sent_at=before)
    again = invitations.resend(invited, timezone.now(), by=owner.user)
    assert again.is_open(timezone.now() + timedelta(days=6, hours=23))


def test_somebody_whose_invitation_expired_can_be_invited_anew(owner, invited):
    before = timezone.now() - timedelta(days=1)
    move(invited, expires_at=before, sent_at=before)
    now = timezone.now()
    (new,) = invitations.invite(owner.tenant, ["nina@acme.test"], VIEWER, now, by=owner.user)
    assert new.pk != invited.pk
    assert Invitation.plain.get(pk=invited.pk).state(now) == "revoked"


def test_another_tenants_invitation_does_not_exist(signed_in, owner, rival_site):
    rita = Membership.objects.for_tenant(rival_site.tenant).get()
    now = timezone.now()
    (theirs,) = invitations.invite(rita.tenant, ["z@x.test"], VIEWER, now, by=rita.user)
    client = signed_in(owner)
    assert client.post(f"{PAGE}/{theirs.pk}/resend").status_code == 404
    assert client.post(f"{PAGE}/{theirs.pk}/revoke").status_code == 404
    assert "z@x.test" not in client.get(PAGE).content.decode()


# --- Opened -----------------------------------------------------------------------------------


def test_opening_the_link_uses_nothing_up_and_is_kept_by_nobody(invited, nina, owner):
    client = browser(nina)
    for _again in range(3):
        answer = client.get(link())
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]
        assert answer["Referrer-Policy"] == "strict-origin"
    assert client.head(link()).status_code == 200
    assert membership(nina, owner) is None
    assert Invitation.plain.get().is_open(timezone.now())


def test_joining_gives_the_rights_of_the_invitation_and_opens_the_organisation(
    invited, nina, owner
):
    client = browser(nina)
    answer = client.post(link())
    assert answer.status_code == 302
    member = membership(nina, owner)
    assert member
    assert (member.role, member.level) == ("analyst", "own")
    assert client.session["tenant"] == str(owner.tenant_id)
    actions = AuditEntry.objects.for_tenant(owner.tenant).values_list("action", flat=True)
    assert {"invitation.accepted", "membership.created"} <= set(actions)


def test_an_invitation_works_once(invited, nina, owner):
    path = link()
    browser(nina).post(path)
    people.remove(membership(nina, owner), by=owner.user)
    nina.refresh_from_db()
    again = browser(nina).post(path)
    assert membership(nina, owner) is None
    assert again.status_code in (302, 410)
    assert browser().get(path).status_code == 410


@pytest.mark.parametrize("what", ["expired", "revoked"])
def test_an_invitation_that_is_over_says_so_and_tells_nothing_else(invited, nina, owner, what):
    now = timezone.now()
    move(invited, **{"expires_at": now} if what == "expired" else {"revoked_at": now})
    for client in (browser(), browser(nina)):
        page = client.get(link())
        assert page.status_code == 410
        assert page.context["state"] == what
        assert "Acme" not in page.content.decode()
    assert browser(nina).post(link()).status_code == 410
    assert membership(nina, owner) is None


@pytest.mark.parametrize("secret", ["x", "a" * 43, "é" * 43, "a" * 5_000, "..", "0"])
def test_unknown_secrets_get_one_answer(db, secret):
    known = Client().get("/invitations/unknown")
    answer = Client().get(f"/invitations/{secret}")
    assert answer.status_code == known.status_code == 404


def test_a_link_that_is_refused_stands_in_no_log(invited, member, caplog):
    other = member("viewer")
    assert browser(other.user).post(link()).status_code == 403
    assert link().rpartition("/")[2] not in caplog.text


def test_somebody_else_does_not_join_and_can_change_over(invited, member, nina, owner):
    other = member("viewer", email="nina@acme.example")
    Membership.plain.filter(pk=other.pk).delete()
    client = browser(other.user)
    page = client.get(link())
    assert page.context["state"] == "other_address"
    assert client.post(link()).status_code == 403
    assert membership(other.user, owner) is None
    assert client.post("/invitations/sign-out")["Location"] == "/invitations/opened"
    assert not get_user(client.get("/invitations/opened").wsgi_request).is_authenticated
    client.force_login(nina)
    assert client.get("/invitations/opened").context["state"] == "join"
    client.post("/invitations/opened")
    assert membership(nina, owner)


@pytest.mark.parametrize(
    ("invited_as", "account", "same"),
    [
        ("Nina@Acme.test", "NINA@acme.test", True),
        ("jose@acme.test", "josé@acme.test", False),
        ("strasse@acme.test", "straße@acme.test", False),
        ("x@straße.test", "x@strasse.test", False),
        ("sam@acme.test", "\u017fam@acme.test", False),
        ("jose\u0301@acme.test", "jos\u00e9@acme.test", True),
        ("i@acme.test", "\u0131@acme.test", False),
    ],
)
def test_addresses_are_one_whatever_their_case_and_never_without_their_accents(
    invited_as, account, same
):
    invitation = Invitation(email=invitations.address_of(invited_as))
    assert invitations.is_for(invitation, User(email=account.lower())) is same


def test_who_is_not_signed_in_is_sent_to_sign_in_or_up(invited, owner):
    client = browser()
    assert client.get(link()).context["state"] == "sign_up"
    assert client.session["invitation"] == invited.pk
    assert client.post(link()).context["state"] == "sign_up"
    User.objects.create_user("nina@acme.test", PASSWORD)
    assert client.get(link()).context["state"] == "sign_in"
    assert Membership.objects.for_tenant(owner.tenant).count() == 1


def test_a_member_who_opens_an_invitation_is_told(invited, nina, owner):
    Membership.objects.create(user=nina, tenant=owner.tenant, role="viewer")
    client = browser(nina)
    assert client.get(link()).context["state"] == "already_member"
    client.post(link())
    assert membership(nina, owner).role == "viewer"


def test_an_invitation_is_no_way_around_a_suspension(invited, nina, owner):
    member = Membership.objects.create(user=nina, tenant=owner.tenant, role="viewer")
    people.suspend(member, timezone.now(), by=owner.user)
    nina.refresh_from_db()
    browser(nina).post(link())
    assert membership(nina, owner).suspended_at
    with pytest.raises(Refused):
        invitations.accept(invited, nina, timezone.now())


def test_an_invitation_ends_with_the_rights_of_who_sent_it(invited, nina, owner):
    User.objects.filter(pk=owner.user_id).update(is_active=False, is_staff=False)
    assert browser(nina).post(link()).status_code == 410
    assert membership(nina, owner) is None


def test_nobody_joins_a_suspended_tenant(invited, nina, owner):
    owner.tenant.suspended_at = timezone.now()
    owner.tenant.save()
    assert browser(nina).post(link()).status_code == 410


def test_a_team_that_was_deleted_meanwhile_is_no_hindrance(owner, nina):
    team = Team.objects.create(tenant=owner.tenant, name="North")
    now = timezone.now()
    rights = Rights("viewer", "team", team)
    (found,) = invitations.invite(owner.tenant, [nina.email], rights, now, by=owner.user)
    team.delete()
    assert invitations.accept(found, nina, now).team is None


# --- Found without the link -------------------------------------------------------------------


def test_a_signed_in_person_finds_who_waits_for_them(invited, nina, owner):
    client = browser(nina)
    assert client.get("/sites")["Location"] == "/invitations"
    assert [row.pk for row in client.get("/invitations").context["rows"]] == [invited.pk]
    client.post(f"/invitations/{invited.pk}/join")
    assert membership(nina, owner)
    assert client.get("/invitations").context["rows"] == []


def test_nobody_joins_by_the_number_of_anothers_invitation(invited, member, owner):
    stranger = User.objects.create_user("eve@acme.test", PASSWORD)
    assert browser(stranger).post(f"/invitations/{invited.pk}/join").status_code == 404


def test_an_unproven_address_finds_nothing(invited, nina):
    EmailAddress.objects.filter(user=nina).update(verified=False)
    assert invitations.waiting_for(nina, timezone.now()) == []


def test_what_has_been_over_for_long_is_forgotten(invited, owner):
    now = timezone.now()
    assert invitations.forget_old(now) == 0
    move(invited, revoked_at=now - timedelta(days=91))
    assert invitations.forget_old(now) == 1


# --- With a new account -----------------------------------------------------------------------


def test_who_has_no_account_makes_one_by_the_link_and_joins(invited, owner, settings):
    settings.SIGNUP_POLICY = "invited"
    client = browser()
    page = client.get(link()).content.decode()
    assert "/accounts/signup/?next=/invitations/opened" in page
    given = {"name": "Nina", "email": "nina@acme.test", "password1": PASSWORD}
    answer = client.post("/accounts/signup/?next=/invitations/opened", given)
    assert answer["Location"] == "/invitations/opened"
    assert client.get("/invitations/opened").context["state"] == "join"
    client.post("/invitations/opened")
    nina = User.objects.get(email="nina@acme.test")
    assert membership(nina, owner).role == "analyst"
    assert nina.has_proven("nina@acme.test")


def test_signing_in_comes_back_to_the_invitation(invited, nina, owner):
    client = browser()
    assert "/accounts/login/?next=/invitations/opened" in client.get(link()).content.decode()
    given = {"login": nina.email, "password": PASSWORD}
    answer = client.post("/accounts/login/?next=/invitations/opened", given)
    assert answer["Location"] == "/invitations/opened"
    client.post("/invitations/opened")
    assert membership(nina, owner)
