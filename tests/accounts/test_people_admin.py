"""Staff and people: suspending, changing, deleting; the last owner stays there, too."""

from __future__ import annotations

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.members import invitations
from accounts.models import AuditEntry, Invitation, Membership, OutboxMessage, Site, Tenant, User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
ADMIN = "/admin/accounts"


@pytest.fixture
def staff(db) -> User:
    return User.objects.create_superuser("root@linkpro.test", PASSWORD)


@pytest.fixture
def desk(staff) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def act(desk: Client, model: str, name: str, *rows, sure: bool = True):
    body = {"action": name, ACTION_CHECKBOX_NAME: [row.pk for row in rows]}
    if sure:
        body |= {"confirmed": "yes", "post": "yes"}
    return desk.post(f"{ADMIN}/{model}/", body)


def rights(member: Membership, **changes: str) -> dict[str, str]:
    return {"role": member.role, "level": member.level, "team": ""} | changes


def is_open(client: Client) -> bool:
    return client.get("/organisation/membership").status_code == 200


def test_a_change_of_role_signs_out_and_is_audited(desk, signed_in, member):
    ben = member("viewer")
    theirs = signed_in(ben)
    path = f"{ADMIN}/membership/{ben.pk}/change/"
    assert desk.post(path, rights(ben, role="manager")).status_code == 302
    assert Membership.plain.get(pk=ben.pk).role == "manager"
    assert not is_open(theirs)
    assert AuditEntry.objects.for_tenant(ben.tenant).filter(action="membership.changed").exists()


def test_the_last_owner_is_neither_lowered_nor_deleted_nor_suspended_by_staff(desk, owner):
    path = f"{ADMIN}/membership/{owner.pk}"
    page = desk.post(f"{path}/change/", rights(owner, role="viewer"))
    assert "without an owner" in page.content.decode()
    assert "without an owner" in desk.get(f"{path}/delete/").content.decode()
    desk.post(f"{path}/delete/", {"post": "yes"})
    act(desk, "membership", "delete_selected", owner)
    act(desk, "membership", "suspend", owner)
    desk.post(f"{ADMIN}/user/{owner.user_id}/delete/", {"post": "yes"})
    act(desk, "user", "delete_selected", owner.user)
    after = Membership.plain.get(pk=owner.pk)
    assert (after.role, after.suspended_at) == ("owner", None)


def test_two_owners_are_not_deleted_together(desk, owner, member):
    second = member("owner")
    act(desk, "membership", "delete_selected", owner, second)
    assert Membership.plain.filter(tenant=owner.tenant).count() == 2
    act(desk, "membership", "delete_selected", second)
    assert Membership.plain.filter(tenant=owner.tenant).count() == 1


def test_what_a_deleted_member_owned_is_an_owners(desk, owner, member):
    ben = member("manager")
    blog = Site.objects.create(tenant=owner.tenant, name="Blog", owner=ben.user)
    desk.post(f"{ADMIN}/user/{ben.user_id}/delete/", {"post": "yes"})
    assert not User.objects.filter(pk=ben.user_id).exists()
    blog.refresh_from_db()
    assert blog.owner == owner.user


def test_a_new_address_signs_out_and_counts_as_proven(desk, signed_in, member):
    ben = member("viewer")
    theirs = signed_in(ben)
    body = {"email": "benjamin@acme.test", "name": "Ben", "is_active": "on"}
    assert desk.post(f"{ADMIN}/user/{ben.user_id}/change/", body).status_code == 302
    assert not is_open(theirs)
    user = User.objects.get(pk=ben.user_id)
    assert user.has_proven("benjamin@acme.test")
    assert not user.has_proven("ben@acme.test")


@pytest.mark.parametrize("model", ["membership", "user", "tenant"])
def test_stopping_asks_first_and_then_ends_sessions_and_tokens_at_once(
    desk, signed_in, owner, member, token, model
):
    ben = member("viewer")
    row = {"membership": ben, "user": ben.user, "tenant": ben.tenant}[model]
    stop, start = ("stop", "start") if model == "user" else ("suspend", "resume")
    theirs, bearer = signed_in(ben), {"Authorization": f"Bearer {token(ben)}"}
    asked = act(desk, model, stop, row, sure=False)
    assert asked.status_code == 200
    assert "Yes, I am sure" in asked.content.decode()
    assert is_open(theirs)
    act(desk, model, stop, row)
    assert not is_open(theirs)
    assert Client().get("/api/v1/sites", headers=bearer).status_code == 401
    act(desk, model, start, row)
    assert Client().get("/api/v1/sites", headers=bearer).status_code == 200


def test_staff_who_stop_the_last_owner_are_told_what_nobody_manages(desk, owner):
    asked = act(desk, "user", "stop", owner.user, sure=False)
    assert "Nobody can manage Acme" in asked.content.decode()


def test_staff_give_nobody_more_rights_than_they_have(desk, staff, owner, nora):
    nora.is_staff = True
    nora.save()
    nora.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    hers = Client()
    hers.force_login(nora)
    body = {"email": "nora@acme.test", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    hers.post(f"{ADMIN}/user/{nora.pk}/change/", body)
    assert not User.objects.get(pk=nora.pk).is_superuser
    password = {"password1": "one of her choice", "password2": "one of her choice"}
    colleague = User.objects.create_user("leo@linkpro.test", PASSWORD, is_staff=True)
    for other in (staff, colleague):
        assert hers.post(f"{ADMIN}/user/{other.pk}/password/", password).status_code == 403
    act(hers, "user", "stop", staff)
    assert User.objects.get(pk=staff.pk).is_active
    nora.user_permissions.set(Permission.objects.filter(codename__in=["view_tenant"]))
    act(hers, "tenant", "suspend", owner.tenant)
    assert Tenant.objects.get().suspended_at is None


def test_staff_do_not_stop_themselves(desk, staff):
    act(desk, "user", "stop", staff)
    assert User.objects.get(pk=staff.pk).is_active


def test_staff_invite_and_revoke(desk, owner, monkeypatch):
    body = {
        "tenant": owner.tenant.pk,
        "email": "nina@acme.test",
        "role": "admin",
        "level": "organization",
        "team": "",
    }
    assert desk.post(f"{ADMIN}/invitation/add/", body).status_code == 302
    made = Invitation.plain.get()
    assert OutboxMessage.objects.for_tenant(owner.tenant).filter(kind="invitation").exists()
    assert "already" in desk.post(f"{ADMIN}/invitation/add/", body).content.decode()
    monkeypatch.setattr(invitations, "MOST_OPEN", 1)
    other = body | {"email": "otto@acme.test"}
    assert "at a time" in desk.post(f"{ADMIN}/invitation/add/", other).content.decode()
    assert desk.get(f"{ADMIN}/invitation/{made.pk}/change/").status_code == 200
    act(desk, "invitation", "revoke", made)
    assert Invitation.plain.get().state(timezone.now()) == "revoked"


def test_staff_let_a_tenant_end_after_its_grace_and_take_that_back(desk, owner):
    assert desk.get(f"{ADMIN}/tenant/{owner.tenant.pk}/delete/").status_code == 403
    act(desk, "tenant", "delete_later", owner.tenant, sure=False)
    assert Tenant.objects.get().delete_at is None
    act(desk, "tenant", "delete_later", owner.tenant)
    assert Tenant.objects.get().delete_at > timezone.now()
    assert OutboxMessage.plain.get().recipient == "ada@acme.test"
    act(desk, "tenant", "keep", owner.tenant)
    assert Tenant.objects.get().delete_at is None
    actions = AuditEntry.objects.for_tenant(owner.tenant).values_list("action", flat=True)
    assert {"tenant.deletion_scheduled", "tenant.deletion_taken_back"} <= set(actions)


def test_a_tenant_shows_its_members_and_changes_none_there(desk, owner):
    page = desk.get(f"{ADMIN}/tenant/{owner.tenant.pk}/change/")
    assert page.status_code == 200
    assert "memberships-0-role" not in page.content.decode()
    assert Tenant.objects.get().suspended_at is None
