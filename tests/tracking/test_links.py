"""Clicks on links and views of profiles that programs send, by id or by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Site
from analytics.models import DailyStat
from tests.conftest import GOOGLEBOT, IPHONE
from tests.sending import rebuild_all
from tests.tracking.conftest import Send
from tracking.ingest import directory, links
from tracking.models import Agent, Event, Link, LinkProfile, Outcome
from tracking.models.events import EventFlag

pytestmark = pytest.mark.django_db(transaction=True)

CURL = "curl/8.5.0"
ROOTS = ("/api/track", "/api/v1/track")


@pytest.fixture
def profile(site: Site) -> LinkProfile:
    """Ada's page, with a site of its own."""
    own = Site.objects.create(tenant=site.tenant, kind=Site.Kind.BIO, name="Ada's links")
    return LinkProfile.objects.create(site=own, username="ada", title="Ada Lovelace")


@pytest.fixture
def link(profile: LinkProfile) -> Link:
    url = "https://shop.acme.test/offer?utm_source=bio"
    return Link.objects.create(profile=profile, title="Our offer", url=url, slug="offer")


@pytest.fixture
def rival_link(rival_site: Site) -> Link:
    rival_site.kind = Site.Kind.BIO
    rival_site.save()
    theirs = LinkProfile.objects.create(site=rival_site, username="rita", title="Rita")
    return Link.objects.create(profile=theirs, title="Theirs", url="https://rival.test/")


def the_event() -> Event:
    return Event.plain.get()


# --- Clicks and views -------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*(f"{root}/click" for root in ROOTS), *ROOTS])
@pytest.mark.parametrize("name", ["number", "text", "slug"])
def test_a_click_names_its_link_by_number_text_or_short_name(
    send: Send, link: Link, path: str, name: str
) -> None:
    given = {"number": link.pk, "text": str(link.pk), "slug": link.slug}[name]
    payload = {"id": "c1", "link_id": given, "referrer": "https://www.instagram.com/"}
    reply = send(payload, path=path)
    assert (reply.status, reply.results) == (202, {"c1": "accepted"})
    event = the_event()
    assert (event.name, event.link_id, event.site_id) == ("click", link.pk, link.profile.site_id)
    assert (event.label, event.path) == ("Our offer", "/@ada")
    assert event.props == {"href": link.url, "outbound": True}
    assert (event.source, event.channel) == ("Instagram", "organic_social")


@pytest.mark.parametrize("path", [*(f"{root}/view" for root in ROOTS), *ROOTS])
@pytest.mark.parametrize("name", ["number", "text", "username"])
def test_a_view_names_its_profile(send: Send, profile: LinkProfile, path: str, name: str) -> None:
    given = {"number": profile.pk, "text": str(profile.pk), "username": "Ada"}[name]
    url = "https://ada.example/links?utm_source=newsletter"
    reply = send({"profile_id": given, "session_id": "s1", "url": url}, path=path)
    assert reply.status == 202
    event = the_event()
    assert (event.name, event.path, event.title) == ("page_view", "/@ada", "Ada Lovelace")
    assert (event.site_id, event.source, event.host) == (
        profile.site_id,
        "newsletter",
        "ada.example",
    )
    assert event.session is not None


def test_what_a_click_says_itself_is_kept(send: Send, link: Link) -> None:
    payload = {
        "link_id": link.pk,
        "label": "The red button",
        "url": "https://blog.acme.test/post",
        "props": {"href": "https://elsewhere.test/", "place": "top"},
    }
    assert send(payload, path="/api/track/click").status == 202
    event = the_event()
    assert (event.label, event.path) == ("The red button", "/post")
    assert event.props == {"href": "https://elsewhere.test/", "outbound": True, "place": "top"}


def test_another_event_about_a_link_keeps_its_name(send: Send, link: Link) -> None:
    assert send({"link_id": link.slug, "name": "purchase", "value": 5}).status == 202
    event = the_event()
    assert (event.name, event.link_id, event.label, event.props) == (
        "purchase",
        link.pk,
        None,
        None,
    )


def test_several_clicks_go_in_one_request(send: Send, link: Link) -> None:
    events = [{"id": "a", "link_id": link.pk}, {"id": "b", "link_id": "nope"}, {"id": "c"}]
    reply = send({"events": events}, path="/api/track/click")
    assert reply.results == {
        "a": "accepted",
        "b": "rejected: link_unknown",
        "c": "rejected: link_missing",
    }


def test_a_click_is_repeated_and_counts_once(send: Send, link: Link) -> None:
    payload = {"id": "019a8b1c-6a00-7c3e-9d52-000000000001", "link_id": link.pk}
    results = [send(payload, path="/api/track/click").body["results"] for _n in range(2)]
    assert [found[payload["id"]]["result"] for found in results] == ["accepted", "duplicate"]
    assert Event.plain.count() == 1


# --- What is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [0, -1, 2**31, 10**30, "nope", "a b", "x" * 5_000, "é\u0000", "99999999999999", "/"]
)
def test_an_unknown_link_or_profile_is_told_by_its_code(send: Send, link: Link, name: Any) -> None:
    reply = send({"link_id": name}, path="/api/track/click")
    assert (reply.status, reply.body["code"]) == (400, "link_unknown")
    reply = send({"profile_id": name}, path="/api/track/view")
    assert (reply.status, reply.body["code"]) == (400, "profile_unknown")


@pytest.mark.parametrize("payload", [{}, {"link_id": None}, {"link_id": " "}, {"profile_id": 1}])
def test_a_click_on_nothing_is_refused(send: Send, payload: dict[str, Any]) -> None:
    reply = send(payload, path="/api/track/click")
    assert (reply.status, reply.body["code"]) == (400, "link_missing")


def test_a_view_of_nothing_is_refused(send: Send, link: Link) -> None:
    reply = send({"link_id": link.pk}, path="/api/track/view")
    assert (reply.status, reply.body["code"]) == (400, "profile_missing")


@pytest.mark.parametrize("value", [1.5, True, [1], {"id": 1}])
def test_what_is_no_id_is_refused(send: Send, value: Any) -> None:
    reply = send({"link_id": value}, path="/api/track/click")
    assert (reply.status, reply.body["code"]) == (400, "event_invalid")


def test_a_link_of_another_site_than_the_key_is_refused(
    send: Send, site: Site, link: Link, rival_link: Link
) -> None:
    own = send({"site": link.profile.site.key, "link_id": link.pk})
    assert own.status == 202
    for named in ({"link_id": link.pk}, {"link_id": rival_link.pk}):
        reply = send({"site": site.key, **named})
        assert (reply.status, reply.body["code"]) == (400, "link_unknown")
    reply = send({"site": site.key, "profile_id": "ada"})
    assert (reply.status, reply.body["code"]) == (400, "profile_unknown")
    refused = Outcome.objects.unscoped("the books").filter(site=site)
    assert sorted(refused.values_list("reason", flat=True).distinct()) == [
        "link_unknown",
        "profile_unknown",
    ]


def test_a_link_is_one_of_the_profile_beside_it(send: Send, link: Link, rival_link: Link) -> None:
    assert send({"link_id": link.pk, "profile_id": "ada"}).status == 202
    reply = send({"link_id": link.pk, "profile_id": "rita"})
    assert (reply.status, reply.body["code"]) == (400, "link_unknown")


def test_a_token_sends_clicks_only_to_its_own_sites(
    send: Send, link: Link, rival_link: Link, owner: Membership, token: Any
) -> None:
    bearer = f"Bearer {token(owner, ['ingest'])}"
    visitor = {"ip": "8.8.8.8", "user_agent": IPHONE}
    reply = send({"link_id": link.pk, **visitor}, "/api/track/click", authorization=bearer)
    assert reply.status == 202
    event = the_event()
    assert (event.country, event.os) == ("US", "iOS")
    for path, named in (
        ("/api/track/click", {"link_id": rival_link.pk}),
        ("/api/track/view", {"profile_id": "rita"}),
    ):
        assert send({**named, **visitor}, path, authorization=bearer).status == 400


def test_nobody_speaks_for_others_without_a_token(send: Send, link: Link) -> None:
    send({"link_id": link.pk, "ip": "8.8.8.8", "user_agent": IPHONE}, "/api/track/click")
    event = the_event()
    assert (event.country, event.os) != ("US", "iOS")


# --- What is gone -----------------------------------------------------------------------------


def test_a_deleted_link_takes_late_clicks_for_a_week(send: Send, link: Link) -> None:
    now = datetime.now(UTC)
    for days, status in ((6, 202), (8, 400)):
        link.deleted_at = now - timedelta(days=days)
        link.save()
        directory.forget()
        assert send({"link_id": link.pk}, "/api/track/click").status == status


def test_a_hidden_profile_and_a_link_that_is_off_still_take_events(send: Send, link: Link) -> None:
    Link.plain.update(is_active=False)
    LinkProfile.plain.update(is_published=False)
    assert send({"link_id": link.pk}, "/api/track/click").status == 202
    assert send({"profile_id": "ada"}, "/api/track/view").status == 202


def test_a_site_that_is_to_be_deleted_takes_events_until_then(send: Send, link: Link) -> None:
    now = datetime.now(UTC)
    for hours, status in ((1, 202), (-1, 400)):
        Site.plain.filter(pk=link.profile.site_id).update(delete_at=now + timedelta(hours=hours))
        directory.forget()
        assert send({"link_id": link.pk}, "/api/track/click").status == status
        assert send({"profile_id": "ada"}, "/api/track/view").status == status


def test_an_id_comes_before_a_name_of_the_same_figures(send: Send, link: Link) -> None:
    other = Link.objects.create(
        profile=link.profile, title="Other", url="https://b.test/", slug=str(link.pk)
    )
    number = Link.objects.create(
        profile=link.profile, title="Figures", url="https://c.test/", slug="4711"
    )
    for name, meant in ((str(link.pk), link), (other.pk, other), ("4711", number)):
        Event.plain.all().delete()
        assert send({"link_id": name}, "/api/track/click").status == 202
        assert the_event().link_id == meant.pk


# --- Whom a program speaks for ----------------------------------------------------------------


@pytest.mark.parametrize(
    "payload",
    [{"link_id": "offer"}, {"profile_id": "ada"}, {"session_id": "s1"}, {"sessionId": "s1"}],
)
def test_a_program_that_says_for_whom_counts_as_a_person(
    send: Send, link: Link, payload: dict[str, Any]
) -> None:
    site = link.profile.site
    reply = send({"id": "x", "site": site.key, **payload}, user_agent=CURL)
    assert reply.results == {"x": "accepted"}
    event = the_event()
    assert event.flags & EventFlag.SPEAKS_FOR
    assert Agent.objects.get().bot == "http-library"
    ends = Outcome.objects.unscoped("the books").filter(site=site)
    assert list(ends.values_list("reason", "n")) == [("stored", 1)]
    rebuild_all()
    assert DailyStat.plain.get(site=site, dimension="").visitors == 1


def test_a_program_that_says_nothing_is_a_bot(send: Send, link: Link) -> None:
    site = link.profile.site
    assert send({"id": "x", "site": site.key}, user_agent=CURL).results == {"x": "accepted: bot"}
    assert not the_event().flags & EventFlag.SPEAKS_FOR


def test_a_crawler_stays_one_whatever_it_names(send: Send, link: Link) -> None:
    payload = {"id": "x", "link_id": link.pk, "session_id": "s1"}
    assert send(payload, user_agent=GOOGLEBOT).results == {"x": "accepted: bot"}


def test_the_sessions_that_a_program_names_are_visitors_of_their_own(
    send: Send, link: Link
) -> None:
    for session in ("a", "a", "b"):
        send({"link_id": link.pk, "session_id": session}, user_agent=CURL)
    rebuild_all()
    total = DailyStat.plain.get(site=link.profile.site, dimension="")
    assert (total.visitors, total.clicks, total.clickers) == (2, 3, 2)


# --- What it costs ----------------------------------------------------------------------------


def test_links_that_many_events_name_are_one_question(link: Link) -> None:
    names: list[int | str] = [link.pk, link.slug, *range(1_000, 1_300), "nope"]
    with CaptureQueriesContext(connection) as queries:
        links.link.load(names)
    assert len(queries) == 1
    assert links.link.get(link.pk) == links.link.get(link.slug)
