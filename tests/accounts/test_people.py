"""Members: their rights, their suspension, their going; and that the last owner stays."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user
from django.db import close_old_connections, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.members import invitations, people
from accounts.members.people import Refused, Rights
from accounts.models import ApiToken, AuditEntry, Invitation, Membership, Site, Team, User
from accounts.roles import Role
from tracking.ingest import directory
from tracking.ingest.directory import NotLoaded

pytestmark = pytest.mark.django_db
PEOPLE = "/organisation/people"
NOW = timezone.now()


def role_of(membership: Membership) -> str | None:
    found = Membership.plain.filter(pk=membership.pk).first()
    return found.role if found else None


def entries(membership: Membership) -> list[AuditEntry]:
    rows = AuditEntry.objects.for_tenant(membership.tenant_id)
    return list(rows.filter(target_type="membership").order_by("id"))


def is_signed_in(client: Client) -> bool:
    request = client.get("/organisation/membership").wsgi_request
    return get_user(request).is_authenticated


@pytest.fixture
def ben(member) -> Membership:
    return member("viewer")


@pytest.fixture
def second(member) -> Membership:
    return member("owner", email="olga@acme.test")


# --- Who may ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "sees", "changes"),
    [("viewer", 403, 403), ("manager", 403, 403), ("admin", 200, 403), ("owner", 200, 302)],
)
def test_admins_see_the_people_and_owners_change_them(signed_in, member, ben, role, sees, changes):
    client = signed_in(member(role, email="someone@acme.test"))
    assert client.get(PEOPLE).status_code == sees
    assert client.get(f"{PEOPLE}/{ben.pk}").status_code == sees
    given = {"role": "analyst", "level": "own"}
    assert client.post(f"{PEOPLE}/{ben.pk}", given).status_code == changes
    assert client.post(f"{PEOPLE}/{ben.pk}/suspend").status_code == changes
    assert client.post(f"{PEOPLE}/{ben.pk}/resume").status_code == changes
    assert client.post(f"{PEOPLE}/{ben.pk}/owner", {"step_down": "no"}).status_code == changes
    removal = client.post(f"{PEOPLE}/{ben.pk}/remove", {"sure": "on", "heir": ""})
    assert removal.status_code == changes


def test_another_tenants_member_does_not_exist(signed_in, owner, rival_site):
    rita = Membership.objects.for_tenant(rival_site.tenant).get()
    client = signed_in(owner)
    for path in ("", "/suspend", "/resume", "/owner", "/remove"):
        assert client.post(f"{PEOPLE}/{rita.pk}{path}", {"role": "viewer"}).status_code == 404
    assert role_of(rita) == "owner"


def test_another_tenants_team_and_heir_do_not_exist(signed_in, owner, ben, rival_site):
    theirs = Team.objects.create(tenant=rival_site.tenant, name="Theirs")
    rita = Membership.objects.for_tenant(rival_site.tenant).get()
    client = signed_in(owner)
    given = {"role": "admin", "level": "team", "team": theirs.pk}
    assert "team" in client.post(f"{PEOPLE}/{ben.pk}", given).context["form"].errors
    Site.objects.create(tenant=owner.tenant, name="Blog", owner=ben.user)
    removal = client.post(f"{PEOPLE}/{ben.pk}/remove", {"sure": "on", "heir": rita.pk})
    assert "heir" in removal.context["form"].errors
    assert role_of(ben) == "viewer"


def test_a_member_can_do_what_the_table_says(member):
    manager = member("manager")
    assert manager.can("sites.manage")
    assert not manager.can("people.read")
    with pytest.raises(KeyError):
        manager.can("fly")


def test_somebody_who_was_lowered_meanwhile_changes_nobody(owner, second, ben):
    people.change(second, Rights("viewer", "organization"), by=owner.user)
    with pytest.raises(Refused) as refused:
        people.change(ben, Rights("owner", "organization"), by=second.user)
    assert refused.value.code == "not_allowed"
    assert role_of(ben) == "viewer"


# --- Rights -----------------------------------------------------------------------------------


def test_new_rights_are_kept_audited_and_end_the_sessions(signed_in, owner, ben):
    theirs, mine = signed_in(ben), signed_in(owner)
    assert is_signed_in(theirs)
    team = Team.objects.create(tenant=owner.tenant, name="North")
    given = {"role": "analyst", "level": "team", "team": team.pk}
    assert mine.post(f"{PEOPLE}/{ben.pk}", given).status_code == 302
    ben.refresh_from_db()
    assert (ben.role, ben.level, ben.team) == ("analyst", "team", team)
    assert not is_signed_in(theirs)
    assert is_signed_in(mine)
    (entry,) = entries(ben)
    assert (entry.action, entry.actor) == ("membership.changed", owner.user)
    assert entry.changes["role"] == ["viewer", "analyst"]
    assert ben.user.email not in str(entry.changes)


def test_whoever_changes_themselves_stays_signed_in_here_only(signed_in, owner, second):
    here, there = signed_in(owner), signed_in(owner)
    answer = here.post(f"{PEOPLE}/{owner.pk}", {"role": "viewer", "level": "organization"})
    assert answer["Location"] == "/organisation/membership"
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert here.get(PEOPLE).status_code == 403


def test_saving_the_same_rights_changes_nothing(signed_in, owner, ben):
    theirs = signed_in(ben)
    people.change(ben, Rights(ben.role, ben.level), by=owner.user)
    assert is_signed_in(theirs)
    assert entries(ben) == []


@pytest.mark.parametrize("wrong", [{"role": "god"}, {"level": "all"}, {"team": "x"}, {"role": ""}])
def test_rights_that_nobody_can_have_are_refused(signed_in, owner, ben, wrong):
    given = {"role": "analyst", "level": "own"} | wrong
    answer = signed_in(owner).post(f"{PEOPLE}/{ben.pk}", given)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert role_of(ben) == "viewer"


# --- Ownership --------------------------------------------------------------------------------


def test_the_last_owner_is_neither_lowered_nor_removed_nor_suspended(owner, ben):
    with pytest.raises(Refused, match="without an owner"):
        people.change(owner, Rights("admin", "organization"), by=owner.user)
    with pytest.raises(Refused, match="without an owner"):
        people.remove(owner, by=owner.user)
    with pytest.raises(Refused, match="without an owner"):
        people.leave(owner)
    with pytest.raises(Refused, match="without an owner"):
        people.suspend(owner, NOW, by=ben.user, as_staff=True)
    assert role_of(owner) == "owner"
    assert people.last_owner_of(owner.user) == [owner.tenant]


def test_a_suspended_or_stopped_owner_is_no_owner_who_stays(owner, second):
    assert people.last_owner_of(owner.user) == []
    second.suspended_at = NOW
    second.save()
    assert people.last_owner_of(owner.user) == [owner.tenant]
    second.suspended_at = None
    second.save()
    User.objects.filter(pk=second.user_id).update(is_active=False)
    with pytest.raises(Refused):
        people.leave(owner)


def test_ownership_is_handed_over(signed_in, owner, ben):
    client = signed_in(owner)
    assert client.post(f"{PEOPLE}/{ben.pk}/owner", {"step_down": "yes"}).status_code == 302
    assert (role_of(ben), role_of(owner)) == ("owner", "admin")
    assert is_signed_in(client)
    assert client.post(f"{PEOPLE}/{ben.pk}/suspend").status_code == 403


def test_an_owner_may_be_beside_another(signed_in, owner, ben):
    signed_in(owner).post(f"{PEOPLE}/{ben.pk}/owner", {"step_down": "no"})
    assert (role_of(ben), role_of(owner)) == ("owner", "owner")


def test_nobody_suspended_becomes_an_owner(owner, ben):
    people.suspend(ben, NOW, by=owner.user)
    with pytest.raises(Refused):
        people.hand_over(ben, by=owner.user, step_down=True)
    assert (role_of(ben), role_of(owner)) == ("viewer", "owner")


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_leave_one_behind(owner, second):
    together = threading.Barrier(2)
    outcomes: list[str] = []

    def go(membership: Membership) -> None:
        together.wait()
        try:
            people.leave(membership)
            outcomes.append("left")
        except Refused as refused:
            outcomes.append(refused.code)
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=go, args=[row]) for row in (owner, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == ["last_owner", "left"]
    assert people.live_owners([owner.tenant_id]).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_lower_each_other_at_once_leave_one_owner(owner, second):
    together = threading.Barrier(2)
    outcomes: list[str] = []

    def lower(membership: Membership, by: User) -> None:
        together.wait()
        try:
            people.change(membership, Rights("viewer", "organization"), by=by)
            outcomes.append("lowered")
        except Refused as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    pairs = [(owner, second.user), (second, owner.user)]
    threads = [threading.Thread(target=lower, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == ["lowered", "not_allowed"]
    assert people.live_owners([owner.tenant_id]).count() == 1


# --- Suspension -------------------------------------------------------------------------------


def test_who_is_suspended_comes_in_nowhere_until_resumed(signed_in, owner, ben, token, site):
    theirs, mine, key = signed_in(ben), signed_in(owner), token(ben)
    bearer = {"Authorization": f"Bearer {key}"}
    assert Client().get("/api/v1/sites", headers=bearer).status_code == 200
    mine.post(f"{PEOPLE}/{ben.pk}/suspend")
    assert Client().get("/api/v1/sites", headers=bearer).status_code == 401
    assert theirs.get("/sites").status_code == 302  # to sign in
    theirs.force_login(User.objects.get(pk=ben.user_id))
    closed = theirs.get("/sites")
    assert closed.status_code == 403
    assert owner.tenant.name in closed.content.decode()
    assert theirs.get("/api/v1/sites").status_code == 403
    mine.post(f"{PEOPLE}/{ben.pk}/resume")
    assert Client().get("/api/v1/sites", headers=bearer).status_code == 200
    assert theirs.get("/sites").status_code == 200
    assert [entry.action for entry in entries(ben)] == [
        "membership.suspended",
        "membership.resumed",
    ]
    log = mine.get("/organisation/audit").content.decode()
    assert f"“{ben.user.get_full_name()}”" in log
    assert "+00:00 →" not in log  # moments are told on the reader's clock


def test_a_suspended_tenant_is_closed_to_all_its_people_and_programs(signed_in, owner, token):
    client, key = signed_in(owner), token(owner)
    owner.tenant.suspended_at = NOW
    owner.tenant.save()
    assert client.get("/sites").status_code == 403
    bearer = {"Authorization": f"Bearer {key}"}
    assert Client().get("/api/v1/sites", headers=bearer).status_code == 401


def test_a_suspended_members_token_sends_no_events_after_a_few_seconds(owner, second, token):
    key = token(second, ["ingest"])

    def facts():
        try:
            return directory.token.get(key)
        except NotLoaded as missing:
            missing.load()
            return directory.token.get(key)

    assert facts().may_ingest
    people.suspend(second, NOW, by=owner.user)
    assert directory.token.lifetime <= 5
    directory.token.forget()  # as if these seconds were over
    assert facts() is None


def test_nobody_suspends_themselves(owner, second):
    with pytest.raises(Refused) as refused:
        people.suspend(owner, NOW, by=owner.user)
    assert refused.value.code == "oneself"


# --- Going ------------------------------------------------------------------------------------


def test_what_somebody_owned_goes_to_the_heir_and_their_tokens_die(signed_in, owner, member, token):
    mara, tom = member("manager"), member("viewer", email="tom@acme.test")
    blog = Site.objects.create(tenant=owner.tenant, name="Blog", owner=mara.user)
    key = token(mara)
    given = {"heir": tom.pk, "sure": "on"}
    answer = signed_in(owner).post(f"{PEOPLE}/{mara.pk}/remove", given)
    assert answer.status_code == 302
    assert role_of(mara) is None
    blog.refresh_from_db()
    assert blog.owner == tom.user
    assert not ApiToken.plain.filter(member_id=mara.pk).exists()
    answer = Client().get("/api/v1/sites", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 401
    told = AuditEntry.objects.for_tenant(owner.tenant).filter(action="site.changed").get()
    assert told.changes == {"owner": [mara.user_id, tom.user_id]}
    assert entries(mara)[-1].action == "membership.removed"


def test_without_an_heir_the_remover_gets_what_was_owned(owner, member):
    mara = member("manager")
    blog = Site.objects.create(tenant=owner.tenant, name="Blog", owner=mara.user)
    assert people.remove(mara, by=owner.user) == 1
    blog.refresh_from_db()
    assert blog.owner == owner.user


def test_rows_of_another_tenant_stay_whose_they_are(owner, rival_site, ben):
    blog = Site.objects.create(tenant=rival_site.tenant, name="Blog", owner=ben.user)
    people.remove(ben, by=owner.user)
    blog.refresh_from_db()
    assert blog.owner == ben.user


def test_a_removal_needs_to_be_meant(signed_in, owner, ben):
    client = signed_in(owner)
    assert client.get(f"{PEOPLE}/{ben.pk}/remove").status_code == 200
    client.post(f"{PEOPLE}/{ben.pk}/remove", {"heir": owner.pk})
    assert role_of(ben) == "viewer"


def test_somebody_leaves_and_sees_nothing_any_more(signed_in, owner, ben):
    client = signed_in(ben)
    given = {"heir": owner.pk, "sure": "on"}
    assert client.post("/organisation/membership", given)["Location"] == "/invitations"
    assert role_of(ben) is None
    assert is_signed_in(client)
    assert client.get("/sites").status_code == 403
    assert entries(ben)[-1].action == "membership.left"


def test_the_only_owner_is_told_how_to_leave(signed_in, owner):
    client = signed_in(owner)
    answer = client.post("/organisation/membership", {"heir": owner.pk, "sure": "on"})
    assert "only owner" in answer.content.decode()
    assert role_of(owner) == "owner"


def test_an_account_that_ends_leaves_every_tenant(owner, ben, rival_site):
    Membership.objects.create(user=ben.user, tenant=rival_site.tenant, role=Role.ADMIN)
    blog = Site.objects.create(tenant=rival_site.tenant, name="Blog", owner=ben.user)
    assert people.leave_all(ben.user) == 1
    assert not Membership.plain.filter(user=ben.user).exists()
    blog.refresh_from_db()
    assert blog.owner == rival_site.owner
    with pytest.raises(Refused, match="Acme"):
        people.leave_all(owner.user)


def test_open_invitations_end_with_the_inviters_rights(owner, second):
    rights = Rights("viewer", "organization")
    (one,) = invitations.invite(owner.tenant, ["x@acme.test"], rights, NOW, by=second.user)
    people.change(second, Rights("admin", "organization"), by=owner.user)
    assert Invitation.plain.get(pk=one.pk).state(timezone.now()) == "revoked"


def test_invitations_of_somebody_who_leaves_in_peace_go_on(owner, second):
    rights = Rights("viewer", "organization")
    (one,) = invitations.invite(owner.tenant, ["x@acme.test"], rights, NOW, by=second.user)
    people.leave(second)
    one.refresh_from_db()
    assert (one.state(timezone.now()), one.invited_by) == ("open", owner.user)


# --- The list ---------------------------------------------------------------------------------


def test_people_are_found_by_parts_of_name_and_address(signed_in, owner, member):
    member(email="tom@acme.test")
    User.objects.filter(email="tom@acme.test").update(name="Tom Okafor")
    client = signed_in(owner)

    def found(words: str) -> list[str]:
        lines = client.get(PEOPLE, {"q": words}).context["lines"]
        return [line.member.user.email for line in lines]

    assert found("oka TOM") == ["tom@acme.test"]
    assert found("acme.test") == ["ada@acme.test", "tom@acme.test"]
    assert found("%") == []


@pytest.mark.parametrize("page", ["0", "-1", "last", "9" * 30, "9" * 5000])
def test_an_odd_page_is_answered(signed_in, owner, page):
    assert signed_in(owner).get(PEOPLE, {"page": page}).status_code == 200


def test_the_list_asks_as_much_for_60_members_as_for_3(signed_in, owner, member):
    client = signed_in(owner)

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(PEOPLE).status_code == 200
        return len(asked)

    for number in range(2):
        member(email=f"m{number}@acme.test")
    few = cost()
    team = Team.objects.create(tenant=owner.tenant, name="North")
    for number in range(2, 59):
        member(email=f"m{number}@acme.test", team=team)
    assert cost() == few
    assert few <= 9


def test_a_second_factor_and_a_suspension_are_shown(signed_in, owner, ben):
    Authenticator.objects.create(user=owner.user, type="totp", data={})
    people.suspend(ben, NOW - timedelta(days=1), by=owner.user)
    lines = signed_in(owner).get(PEOPLE).context["lines"]
    shown = {line.member.pk: (line.state, line.second_factor) for line in lines}
    assert shown == {owner.pk: ("live", True), ben.pk: ("suspended", False)}
