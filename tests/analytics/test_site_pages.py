"""The pages about sites: all of them, their settings, and the buttons of their life."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Membership, Site, SiteTransfer, Team
from accounts.sites import lifecycle
from analytics import site_list
from analytics.models import DailyStat
from tests.conftest import IPHONE
from tests.sending import rebuild_all, send, visit
from tracking.ingest import writer
from tracking.ingest.samples import Refusal
from tracking.models import DirtyDay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(signed_in, owner):
    return signed_in(owner)


@pytest.fixture
def busy(site) -> Site:
    """One visitor the day before yesterday, two yesterday, none today."""
    today = site.clock.date_of(timezone.now())
    noon = site.clock.bounds(today)[0] + timedelta(hours=12)
    yesterday, before = noon - timedelta(days=1), noon - timedelta(days=2)
    send(site, visit(yesterday, ["/", "/pricing"]))
    send(site, visit(yesterday, ["/"], ip="8.8.8.8", user_agent=IPHONE))
    send(site, visit(before, ["/"], ip="84.160.1.9"))
    rebuild_all()
    return site


def more(site: Site, n: int, **values) -> list[Site]:
    made = []
    for number in range(n):
        row = Site(tenant=site.tenant, owner=site.owner, name=f"Site {number:03}")
        for name, value in ({"time_zone": site.time_zone} | values).items():
            setattr(row, name, value)
        row.save()
        made.append(row)
    return made


def groups(answer) -> dict:
    return {group["kind"]: group for group in answer.context["groups"]}


# --- All sites --------------------------------------------------------------------------------


def test_the_list_shows_each_sites_numbers(client, busy):
    (row,) = groups(client.get("/sites?period=7d"))["web"]["rows"]
    assert (row["visitors"], row["second"], row["today"]) == ("3", "4", "0")
    assert row["spark"][-3:] == [1, 2, 0]
    assert not row["waits"]


def test_the_change_compares_finished_days(client, owner, busy):
    today = busy.clock.date_of(timezone.now())
    DailyStat.objects.for_tenant(busy.tenant).filter(dimension="").update(visitors=2)
    long_ago = busy.clock.bounds(today - timedelta(days=9))[0] + timedelta(hours=12)
    send(busy, visit(long_ago, ["/"], ip="84.160.1.9"))
    rebuild_all()
    (row,) = groups(client.get("/sites?period=7d"))["web"]["rows"]
    assert (row["change"], row["direction"], row["good"]) == ("+300\u202f%", "up", True)


def test_sums_are_those_of_one_kind_and_say_so(client, busy):
    (bio,) = more(busy, 1, kind="bio")
    (second,) = more(busy, 1, domains=["two.acme.test"])
    send(second, visit(timezone.now() - timedelta(days=1), ["/"]))
    send(bio, visit(timezone.now() - timedelta(days=1), ["/@acme"]))
    rebuild_all()
    found = groups(client.get("/sites?period=7d"))
    assert (found["web"]["totals"]["visitors"], found["web"]["totals"]["sites"]) == ("4", 2)
    assert (found["bio"]["totals"], found["bio"]["second"]) == (None, "Clicks")


def test_a_site_without_a_number_makes_no_zero_in_the_sum(client, busy):
    more(busy, 1)
    totals = groups(client.get("/sites?period=7d"))["web"]["totals"]
    assert (totals["visitors"], totals["unknown"]) == ("3", 1)


def test_states_are_told_in_badges(client, owner, busy):
    waiting, leaving = more(busy, 2)
    lifecycle.schedule_deletion(leaving, owner, timezone.now())
    rows = {row["key"]: row for row in groups(client.get("/sites"))["web"]["rows"]}
    assert rows[waiting.key]["waits"]
    assert rows[leaving.key]["delete_at"]
    content = client.get("/sites").content.decode()
    assert "Waiting for the first event" in content
    assert "To be deleted on" in content
    DirtyDay.plain.create(site=waiting, date=timezone.now().date())
    rows = {row["key"]: row for row in groups(client.get("/sites"))["web"]["rows"]}
    assert not rows[waiting.key]["waits"], "its events are being counted"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?sort=name", ["Acme shop", "Site 000"]),
        ("?sort=visitors", ["Acme shop", "Site 000"]),
        ("?q=ACME", ["Acme shop"]),
        ("?q=000", ["Site 000"]),
        ("?q=shop.acme", ["Acme shop"]),
        ("?q=shop nothing", []),
        ("?sort=nonsense&period=nonsense&page=nonsense", ["Acme shop", "Site 000"]),
        ("?page=99999", ["Acme shop", "Site 000"]),
    ],
)
def test_sites_are_sorted_and_found(client, busy, query, names):
    more(busy, 1)
    found = groups(client.get(f"/sites{query}"))
    assert [row["name"] for group in found.values() for row in group["rows"]] == names


def test_fifty_sites_make_a_page_and_the_sum_is_that_of_all(client, busy):
    more(busy, 60)
    first, second = client.get("/sites"), client.get("/sites?page=2")
    assert [len(groups(answer)["web"]["rows"]) for answer in (first, second)] == [50, 11]
    assert {groups(answer)["web"]["totals"]["sites"] for answer in (first, second)} == {61}
    assert "Page 1 of 2" in first.content.decode()


def test_sixty_sites_take_no_more_queries_than_one(client, busy, django_assert_max_num_queries):
    most = 12
    for period in site_list.PERIODS:
        with django_assert_max_num_queries(most):
            client.get(f"/sites?period={period}")
    more(busy, 60)
    for period in site_list.PERIODS:
        with django_assert_max_num_queries(most):
            client.get(f"/sites?period={period}")


def test_htmx_gets_the_list_alone(client, busy):
    answer = client.get("/sites", headers={"HX-Request": "true", "HX-Target": "sites-list"})
    assert b"<html" not in answer.content
    assert b'id="sites-list"' in answer.content


def test_members_see_their_sites_only(signed_in, member, busy, rival_site):
    (own,) = more(busy, 1)
    ben = member("manager", level="own")
    Site.plain.filter(pk=own.pk).update(owner=ben.user)
    rows = groups(signed_in(ben).get("/sites"))["web"]["rows"]
    assert [row["key"] for row in rows] == [own.key]


def test_without_a_site_managers_add_one_and_viewers_ask(signed_in, client, member, site):
    Site.plain.all().delete()
    assert "/sites/new" in client.get("/sites").content.decode()
    viewers = signed_in(member("viewer")).get("/sites").content.decode()
    assert "Ask a manager" in viewers
    assert "/sites/new" not in viewers


# --- Settings ---------------------------------------------------------------------------------

SECTIONS = ("", "/installation", "/domains", "/addresses", "/exclusions", "/funnel", "/danger")
BUTTONS = ("domains/add", "exclusions/me", "reset", "delete", "keep", "offer", "withdraw")


def settings_of(site: Site, section: str = "") -> str:
    return f"/sites/{site.key}/settings{section}"


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_a_page_of_its_own(client, site, section):
    assert client.get(settings_of(site, section)).status_code == 200


def test_another_tenants_settings_do_not_exist(client, rival_site):
    for section in SECTIONS:
        assert client.get(settings_of(rival_site, section)).status_code == 404
    for button in BUTTONS:
        assert client.post(settings_of(rival_site, f"/{button}")).status_code == 404


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_settings_need_a_manager_but_for_the_snippet(signed_in, member, site, role):
    browser = signed_in(member(role))
    for section in SECTIONS:
        expected = 200 if section == "/installation" else 403
        assert browser.get(settings_of(site, section)).status_code == expected, section
    for button in BUTTONS:
        assert browser.post(settings_of(site, f"/{button}")).status_code == 403, button
    assert (
        browser.post(settings_of(site, "/installation"), {"script_name": "x1y"}).status_code == 403
    )
    assert "This needs the role “Manager”" in browser.get(settings_of(site)).content.decode()


def test_buttons_are_no_links(client, site):
    for button in BUTTONS:
        assert client.get(settings_of(site, f"/{button}")).status_code == 405


def changes() -> dict:
    return AuditEntry.plain.filter(action="site.changed").latest("pk").changes


def general(site: Site, **given) -> dict:
    values = {"name": site.name, "time_zone": site.time_zone, "currency": site.currency}
    return {**values, "owner": site.owner_id or "", "team": ""} | given


def test_the_general_section_changes_what_it_shows_and_nothing_else(client, site):
    client.post(settings_of(site), general(site, name="Shop", time_zone="Europe/Paris"))
    after = Site.plain.get(pk=site.pk)
    assert (after.name, after.time_zone, after.domains) == ("Shop", "Europe/Paris", site.domains)
    assert changes() == {
        "name": ["Acme shop", "Shop"],
        "time_zone": ["Europe/Berlin", "Europe/Paris"],
    }


def test_a_new_clock_says_from_when_it_counts(client, site):
    client.post(settings_of(site), general(site, time_zone="Asia/Tokyo"))
    content = client.get(settings_of(site)).content.decode()
    assert "Asia/Tokyo from" in content
    assert "Until then the days are cut by Europe/Berlin" in content


def test_a_new_currency_counts_the_days_again(client, busy):
    assert not DirtyDay.plain.exists()
    client.post(settings_of(busy), general(busy, currency="usd"))
    assert Site.plain.get(pk=busy.pk).currency == "USD"
    assert DirtyDay.plain.filter(site=busy).count() == 2


def test_saving_without_a_change_leaves_no_trace(client, site):
    client.post(settings_of(site), general(site))
    assert not AuditEntry.plain.filter(action="site.changed").exists()


def test_a_site_goes_to_a_colleague_but_to_nobody_elses(client, site, member, rival_site):
    ben = member("manager")
    client.post(settings_of(site), general(site, owner=ben.user_id))
    assert Site.plain.get(pk=site.pk).owner == ben.user
    theirs = Team.objects.create(tenant=rival_site.tenant, name="Theirs")
    for wrong in ({"owner": rival_site.owner_id}, {"team": theirs.pk}, {"owner": "9" * 30}):
        answer = client.post(settings_of(site), general(site, **wrong))
        assert answer.status_code == 200
        assert answer.context["form"].errors
    assert Site.plain.get(pk=site.pk).owner == ben.user


def test_who_gives_away_what_is_their_own_comes_to_the_list(signed_in, member, site, ada):
    ben = member("manager", level="own")
    Site.plain.filter(pk=site.pk).update(owner=ben.user)
    answer = signed_in(ben).post(settings_of(site), general(site, owner=ada.pk))
    assert answer.url == "/sites"


@pytest.mark.parametrize(
    ("section", "given", "kept"),
    [
        ("", {"name": "", "currency": "EURO", "time_zone": "UTC"}, "EURO"),
        ("/domains", {"domains": "ok.test\nnot a host"}, "not a host"),
        ("/domains", {"domains": "", "own_hosts_only": "on"}, "Name a domain first"),
        ("/addresses", {"addresses": "full", "address_days": "0"}, 'value="0"'),
        ("/exclusions", {"excluded_networks": "10.0.0.0/8\nmars"}, "mars"),
        ("/exclusions", {"excluded_paths": "admin"}, "admin"),
        ("/funnel", {"pricing": "preise"}, "preise"),
        ("/installation", {"script_name": "Ünfug!"}, "Ünfug!"),
        ("/installation", {"script_name": "analytics"}, "is every site"),
    ],
)
def test_what_was_typed_stays_when_something_is_wrong(client, site, section, given, kept):
    before = Site.plain.get(pk=site.pk)
    answer = client.post(settings_of(site, section), given)
    assert answer.status_code == 200
    assert kept in answer.content.decode()
    assert 'class="error"' in answer.content.decode()
    assert Site.plain.get(pk=site.pk).updated_at == before.updated_at


def test_a_scripts_name_belongs_to_one_site(client, site, rival_site):
    Site.plain.filter(pk=rival_site.pk).update(script_name="harbour")
    answer = client.post(settings_of(site, "/installation"), {"script_name": "harbour"})
    assert "Another site has this name" in answer.content.decode()
    client.post(settings_of(site, "/installation"), {"script_name": "lagoon"})
    assert "/js/lagoon.js" in client.get(settings_of(site, "/installation")).content.decode()
    client.post(settings_of(site, "/installation"), {"script_name": ""})
    assert Site.plain.get(pk=site.pk).script_name is None


def test_the_snippet_says_what_was_chosen(client, site):
    query = '?chosen=1&views=on&clicks=on&ignore=localhost,"><script>'
    snippet = client.get(settings_of(site, f"/installation{query}")).context["snippet"]
    assert 'data-downloads="off" data-forms="off"' in snippet
    assert 'data-views="off"' not in snippet
    assert 'data-ignore="localhost &quot;&gt;&lt;script&gt;"' in snippet
    assert "off" not in client.get(settings_of(site, "/installation")).context["snippet"]


def test_the_installation_says_when_the_last_event_came(client, site):
    assert "Not yet" in client.get(settings_of(site, "/installation")).content.decode()
    send(site, visit(timezone.now(), ["/hello"]))
    content = client.get(settings_of(site, "/installation")).content.decode()
    assert "The last event was received on" in content
    assert "/hello" in content


def test_hosts_that_were_seen_are_added_by_one_click(client, site):
    send(site, [{"url": "https://blog.acme.test/x"}, {"url": "https://www.shop.acme.test/"}])
    with writer.connect() as connection:
        writer.write(connection, [], [Refusal(site.pk, "host_foreign", b"{}", "copy.test")])
    hosts = client.get(settings_of(site, "/domains")).context["hosts"]
    assert [(host.name, host.refused) for host in hosts] == [
        ("copy.test", True),
        ("blog.acme.test", False),
    ]
    client.post(settings_of(site, "/domains/add"), {"host": "blog.acme.test"})
    assert Site.plain.get(pk=site.pk).domains == ["shop.acme.test", "blog.acme.test"]
    assert "domains" in changes()
    client.post(settings_of(site, "/domains/add"), {"host": "no host"})
    assert len(Site.plain.get(pk=site.pk).domains) == 2


def test_the_own_address_is_excluded_by_one_click(client, site):
    assert "127.0.0.1" in client.get(settings_of(site, "/exclusions")).content.decode()
    for _twice in range(2):
        client.post(settings_of(site, "/exclusions/me"))
    assert Site.plain.get(pk=site.pk).excluded_networks == ["127.0.0.1"]
    assert (
        "visits from it are not counted"
        in client.get(settings_of(site, "/exclusions")).content.decode()
    )


@pytest.mark.parametrize(
    ("path", "counted"),
    [
        ("/admin/login", False),
        ("https://shop.acme.test/admin/x?y=1", False),
        ("admin/x", False),
        ("/administration", True),
        ("/", True),
        ("https://shop.acme.test", True),
        ("//[", True),
    ],
)
def test_a_path_is_tried_as_the_endpoint_would(client, site, path, counted):
    Site.plain.filter(pk=site.pk).update(excluded_paths=["/admin/*"])
    tried = client.get(settings_of(site, "/exclusions"), {"path": path}).context["tried"]
    assert tried.counted is counted
    part = client.get(settings_of(site, "/exclusions/path"), {"path": path})
    assert b"<html" not in part.content


def test_each_step_of_the_funnel_tells_its_pages(client, busy):
    client.post(settings_of(busy, "/funnel"), {"homepage": "/", "pricing": "/pri*\n/pri*\n"})
    site = Site.plain.get(pk=busy.pk)
    assert site.funnel_pages == {
        "homepage": ["/"],
        "vertical": [],
        "pricing": ["/pri*"],
        "demo": [],
    }
    steps = {
        row["step"].key: row["step"]
        for row in client.get(settings_of(site, "/funnel")).context["fields"]
    }
    assert (steps["homepage"].pages, steps["homepage"].views) == (1, 3)
    assert (steps["pricing"].pages, steps["pricing"].examples) == (1, ["/pricing"])
    assert steps["demo"].pages == 0


def test_a_link_page_has_no_settings_of_websites(client, site):
    (bio,) = more(site, 1, kind="bio")
    assert client.get(settings_of(bio)).status_code == 200
    for section in ("/domains", "/installation", "/funnel"):
        assert client.get(settings_of(bio, section)).status_code == 404


# --- Life -------------------------------------------------------------------------------------


def test_resetting_needs_the_sites_name(client, busy):
    for wrong in ("", "acme shop", "x" * 300):
        answer = client.post(settings_of(busy, "/reset"), {"reset-name": wrong})
        assert answer.status_code == 200
        assert Site.plain.get(pk=busy.pk).reset_at is None
    client.post(settings_of(busy, "/reset"), {"reset-name": " Acme  shop "})
    assert Site.plain.get(pk=busy.pk).reset_at is not None
    (row,) = groups(client.get("/sites?period=7d"))["web"]["rows"]
    assert (row["visitors"], row["resetting"]) == (None, True)


def test_deleting_can_be_taken_back_on_every_page_of_the_site(client, busy):
    client.post(settings_of(busy, "/delete"), {"delete-name": "wrong"})
    assert Site.plain.get(pk=busy.pk).delete_at is None
    client.post(settings_of(busy, "/delete"), {"delete-name": "Acme shop"})
    for path in ("/settings", "/settings/domains", "/settings/danger", "/outcomes"):
        content = client.get(f"/sites/{busy.key}{path}").content.decode()
        assert "This site will be deleted on" in content, path
        assert f"/sites/{busy.key}/settings/keep" in content, path
    client.post(settings_of(busy, "/keep"))
    assert Site.plain.get(pk=busy.pk).delete_at is None


def test_only_admins_give_a_site_away(signed_in, member, site):
    manager = signed_in(member("manager"))
    assert manager.post(settings_of(site, "/offer"), {"email": "x@y.test"}).status_code == 403
    assert "ask an admin" in manager.get(settings_of(site, "/danger")).content.decode()


def test_an_offered_site_is_taken_on_the_page_of_sites(client, signed_in, site, rival_site):
    home = Membership.objects.for_tenant(rival_site.tenant).get()
    rita = signed_in(home)
    answer = client.post(settings_of(site, "/offer"), {"email": "no address"})
    assert answer.context["offer_form"].errors
    client.post(settings_of(site, "/offer"), {"email": "Rita@rival.test"})
    offer = SiteTransfer.plain.get()
    assert "is offered to you" not in client.get("/sites").content.decode()
    assert "Acme shop is offered to you" in rita.get("/sites").content.decode()
    assert client.post(f"/offers/{offer.pk}/accept", {"home": home.pk}).status_code == 302
    assert Site.plain.get(pk=site.pk).tenant == site.tenant, "not by somebody else"
    for wrong in ("x", "9" * 40, ""):
        rita.post(f"/offers/{offer.pk + 1}/accept", {"home": wrong})
    rita.post(f"/offers/{offer.pk}/accept", {"home": home.pk})
    assert Site.plain.get(pk=site.pk).tenant == rival_site.tenant
    assert client.get(settings_of(site)).status_code == 404


def test_an_offer_is_turned_down_or_withdrawn(client, signed_in, site, rival_site):
    rita = signed_in(Membership.objects.for_tenant(rival_site.tenant).get())
    for ending in ("decline", "withdraw"):
        client.post(settings_of(site, "/offer"), {"email": "rita@rival.test"})
        if ending == "decline":
            rita.post(f"/offers/{SiteTransfer.plain.get().pk}/decline")
        else:
            client.post(settings_of(site, "/withdraw"))
        assert not SiteTransfer.plain.exists()
        assert "is offered to you" not in rita.get("/sites").content.decode()
