"""Members, teams and invitations over the API."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation, Membership, OutboxMessage, Site, Team, User

pytestmark = pytest.mark.django_db
MEMBERS, TEAMS, INVITATIONS = "/api/v1/members", "/api/v1/teams", "/api/v1/invitations"
JSON = "application/json"


@pytest.fixture
def api(owner, token):
    """The owner's program: `api("get", path, body)`."""
    return program(token(owner))


def program(key: str):
    client = Client(headers={"Authorization": f"Bearer {key}"})

    def ask(method: str, path: str, body=None):
        return getattr(client, method)(path, {} if body is None else body, JSON)

    return ask


@pytest.fixture
def ben(member) -> Membership:
    return member("viewer")


def test_the_list_shows_the_tenants_members_and_nobody_elses(api, owner, ben, rival_site):
    rows = api("get", MEMBERS).json()["results"]
    assert [(row["id"], row["email"], row["role"], row["state"]) for row in rows] == [
        (owner.pk, "ada@acme.test", "owner", "live"),
        (ben.pk, "ben@acme.test", "viewer", "live"),
    ]


@pytest.mark.parametrize(
    ("role", "reads", "writes", "teams"),
    [
        ("viewer", 403, 403, 403),
        ("manager", 403, 403, 200),
        ("admin", 200, 403, 200),
        ("owner", 200, 200, 200),
    ],
)
def test_admins_read_and_owners_write(member, ben, token, role, reads, writes, teams):
    ask = program(token(member(role, email="someone@acme.test")))
    assert ask("get", MEMBERS).status_code == reads
    assert ask("get", f"{MEMBERS}/{ben.pk}").status_code == reads
    assert ask("get", INVITATIONS).status_code == reads
    assert ask("get", TEAMS).status_code == teams
    assert ask("patch", f"{MEMBERS}/{ben.pk}", {"role": "analyst"}).status_code == writes
    assert ask("post", f"{MEMBERS}/{ben.pk}/suspend").status_code == writes
    made = 201 if writes == 200 else 403
    assert ask("post", TEAMS, {"name": "North"}).status_code == made
    assert ask("post", INVITATIONS, {"email": "nina@acme.test"}).status_code == made
    gone = 204 if writes == 200 else 403
    assert ask("delete", f"{MEMBERS}/{ben.pk}").status_code == gone


@pytest.mark.parametrize("scopes", [["read"], ["ingest"], ["export"]])
def test_a_token_without_the_scope_changes_nobody(owner, ben, token, scopes):
    ask = program(token(owner, scopes))
    assert ask("patch", f"{MEMBERS}/{ben.pk}", {"role": "owner"}).status_code == 403
    assert ask("delete", f"{MEMBERS}/{ben.pk}").status_code == 403


def test_a_token_for_certain_sites_has_nothing_to_do_with_people(owner, ben, token, site):
    ask = program(token(owner, site_ids=[site.pk]))
    for path in (MEMBERS, TEAMS, INVITATIONS):
        assert ask("get", path).status_code == 403
    assert ask("patch", f"{MEMBERS}/{ben.pk}", {"role": "owner"}).status_code == 403


def test_rights_are_changed_and_nothing_else(api, owner, ben, rival_site):
    body = {
        "role": "manager",
        "level": "own",
        "tenant": str(rival_site.tenant_id),
        "user": owner.user_id,
        "email": "x@evil.test",
        "suspended_at": "2020-01-01T00:00:00Z",
        "created_at": "2020-01-01T00:00:00Z",
    }
    answer = api("patch", f"{MEMBERS}/{ben.pk}", body)
    assert answer.status_code == 200
    assert (answer.json()["role"], answer.json()["level"]) == ("manager", "own")
    after = Membership.objects.for_tenant(owner.tenant).get(pk=ben.pk)
    assert (after.user_id, after.suspended_at) == (ben.user_id, None)
    assert after.created_at == ben.created_at
    assert User.objects.get(pk=ben.user_id).email == "ben@acme.test"


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "god"},
        {"role": None},
        {"role": ["owner"]},
        {"level": "all"},
        {"level": ""},
        {"team": 10**30},
        {"team": "x"},
        {"team": True},
        [],
        "text",
    ],
)
def test_bad_rights_are_refused_with_a_code(api, ben, wrong):
    answer = api("patch", f"{MEMBERS}/{ben.pk}", wrong)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("invalid", "parse_error")


def test_what_another_tenant_has_does_not_exist(api, owner, ben, rival_site):
    rita = Membership.objects.for_tenant(rival_site.tenant).get()
    team = Team.objects.create(tenant=rival_site.tenant, name="Theirs")
    invitation = Invitation.objects.create(
        tenant=rival_site.tenant, email="x@x.test", digest=b"x", expires_at=timezone.now()
    )
    for path in (f"{MEMBERS}/{rita.pk}", f"{TEAMS}/{team.pk}", f"{INVITATIONS}/{invitation.pk}"):
        assert api("get", path).status_code == 404
        assert api("delete", path).status_code == 404
    for act in ("suspend", "resume", "make-owner"):
        assert api("post", f"{MEMBERS}/{rita.pk}/{act}").status_code == 404
    assert api("post", f"{INVITATIONS}/{invitation.pk}/resend").status_code == 404
    answer = api("patch", f"{MEMBERS}/{ben.pk}", {"team": team.pk})
    assert "team" in answer.json()["errors"]
    answer = api("delete", f"{MEMBERS}/{ben.pk}", {"heir": rita.pk})
    assert "heir" in answer.json()["errors"]
    assert Membership.plain.filter(pk__in=[rita.pk, ben.pk]).count() == 2


def test_the_last_owner_stays_over_the_api_too(api, owner):
    for method, body in (("patch", {"role": "admin"}), ("delete", {})):
        answer = api(method, f"{MEMBERS}/{owner.pk}", body)
        assert (answer.status_code, answer.json()["code"]) == (400, "last_owner")
    assert api("post", f"{MEMBERS}/{owner.pk}/suspend").json()["code"] == "oneself"


def test_a_member_is_suspended_resumed_made_owner_and_removed(api, owner, ben):
    blog = Site.objects.create(tenant=owner.tenant, name="Blog", owner=ben.user)
    assert api("post", f"{MEMBERS}/{ben.pk}/suspend").json()["state"] == "suspended"
    assert api("post", f"{MEMBERS}/{ben.pk}/resume").json()["state"] == "live"
    assert api("post", f"{MEMBERS}/{ben.pk}/make-owner").json()["role"] == "owner"
    assert api("delete", f"{MEMBERS}/{ben.pk}").status_code == 204
    blog.refresh_from_db()
    assert blog.owner == owner.user


def test_nobody_becomes_a_member_without_an_invitation(api):
    assert api("post", MEMBERS, {"user": 1, "role": "owner"}).status_code == 405


def test_an_owner_who_steps_down_is_an_admin_from_the_next_request_on(api, owner, ben):
    assert api("post", f"{MEMBERS}/{ben.pk}/make-owner", {"step_down": True}).status_code == 200
    assert api("patch", f"{MEMBERS}/{ben.pk}", {"role": "viewer"}).status_code == 403


def test_teams_are_made_renamed_counted_and_deleted(api, owner, ben):
    made = api("post", TEAMS, {"name": "North", "tenant": "x", "members": 7})
    assert made.status_code == 201
    path = f"{TEAMS}/{made.json()['id']}"
    api("patch", f"{MEMBERS}/{ben.pk}", {"team": made.json()["id"], "level": "team"})
    assert api("get", path).json() == {"id": made.json()["id"], "name": "North", "members": 1}
    assert api("post", TEAMS, {"name": "north"}).json()["code"] == "name_taken"
    assert api("patch", path, {"name": "South"}).json()["name"] == "South"
    assert api("delete", path).status_code == 204
    assert Membership.objects.for_tenant(owner.tenant).get(pk=ben.pk).level == "own"


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\0b", None, {}])
def test_a_bad_name_of_a_team_is_refused(api, name):
    assert api("post", TEAMS, {"name": name}).status_code == 400


def test_invitations_are_sent_resent_and_revoked_without_telling_the_link(api, owner):
    made = api("post", INVITATIONS, {"email": "Nina@acme.test", "role": "analyst"})
    assert made.status_code == 201
    row = Invitation.objects.for_tenant(owner.tenant).get()
    assert made.json()["state"] == "open"
    assert made.json()["invited_by"] == owner.user_id
    assert "digest" not in made.json()
    assert row.email == "nina@acme.test"
    assert OutboxMessage.objects.for_tenant(owner.tenant).filter(kind="invitation").count() == 1
    path = f"{INVITATIONS}/{row.pk}"
    assert api("post", f"{path}/resend").json()["code"] == "too_soon"
    assert api("delete", path).status_code == 204
    assert api("get", path).json()["state"] == "revoked"
    assert api("post", f"{path}/resend").json()["code"] == "over"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"email": "ada@acme.test"}, "already_member"),
        ({"email": "nobody"}, "invalid"),
        ({"email": "nina@acme.test", "role": "god"}, "invalid"),
        ({"email": "nina@acme.test", "team": 4711}, "invalid"),
        ({}, "invalid"),
        ([], "invalid"),
    ],
)
def test_a_bad_invitation_is_refused_with_a_code(api, body, code):
    answer = api("post", INVITATIONS, body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Invitation.plain.exists()


def test_an_invitation_is_not_changed(api, owner):
    api("post", INVITATIONS, {"email": "nina@acme.test"})
    row = Invitation.objects.for_tenant(owner.tenant).get()
    assert api("patch", f"{INVITATIONS}/{row.pk}", {"role": "owner"}).status_code == 405
