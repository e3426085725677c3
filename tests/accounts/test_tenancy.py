"""Nobody sees a neighbour's row."""

import pytest

from accounts.models import ApiToken, Membership, Site, Team, User
from accounts.roles import AccessLevel, Role
from accounts.tenancy import OutsideScope, Scope

pytestmark = pytest.mark.django_db


def names(scope: Scope) -> set[str]:
    return set(Site.objects.visible_to(scope).values_list("name", flat=True))


@pytest.fixture
def sites(acme, ada):
    """A site of Ada's, one of Ben's, one of nobody's, and one shared with the team."""
    ben = User.objects.create_user("ben@acme.test")
    team = Team.objects.create(tenant=acme, name="Sales")
    Site.objects.create(tenant=acme, name="Ben's", owner=ben)
    Site.objects.create(tenant=acme, name="nobody's")
    Site.objects.create(tenant=acme, name="the team's", team=team)
    return ben, team


def test_the_organization_level_sees_the_tenant_and_nothing_else(sites, owner, rival_site):
    assert names(owner.scope()) == {"Acme shop", "Ben's", "nobody's", "the team's"}


def test_the_own_level_sees_what_one_owns(sites, acme):
    ben, _team = sites
    member = Membership.objects.create(user=ben, tenant=acme, level=AccessLevel.OWN)
    assert names(member.scope()) == {"Ben's"}


def test_the_team_level_sees_the_mates_rows_and_the_shared_ones(sites, acme, ada, owner):
    ben, team = sites
    owner.team = team
    owner.save()
    member = Membership.objects.create(user=ben, tenant=acme, level=AccessLevel.TEAM, team=team)
    assert names(member.scope()) == {"Acme shop", "Ben's", "the team's"}


def test_the_team_level_without_a_team_is_oneself(sites, acme):
    """Not everybody without a team, and not the rows without an owner."""
    ben, _team = sites
    member = Membership.objects.create(user=ben, tenant=acme, level=AccessLevel.TEAM)
    assert names(member.scope()) == {"Ben's"}


def test_a_mate_who_is_also_elsewhere_shows_nothing_twice(sites, acme, rival_site):
    ben, team = sites
    Membership.objects.create(user=ben, tenant=rival_site.tenant)
    member = Membership.objects.create(user=ben, tenant=acme, level=AccessLevel.TEAM, team=team)
    assert Site.objects.visible_to(member.scope()).count() == 2


def test_a_token_for_one_site_sees_one_site(sites, owner, site):
    token, _text = ApiToken.issue(owner, name="one", scopes=["read"], site_ids=[site.pk])
    assert names(token.scope()) == {"Acme shop"}


def test_the_system_reads_a_tenant_for_a_reason_only(acme):
    assert names(Scope.of_system(acme, "nightly count")) == {"Acme shop"}
    with pytest.raises(OutsideScope):
        Scope.of_system(acme, "")


@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_the_lower_ones_may(role):
    ranks = list(Role)
    for needed in Role:
        assert role.covers(needed) == (ranks.index(role) >= ranks.index(needed))
