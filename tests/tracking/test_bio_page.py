"""The public side: what everybody sees at `/@name` and `/l/name`, and what of it is counted."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Site
from analytics.models import DailyStat
from linkpro.asgi import application
from tests.conftest import CHROME, GOOGLEBOT
from tests.sending import rebuild_all
from tracking import public_pages, public_views
from tracking.ingest import committer, directory, links, visits, writer
from tracking.models import Event, Link, LinkProfile, Outcome
from tracking.models.events import EventFlag

pytestmark = pytest.mark.django_db(transaction=True)

ADA = "/@ada"
OFFER = "/l/offer"
INSTAGRAM = "https://www.instagram.com/"
PERSON = {"user-agent": CHROME, "accept-language": "de-DE,de;q=0.9"}
TARGET = "https://shop.acme.test/offer?colour=blau&size=ß"
LOCATION = "https://shop.acme.test/offer?colour=blau&size=%C3%9F"


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        packed = self.headers.get("content-encoding") == "gzip"
        return (gzip.decompress(self.body) if packed else self.body).decode()


async def _ask(method: str, path: str, headers: dict[str, str], scheme: str = "http") -> Reply:
    path, _mark, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "scheme": scheme,
        "path": path,
        "query_string": query.encode(),
        "client": ("203.0.113.7", 40_000),
        "headers": [(name.encode(), text.encode()) for name, text in headers.items()],
    }
    client = ApplicationCommunicator(application, scope)
    start = await client.receive_output(timeout=10)
    end = await client.receive_output(timeout=10)
    await client.wait()
    told = {name.decode(): text.decode() for name, text in start["headers"]}
    return Reply(start["status"], told, end["body"])


async def _ask_once(method: str, path: str, headers: dict[str, str]) -> Reply:
    reply = await _ask(method, path, headers)
    await visits.shut_down()
    await committer.shut_down()
    return reply


def in_front(method: str, path: str, headers: dict[str, str]) -> Reply:
    return asyncio.run(_ask_once(method, path, headers))


def behind(method: str, path: str, headers: dict[str, str]) -> Reply:
    answer = Client(enforce_csrf_checks=True).generic(
        method, path, headers=headers, REMOTE_ADDR="203.0.113.7"
    )
    deadline = time.monotonic() + 10
    while public_views._room._value < visits.MOST_WAITING and time.monotonic() < deadline:
        time.sleep(0.01)  # it is stored in a thread
    told = {name.lower(): text for name, text in answer.headers.items()}
    return Reply(answer.status_code, told, answer.content)


Visit = Callable[..., Reply]


@pytest.fixture(params=[in_front, behind], ids=["asgi", "django"])
def visit(request: pytest.FixtureRequest) -> Visit:
    """Ask for a path through one of the doors."""

    def ask(path: str, method: str = "GET", **headers: str) -> Reply:
        given = {"host": "localhost", **PERSON}
        given |= {name.replace("_", "-"): text for name, text in headers.items()}
        return request.param(method, path, given)

    return ask


@pytest.fixture(autouse=True)
def _nothing_lost() -> Iterator[None]:
    public_views._lost.counts.clear()
    yield
    public_views._lost.counts.clear()


@pytest.fixture
def profile(site: Site) -> LinkProfile:
    own = Site.objects.create(tenant=site.tenant, kind=Site.Kind.BIO, name="Ada's links")
    return LinkProfile.objects.create(
        site=own, username="ada", title="Ada <Lovelace>", bio="Mathematics,\nmostly.", theme="sea"
    )


@pytest.fixture
def link(profile: LinkProfile) -> Link:
    Link.objects.create(
        profile=profile, title="Pictures", url="https://www.instagram.com/ada", slug="pictures"
    )
    return Link.objects.create(
        profile=profile, title="Our offer", url=TARGET, slug="offer", position=1
    )


@pytest.fixture
def picture(profile: LinkProfile) -> bytes:
    profile.avatar, profile.avatar_digest = b"RIFF....WEBP" * 20, "0123456789abcdef"
    profile.save()
    return profile.avatar


def the_event() -> Event:
    return Event.plain.get()


def counted(site: Site) -> dict[str, int]:
    rows = Outcome.objects.unscoped("the test reads the books").filter(site=site)
    ends: dict[str, int] = {}
    for reason, n in rows.values_list("reason", "n"):
        ends[reason] = ends.get(reason, 0) + n
    return ends


# --- The page ---------------------------------------------------------------------------------


def test_a_profile_is_a_page_with_its_active_links_in_order(visit: Visit, link: Link) -> None:
    Link.objects.create(
        profile=link.profile, title="Off", url="https://x.test/", is_active=False, position=2
    )
    Link.objects.create(
        profile=link.profile, title="Gone", url="https://x.test/", deleted_at=datetime.now(UTC)
    )
    Link.objects.create(profile=link.profile, title="Evil", url="javascript:alert(1)", position=3)
    reply = visit(ADA)
    assert reply.status == 200
    hrefs = re.findall(r'class="bio-link" href="([^"]+)"', reply.text)
    assert hrefs == ["/l/pictures", "/l/offer"]
    assert "<h1" in reply.text
    assert "Ada &lt;Lovelace&gt;" in reply.text
    assert "Evil" not in reply.text
    assert "Off" not in reply.text
    assert 'class="bio bio-sea"' in reply.text


def test_a_page_without_links_says_so(visit: Visit, profile: LinkProfile) -> None:
    assert "There are no links here yet." in visit(ADA).text


def test_a_page_tells_machines_whose_it_is(visit: Visit, link: Link, picture: bytes) -> None:
    text = visit(ADA).text
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text)
    told = json.loads(found)
    assert told["@type"] == "ProfilePage"
    person = told["mainEntity"]
    assert (person["@type"], person["name"]) == ("Person", "Ada <Lovelace>")
    assert person["sameAs"] == ["https://www.instagram.com/ada"]
    assert person["image"].endswith("/@ada/avatar-0123456789abcdef.webp")
    assert '<link rel="me" href="https://www.instagram.com/ada">' in text
    assert re.search(r'<link rel="canonical" href="http://[^"]+/@ada">', text)
    for name in ("og:title", "og:image", "og:url", "og:description"):
        assert f'property="{name}"' in text
    assert '<meta name="twitter:card" content="summary">' in text
    assert '<meta name="description" content="Mathematics, mostly.">' in text


def test_a_page_sets_no_cookie_and_runs_nothing(visit: Visit, link: Link) -> None:
    reply = visit(ADA)
    assert "set-cookie" not in reply.headers
    assert re.findall(r"<script(?! type=\"application/ld\+json\")", reply.text) == []
    assert "style=" not in reply.text
    policy = reply.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["x-frame-options"] == "DENY"
    assert reply.headers["referrer-policy"] == "same-origin"
    assert "x-request-id" in reply.headers


def test_a_page_is_small_with_all_it_needs(visit: Visit, link: Link) -> None:
    for number in range(20):
        Link.objects.create(
            profile=link.profile, title=f"Link {number} " * 5, url="https://x.test/", position=9
        )
    css = (public_pages.bio.__file__ or "").replace("bio.py", "static/tracking/bio.css")
    with open(css, "rb") as file:
        style = file.read()
    page = visit(ADA, accept_encoding="br, gzip;q=0.8")
    assert page.headers["content-encoding"] == "gzip"
    assert page.headers["vary"] == "Accept-Encoding"
    assert len(page.body) + len(style) < 15_000  # and 15 kB for the picture


def test_a_page_that_is_known_is_not_sent_again(visit: Visit, link: Link) -> None:
    first = visit(ADA)
    again = visit(ADA, if_none_match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    packed = visit(ADA, accept_encoding="gzip", if_none_match=f"W/{first.headers['etag']}")
    assert packed.status == 200  # another entity
    assert Event.plain.count() == 3  # each is a visit


def test_a_change_is_seen_at_once_by_whoever_asks_later(visit: Visit, link: Link) -> None:
    first = visit(ADA)
    Link.plain.filter(pk=link.pk).update(title="Another offer")
    directory.forget()  # some seconds later
    second = visit(ADA, if_none_match=first.headers["etag"])
    assert second.status == 200
    assert "Another offer" in second.text


@pytest.mark.parametrize("path", ["/@Ada", "/@ADA/", "/@ada/", "/@Ada?utm_source=x"])
def test_another_spelling_leads_to_the_one_address(
    visit: Visit, profile: LinkProfile, path: str
) -> None:
    reply = visit(path)
    assert reply.status == 301
    assert reply.headers["location"] == "/@ada" + ("?utm_source=x" if "?" in path else "")
    assert not Event.plain.exists()


@pytest.mark.parametrize(
    "path",
    [
        "/@nobody",
        "/@",
        "/@a/b",
        "/@.ada",
        "/@" + "x" * 50,
        "/@ada/avatar-x.webp",
        "/@ada%00",
        "/l/",
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(
    visit: Visit, profile: LinkProfile, path: str
) -> None:
    reply = visit(path)
    assert reply.status in (404, 400)
    assert not Event.plain.exists()


def test_a_hidden_profile_is_not_there(visit: Visit, link: Link) -> None:
    LinkProfile.plain.update(is_published=False)
    reply = visit(ADA)
    assert reply.status == 404
    assert "Ada" not in reply.text


def test_a_site_that_is_deleted_is_gone_from_then_on(visit: Visit, link: Link) -> None:
    now = datetime.now(UTC)
    for hours, page, redirect in ((1, 200, 302), (-1, 404, 404)):
        Site.plain.filter(pk=link.profile.site_id).update(delete_at=now + timedelta(hours=hours))
        directory.forget()
        assert (visit(ADA).status, visit(OFFER).status) == (page, redirect)


def test_the_picture_is_kept_for_good_at_its_address(visit: Visit, picture: bytes) -> None:
    assert 'src="/@ada/avatar-0123456789abcdef.webp"' in visit(ADA).text
    reply = visit("/@ada/avatar-0123456789abcdef.webp")
    assert (reply.status, reply.body) == (200, picture)
    assert reply.headers["content-type"] == "image/webp"
    assert "immutable" in reply.headers["cache-control"]
    assert visit("/@ada/avatar-fedcba9876543210.webp").status == 404
    assert Event.plain.count() == 1  # the page, not the picture


# --- Views ------------------------------------------------------------------------------------


def test_a_look_at_the_page_is_a_page_view(visit: Visit, profile: LinkProfile) -> None:
    visit(f"{ADA}?utm_source=newsletter&utm_campaign=may", referer=INSTAGRAM)
    event = the_event()
    assert (event.site_id, event.name, event.path) == (profile.site_id, "page_view", ADA)
    assert (event.source, event.campaign, event.language) == ("newsletter", "may", "de-DE")
    assert (event.referrer_host, event.browser, event.host) == (
        "instagram.com",
        "Chrome",
        "localhost",
    )
    assert event.visitor is not None
    assert event.ip is None
    assert counted(profile.site) == {"stored": 1}


def test_nobody_looks_by_head(visit: Visit, link: Link) -> None:
    for path in (ADA, OFFER):
        got, head = visit(path), visit(path, method="HEAD")
        assert (head.status, head.body) == (got.status, b"")
        for name in ("etag", "location", "content-length", "cache-control"):
            assert head.headers.get(name) == got.headers.get(name)
    assert Event.plain.count() == 2  # the two that were got


@pytest.mark.parametrize(
    ("headers", "flags"),
    [
        ({"sec_purpose": "prefetch;prerender"}, EventFlag.AUTOMATED),
        ({"purpose": "prefetch"}, EventFlag.AUTOMATED),
        ({"user_agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"}, 0),
        ({"user_agent": GOOGLEBOT}, 0),
        ({"user_agent": "curl/8.5.0"}, 0),
    ],
)
def test_who_only_looks_ahead_is_stored_and_not_counted(
    visit: Visit, link: Link, headers: dict[str, str], flags: int
) -> None:
    assert visit(ADA, **headers).status == 200
    assert visit(OFFER, **headers).status == 302
    assert {event.flags for event in Event.plain.all()} == {flags}
    assert counted(link.profile.site) == {"bot": 2}
    rebuild_all()
    assert not DailyStat.plain.filter(dimension="", clicks__gt=0).exists()


# --- Clicks -----------------------------------------------------------------------------------


def test_a_link_leads_on_and_is_a_click(visit: Visit, link: Link) -> None:
    reply = visit(OFFER, referer="https://t.co/x")
    assert (reply.status, reply.headers["location"]) == (302, LOCATION)
    assert "no-store" in reply.headers["cache-control"]
    assert reply.headers["referrer-policy"] == "strict-origin"
    assert "set-cookie" not in reply.headers
    event = the_event()
    assert (event.name, event.link_id, event.label) == ("click", link.pk, "Our offer")
    assert (event.path, event.source) == (ADA, "Twitter")
    assert event.props == {"href": TARGET, "outbound": True}
    rebuild_all()
    total = DailyStat.plain.get(site=link.profile.site, dimension="")
    assert (total.clicks, total.clickers) == (1, 1)


def test_a_click_on_the_page_has_the_campaign_that_led_to_the_page(
    visit: Visit, link: Link
) -> None:
    visit(OFFER, referer=f"http://localhost{ADA}?utm_source=newsletter")
    event = the_event()
    assert (event.source, event.referrer_host, event.path) == ("newsletter", None, ADA)


def test_a_click_from_our_own_host_comes_from_nowhere_new(visit: Visit, link: Link) -> None:
    visit(OFFER, referer="http://localhost/somewhere")
    event = the_event()
    assert (event.source, event.channel, event.referrer_host) == (None, "direct", None)


@pytest.mark.parametrize("url", ["mailto:ada@acme.test", "tel:+4930123456", "HTTPS://a.test/x"])
def test_links_lead_to_mail_and_telephones_too(visit: Visit, link: Link, url: str) -> None:
    Link.plain.filter(pk=link.pk).update(url=url)
    reply = visit(OFFER)
    assert (reply.status, reply.headers["location"]) == (302, url)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.test/",
        "/admin/",
        "https://a.test/\r\nX: y",
    ],
)
def test_links_never_lead_elsewhere(visit: Visit, link: Link, url: str) -> None:
    Link.plain.filter(pk=link.pk).update(url=url)
    reply = visit(OFFER)
    assert reply.status == 404
    assert "location" not in reply.headers
    assert not Event.plain.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [({"is_active": False}, "switched off"), ({"deleted_at": datetime.now(UTC)}, "is gone")],
)
def test_a_link_that_is_off_leads_to_the_others(
    visit: Visit, link: Link, change: dict[str, Any], words: str
) -> None:
    Link.plain.filter(pk=link.pk).update(**change)
    reply = visit(OFFER)
    assert reply.status == 404
    assert words in reply.text
    assert 'href="/@ada"' in reply.text
    LinkProfile.plain.update(is_published=False)
    directory.forget()
    assert "/@ada" not in visit(OFFER).text
    assert not Event.plain.exists()


def test_a_link_of_a_hidden_profile_leads_on(visit: Visit, link: Link) -> None:
    LinkProfile.plain.update(is_published=False)
    assert visit(OFFER).status == 302


def test_a_short_name_of_figures_is_no_id(visit: Visit, link: Link) -> None:
    assert visit(f"/l/{link.pk}00").status == 404
    Link.plain.filter(pk=link.pk).update(slug=f"{link.pk}00")
    directory.forget()
    assert visit(f"/l/{link.pk}00").status == 302


def test_the_rules_of_the_site_hold(visit: Visit, link: Link) -> None:
    own = link.profile.site
    own.excluded_networks, own.own_hosts_only = ["203.0.113.0/24"], True
    own.save()
    assert (visit(ADA).status, visit(OFFER).status) == (200, 302)
    assert not Event.plain.exists()
    assert counted(own) == {"own_traffic": 2}
    Site.plain.filter(pk=own.pk).update(excluded_networks=[])
    directory.forget()
    visit(ADA)
    assert Event.plain.count() == 1  # on our own host, which is its own


def test_who_asks_too_often_is_led_on_and_not_counted(
    visit: Visit, link: Link, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.INGEST_EVENTS_PER_SECOND, settings.INGEST_BURST = 0.001, 2
    monkeypatch.setattr(visits, "BOOKING_SECONDS", 0.01)
    for _n in range(4):
        assert visit(OFFER).status == 302
    assert Event.plain.count() == 2
    settings.INGEST_EVENTS_PER_SECOND = 0
    visit(ADA)  # the second door writes down what was lost with the next visit
    found = counted(link.profile.site)
    assert found["rate_limited"] == 2


def test_a_foreign_host_is_refused(visit: Visit, link: Link) -> None:
    reply = visit(OFFER, host="evil.test")
    assert reply.status == 400
    assert "location" not in reply.headers


def test_a_host_with_https_alone_sends_everybody_there(link: Link, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 60
    plain = in_front("GET", f"{ADA}?x=1", {"host": "localhost", **PERSON})
    assert (plain.status, plain.headers["location"]) == (301, "https://localhost/@ada?x=1")
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    proxied = {"host": "localhost", "x-forwarded-proto": "https", **PERSON}
    secure = in_front("GET", ADA, proxied)
    assert secure.status == 200
    assert secure.headers["strict-transport-security"].startswith("max-age=60")


# --- What it costs ----------------------------------------------------------------------------


def test_a_page_is_two_questions_whatever_it_shows(link: Link) -> None:
    for number in range(30):
        Link.objects.create(profile=link.profile, title=str(number), url="https://x.test/")
    with CaptureQueriesContext(connection) as queries:
        public_pages.page.load(["ada", "nobody"])
    assert len(queries) == 2


# --- While nothing can be stored --------------------------------------------------------------


def test_more_visits_than_fit_are_led_on_and_counted_as_lost(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "MOST_WAITING", 2)
    write = writer.write

    def slow(*args: Any) -> list[str]:
        time.sleep(0.5)
        return write(*args)

    async def crowd() -> None:
        headers = {"host": "localhost", **PERSON}
        await _ask("HEAD", OFFER, headers)
        replies = await asyncio.gather(*(_ask("GET", OFFER, headers) for _n in range(5)))
        assert {reply.status for reply in replies} == {302}
        await visits.shut_down()
        await committer.shut_down()

    monkeypatch.setattr(writer, "write", slow)
    asyncio.run(crowd())
    assert counted(link.profile.site) == {"stored": 2, "redirect_unstored": 3}


def test_a_redirect_does_not_wait_for_a_store_that_hangs(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The click is stored afterwards, once."""
    write = writer.write

    def slow(*args: Any) -> list[str]:
        time.sleep(1)
        return write(*args)

    async def click() -> tuple[Reply, float]:
        await _ask("HEAD", OFFER, {"host": "localhost", **PERSON})
        began = time.perf_counter()
        reply = await _ask("GET", OFFER, {"host": "localhost", **PERSON})
        took = time.perf_counter() - began
        await visits.shut_down()
        await committer.shut_down()
        return reply, took

    monkeypatch.setattr(writer, "write", slow)
    reply, took = asyncio.run(click())
    assert reply.status == 302
    assert took < 0.6
    assert Event.plain.count() == 1


def test_known_pages_and_links_outlive_the_database(
    link: Link, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Visits of a database that comes back are stored, once each."""
    monkeypatch.setattr(visits, "RETRIES", (0.05,))
    monkeypatch.setattr(directory, "BRIDGED_SECONDS", 0.0)
    avatar = "/@ada/avatar-0123456789abcdef.webp"
    headers = {"host": "localhost", **PERSON}
    connect, ask = writer.connect, {}

    def away(*args: Any, **more: Any) -> Any:
        raise OSError("away")

    async def outage() -> None:
        for path in (ADA, OFFER, avatar):
            assert (await _ask("HEAD", path, headers)).status in (200, 302)
        everything = (links.link, public_pages.page, public_pages.avatar, directory.clock_skew)
        for remembered in (*everything, directory.salt):
            ask[remembered] = remembered.ask
            remembered.ask = away
            remembered.answers.clear()
        monkeypatch.setattr(writer, "connect", away)
        for _n in range(3):
            assert (await _ask("GET", ADA, headers)).status == 200
            assert (await _ask("GET", OFFER, headers)).headers["location"] == LOCATION
            assert (await _ask("GET", avatar, headers)).status == 200
        unknown = await _ask("GET", "/l/other", headers)
        assert (unknown.status, unknown.headers["retry-after"]) == (503, "5")
        monkeypatch.setattr(writer, "connect", connect)
        for remembered, asks in ask.items():
            remembered.ask = asks
        deadline = time.monotonic() + 10
        while visits.visits().waiting and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        await visits.shut_down()
        await committer.shut_down()

    asyncio.run(outage())
    assert sorted(Event.plain.values_list("name", flat=True)) == ["click"] * 3 + ["page_view"] * 3
    assert counted(link.profile.site) == {"stored": 6}


@pytest.mark.parametrize(("path", "reason"), [(ADA, "view_unstored"), (OFFER, "redirect_unstored")])
def test_what_is_lost_is_counted_once_the_database_is_back(
    link: Link, monkeypatch: pytest.MonkeyPatch, path: str, reason: str
) -> None:
    monkeypatch.setattr(visits, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(visits, "BOOKING_SECONDS", 0.05)
    connect = writer.connect
    headers = {"host": "localhost", **PERSON}

    def away() -> Any:
        raise OSError("away")

    async def outage() -> None:
        monkeypatch.setattr(writer, "connect", away)
        for _n in range(3):
            assert (await _ask("GET", path, headers)).status in (200, 302)
            while visits.visits().waiting:
                await asyncio.sleep(0.01)
        monkeypatch.setattr(writer, "connect", connect)
        deadline = time.monotonic() + 10
        while visits.visits().lost.counts and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        await visits.shut_down()
        await committer.shut_down()

    asyncio.run(outage())
    assert counted(link.profile.site) == {reason: 3}
    assert not Event.plain.exists()


def test_the_second_door_loses_nothing_uncounted_either(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_views, "RETRIES", (0.01, 0.01))
    connect = writer.connect

    def away() -> Any:
        raise OSError("away")

    monkeypatch.setattr(writer, "connect", away)
    assert behind("GET", OFFER, {"host": "localhost", **PERSON}).status == 302
    monkeypatch.setattr(writer, "connect", connect)
    assert behind("GET", OFFER, {"host": "localhost", **PERSON}).status == 302
    assert counted(link.profile.site) == {"redirect_unstored": 1, "stored": 1}
