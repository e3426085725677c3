"""A person in several organisations sees one at a time, and chooses which."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, Tenant
from accounts.roles import Role
from accounts.tenants.onboarding import found_tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(owner) -> Membership:
    """Ada views a second organisation, too, whose only site is its own."""
    from accounts.models import User

    other = User.objects.create_user("olga@second.test")
    site = found_tenant(owner=other, organisation="Second", site_name="Second shop")
    return Membership.objects.create(user=owner.user, tenant=site.tenant, role=Role.VIEWER)


def key_of(tenant: Tenant) -> str:
    return tenant.sites.get().key


def switch(client, tenant: Tenant, **more: str):
    return client.post("/organisations/switch", {"tenant": str(tenant.pk), **more})


def test_a_person_switches_and_every_page_shows_the_other_organisation(owner, second, signed_in):
    client = signed_in(owner)
    page = client.get("/sites").content.decode()
    assert "Acme shop" in page
    assert "Second shop" not in page
    assert f'value="{second.tenant_id}"' in page
    assert switch(client, second.tenant).status_code == 302
    page = client.get("/sites").content.decode()
    assert "Second shop" in page
    assert "Acme shop" not in page
    assert "/sites/new" not in page  # a viewer there


def test_somebody_in_one_organisation_is_offered_no_switch(owner, signed_in):
    assert "/organisations/switch" not in signed_in(owner).get("/sites").content.decode()


def test_the_choice_ends_with_the_membership(owner, second, signed_in):
    client = signed_in(owner)
    switch(client, second.tenant)
    second.suspended_at = timezone.now()
    second.save()
    assert "Acme shop" in client.get("/sites").content.decode()


@pytest.mark.parametrize("wanted", ["", "x", "0" * 36, "00000000-0000-0000-0000-000000000000"])
def test_what_is_no_organisation_of_the_person_does_not_exist(owner, rival_site, signed_in, wanted):
    client = signed_in(owner)
    assert client.post("/organisations/switch", {"tenant": wanted}).status_code == 404
    assert switch(client, rival_site.tenant).status_code == 404
    assert "Acme shop" in client.get("/sites").content.decode()


def test_switching_needs_a_post_with_its_token(owner, second):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(owner.user)
    assert client.get("/organisations/switch").status_code == 405
    assert switch(client, second.tenant).status_code == 403


@pytest.mark.parametrize(
    ("path", "goes_to"),
    [
        ("/sites/x?period=7d", "/sites/x?period=7d"),
        ("https://evil.test/", "/"),
        ("//evil.test/", "/"),
        ("/\\evil.test", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_after_a_switch_one_stays_here(owner, second, signed_in, path, goes_to):
    assert switch(signed_in(owner), second.tenant, next=path)["Location"] == goes_to


# --- A link into another organisation ---------------------------------------------------------


@pytest.mark.parametrize("page", ["", "/visits", "/settings", "/links"])
def test_a_site_of_another_own_organisation_offers_the_switch(owner, second, signed_in, page):
    client = signed_in(owner)
    answer = client.get(f"/sites/{key_of(second.tenant)}{page}")
    text = answer.content.decode()
    assert answer.status_code == 404
    assert "Switch to Second" in text
    assert f'name="next" value="/sites/{key_of(second.tenant)}{page}"' in text
    assert "Second shop" not in text


def test_a_foreign_site_answers_exactly_like_one_that_is_not_there(owner, rival_site, signed_in):
    client = signed_in(owner)
    answers = []
    for key in (rival_site.key, "0" * 12):
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(f"/sites/{key}")
        answers.append((answer.status_code, answer.content, len(asked)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert b"Switch to" not in answers[0][1]


def test_a_site_that_one_would_not_see_there_either_offers_nothing(owner, second, signed_in):
    second.level = "own"
    second.save()
    answer = signed_in(owner).get(f"/sites/{key_of(second.tenant)}")
    assert answer.status_code == 404
    assert b"Switch to" not in answer.content


def test_programs_name_the_tenant_in_a_header(owner, second, signed_in):
    client = signed_in(owner)
    for membership, name in ((owner, "Acme"), (second, "Second")):
        answer = client.get("/api/v1/tenant", headers={"X-Tenant-Id": str(membership.tenant_id)})
        assert answer.json()["name"] == name


def test_somebody_in_no_organisation_is_told_what_to_do(owner, signed_in, settings):
    client = signed_in(owner)
    Membership.plain.all().delete()
    answer = client.get("/sites")
    assert answer.status_code == 403
    assert "You are in no organisation yet" in answer.content.decode()
    assert "/organisations/new" not in answer.content.decode()
    settings.SIGNUP_POLICY = "open"
    assert "/organisations/new" in client.get("/sites").content.decode()
