"""Teams: made, renamed, filled and deleted by owners; who was in one sees less afterwards."""

from __future__ import annotations

import pytest

from accounts.members import teams
from accounts.members.people import Refused
from accounts.models import AuditEntry, Membership, Site, Team

pytestmark = pytest.mark.django_db
PAGE = "/organisation/teams"


@pytest.fixture
def north(owner) -> Team:
    return teams.make(owner.tenant, "North", by=owner.user)


def test_an_owner_makes_renames_and_fills_a_team(signed_in, owner, member):
    client, ben = signed_in(owner), member("viewer")
    made = client.post(PAGE, {"name": " North  side "})
    team = Team.objects.for_tenant(owner.tenant).get()
    assert made["Location"] == f"{PAGE}/{team.pk}"
    assert team.name == "North side"
    client.post(f"{PAGE}/{team.pk}", {"name": "South"})
    client.post(f"{PAGE}/{team.pk}/add", {"member": ben.pk})
    team.refresh_from_db()
    ben.refresh_from_db()
    assert (team.name, ben.team) == ("South", team)
    client.post(f"{PAGE}/{team.pk}/drop/{ben.pk}")
    ben.refresh_from_db()
    assert ben.team is None
    actions = AuditEntry.objects.for_tenant(owner.tenant).values_list("action", flat=True)
    assert list(actions).count("membership.changed") == 2
    assert {"team.created", "team.changed"} <= set(actions)


@pytest.mark.parametrize("role", ["viewer", "manager", "admin"])
def test_nobody_else_changes_teams(signed_in, member, north, role):
    client = signed_in(member(role))
    reads = 200 if role == "admin" else 403
    assert client.get(PAGE).status_code == reads
    assert client.get(f"{PAGE}/{north.pk}").status_code == reads
    assert client.post(PAGE, {"name": "South"}).status_code == 403
    for path in ("", "/add", "/drop/1", "/delete"):
        assert client.post(f"{PAGE}/{north.pk}{path}", {"name": "x"}).status_code == 403
    assert client.get(f"{PAGE}/{north.pk}/delete").status_code == 403
    assert Team.objects.for_tenant(north.tenant).get().name == "North"


def test_a_name_is_taken_whatever_its_case(signed_in, owner, north):
    answer = signed_in(owner).post(PAGE, {"name": "NORTH"})
    assert "already" in str(answer.context["form"].errors["name"])
    teams.rename(north, "north", by=owner.user)  # its own name may change its case


def test_deleting_a_team_says_for_how_many_and_leaves_them_their_own(
    signed_in, owner, member, north
):
    ben = member("manager", team=north, level="team")
    member("viewer", email="tom@acme.test", team=north)
    shared = Site.objects.create(tenant=owner.tenant, name="Shared", owner=owner.user, team=north)
    assert Site.objects.visible_to(ben.scope()).filter(pk=shared.pk).exists()
    client = signed_in(owner)
    page = client.get(f"{PAGE}/{north.pk}/delete")
    assert (page.context["count"], page.context["falling"]) == (2, 1)
    client.post(f"{PAGE}/{north.pk}/delete")
    ben = Membership.objects.for_tenant(owner.tenant).get(pk=ben.pk)
    assert (ben.level, ben.team) == ("own", None)
    assert not Site.objects.visible_to(ben.scope()).exists()
    shared.refresh_from_db()
    assert (shared.owner, shared.team) == (owner.user, None)
    assert not Team.objects.for_tenant(owner.tenant).exists()


def test_another_tenants_team_and_members_do_not_exist(signed_in, owner, north, rival_site):
    theirs = Team.objects.create(tenant=rival_site.tenant, name="Theirs")
    rita = Membership.objects.for_tenant(rival_site.tenant).get()
    client = signed_in(owner)
    for path in ("", "/add", f"/drop/{rita.pk}", "/delete"):
        assert client.post(f"{PAGE}/{theirs.pk}{path}", {"name": "x"}).status_code == 404
    answer = client.post(f"{PAGE}/{north.pk}/add", {"member": rita.pk})
    assert "member" in answer.context["adding"].errors
    rita.refresh_from_db()
    assert rita.team is None


def test_no_more_than_so_many_teams(owner, north, monkeypatch):
    monkeypatch.setattr(teams, "MOST_TEAMS", 1)
    with pytest.raises(Refused):
        teams.make(owner.tenant, "South", by=owner.user)
