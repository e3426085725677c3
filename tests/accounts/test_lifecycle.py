"""What becomes of a site: deleted after days of grace, kept after all, given to others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiToken, AuditEntry, Membership, Site, SiteTransfer, Team, User
from accounts.roles import Role
from accounts.sites import lifecycle
from analytics import orphans
from tests.sending import rebuild_all, send, visit
from tracking.models import Event

pytestmark = pytest.mark.django_db


def actions(tenant) -> list[str]:
    return list(AuditEntry.objects.for_tenant(tenant).values_list("action", flat=True))


# --- Deleted ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_site_counts_on_until_its_grace_is_over_and_then_nothing_is_left(site, owner, settings):
    now = timezone.now()
    lifecycle.schedule_deletion(site, owner, now)
    assert site.delete_at == now + timedelta(days=settings.SITE_GRACE_DAYS)
    assert send(site, visit(now, ["/still-here"])) == ["stored"]
    rebuild_all()
    assert lifecycle.delete_due(now + timedelta(days=settings.SITE_GRACE_DAYS, seconds=-1)) == 0
    assert lifecycle.delete_due(now + timedelta(days=settings.SITE_GRACE_DAYS)) == 1
    orphans.erase_all()
    assert not Site.plain.exists()
    assert not Event.plain.exists()
    assert actions(owner.tenant)[:2] == ["site.deleted", "site.deletion_scheduled"]


def test_asking_twice_does_not_move_the_date(site, owner):
    now = timezone.now()
    first = lifecycle.schedule_deletion(site, owner, now).delete_at
    again = lifecycle.schedule_deletion(Site.plain.get(pk=site.pk), owner, now + timedelta(days=2))
    assert again.delete_at == first
    assert actions(owner.tenant).count("site.deletion_scheduled") == 1


def test_a_kept_site_is_not_deleted(site, owner):
    now = timezone.now()
    lifecycle.schedule_deletion(site, owner, now)
    assert lifecycle.keep(site, owner, now).delete_at is None
    lifecycle.keep(site, owner, now)
    assert lifecycle.delete_due(now + timedelta(days=99)) == 0
    assert actions(owner.tenant).count("site.deletion_taken_back") == 1


def test_deleting_withdraws_an_offer_and_forbids_new_ones(site, owner):
    now = timezone.now()
    lifecycle.offer(site, "rita@rival.test", owner, now)
    lifecycle.schedule_deletion(site, owner, now)
    assert not SiteTransfer.plain.exists()
    with pytest.raises(lifecycle.Refused):
        lifecycle.offer(site, "rita@rival.test", owner, now)


# --- Given to others --------------------------------------------------------------------------


@pytest.fixture
def rita(rival_site) -> User:
    return rival_site.owner


@pytest.fixture
def home(rival_site) -> Membership:
    """Where Rita may take a site to."""
    return Membership.objects.for_tenant(rival_site.tenant).get()


@pytest.fixture
def offered(site, owner, rita) -> SiteTransfer:
    return lifecycle.offer(site, " Rita@RIVAL.test", owner, timezone.now())


def test_an_offer_is_seen_by_its_addressee_alone(offered, rita, owner, member):
    now = timezone.now()
    assert list(lifecycle.offers_to(rita, now)) == [offered]
    for other in (owner.user, member("admin").user):
        assert not lifecycle.offers_to(other, now).exists()


def test_a_taken_site_belongs_to_the_taker_with_all_its_numbers(
    offered, site, rita, home, owner, token
):
    team = Team.objects.create(tenant=site.tenant, name="Shop")
    Site.plain.filter(pk=site.pk).update(team=team)
    narrow = token(owner, site_ids=[site.pk])
    giver = site.tenant
    taken = lifecycle.accept(offered.pk, rita, home, timezone.now()).site
    assert (taken.tenant, taken.owner, taken.team) == (home.tenant, rita, None)
    assert taken in Site.objects.visible_to(home.scope())
    assert not Site.objects.visible_to(owner.scope()).exists()
    kept = ApiToken.objects.unscoped("test").get(prefix=narrow[:10])
    assert (kept.site_ids, list(Site.objects.visible_to(kept.scope()))) == ([], [])
    assert "site.transferred" in actions(giver)
    assert "site.transferred" in actions(home.tenant)
    assert not SiteTransfer.plain.exists()


def refused(offered, user, home, now=None) -> bool:
    with pytest.raises(lifecycle.Refused):
        lifecycle.accept(offered.pk, user, home, now or timezone.now())
    return Site.plain.get(pk=offered.site_id).tenant_id == offered.site.tenant_id


def test_nobody_takes_what_was_offered_to_somebody_else(offered, home, rita):
    sam = User.objects.create_user("sam@rival.test")
    theirs = Membership.objects.create(user=sam, tenant=home.tenant, role=Role.OWNER)
    assert refused(offered, sam, theirs)
    assert refused(offered, rita, theirs), "not through somebody else's membership either"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_taking_needs_a_manager_of_the_receiving_organisation(offered, rita, home, role):
    Membership.objects.unscoped("test").filter(pk=home.pk).update(role=role)
    home.refresh_from_db()
    assert refused(offered, rita, home)


def test_an_offer_ends_after_two_weeks(offered, rita, home):
    late = timezone.now() + timedelta(days=lifecycle.OFFER_DAYS, minutes=1)
    assert not lifecycle.offers_to(rita, late).exists()
    assert refused(offered, rita, home, late)


def test_an_offer_ends_with_the_givers_right_to_make_it(offered, owner, rita, home):
    Membership.objects.unscoped("test").filter(pk=owner.pk).update(role=Role.MANAGER)
    assert refused(offered, rita, home)


def test_a_withdrawn_offer_is_over(offered, site, owner, rita, home):
    assert lifecycle.withdraw(site, owner)
    assert not lifecycle.withdraw(site, owner)
    assert refused(offered, rita, home)


def test_a_declined_offer_is_over_and_the_giver_can_read_of_it(offered, site, rita, home):
    assert lifecycle.decline(offered.pk, rita, timezone.now()) == site
    assert lifecycle.decline(offered.pk, rita, timezone.now()) is None
    assert actions(site.tenant)[0] == "site.offer_declined"


def test_a_new_offer_takes_the_place_of_the_older_one(offered, site, owner, rita):
    lifecycle.offer(site, "sam@rival.test", owner, timezone.now())
    assert not lifecycle.offers_to(rita, timezone.now()).exists()


def test_offers_are_no_way_to_mail_the_world(offered, site, owner, monkeypatch):
    monkeypatch.setattr(lifecycle, "MOST_OFFERS_A_DAY", 1)
    with pytest.raises(lifecycle.Refused, match="tomorrow"):
        lifecycle.offer(site, "somebody@else.test", owner, timezone.now())
    lifecycle.offer(site, "somebody@else.test", owner, timezone.now() + timedelta(days=2))


def test_nobody_offers_a_site_to_themselves_without_another_organisation(site, owner):
    with pytest.raises(lifecycle.Refused):
        lifecycle.offer(site, owner.user.email, owner, timezone.now())
