"""The demo: its world knows its own truth, its traffic comes in once, others are left alone."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from itertools import product
from random import Random
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import ApiToken, Membership, Site, User
from accounts.tenants.onboarding import AlreadyFounded
from analytics.counting import DIMENSIONS
from analytics.metrics import MEASURES
from analytics.models import DailyStat
from linkpro import demo, sender, settle
from linkpro.demo import Demo
from linkpro.sender import Refused, Sender
from linkpro.world import JOURNAL, SHOP, SITES, Truth, World, people, truth
from tests.sending import rebuild_all, send
from tracking import agents, enrich
from tracking.models import Event

# The days around the change to summer time in Berlin.
SPRING = World(7, date(2026, 3, 30), 3)


# --- The world ------------------------------------------------------------------------------------


def payloads(world: World) -> list[dict[str, Any]]:
    return [event.payload() for event in world.all_events()]


def test_the_same_seed_makes_the_same_world():
    first = payloads(World(7, date(2026, 3, 2), 2))
    assert first == payloads(World(7, date(2026, 3, 2), 2))
    assert first != payloads(World(8, date(2026, 3, 2), 2))
    assert len({event["id"] for event in first}) == len(first)


def test_a_month_is_as_large_and_lively_as_promised():
    world = World(1, date(2026, 11, 22), 30)
    events = list(world.all_events())
    assert 60_000 < len(events) < 74_000
    visits = Counter({(event.site.slug, event.visit): event.person.bot for event in events})
    assert sum(visits.values()) / len(visits) == pytest.approx(0.042, abs=0.01)
    true = Truth(events)
    assert len(truth.split(true.pick("shop", *world.dates), "source")) >= 12
    shop = [len(true.pick("shop", day).visits) for day in world.dates]
    assert max(shop) > 2 * sorted(shop)[len(shop) // 2]  # the campaign
    assert sum(shop[-7:]) > sum(shop[:7]) * 1.1  # growth
    assert len(SHOP.pages) >= 25


@pytest.mark.parametrize("country", sorted(people.COUNTRIES))
def test_addresses_lie_in_the_country_they_stand_for(country: str):
    for block in people.COUNTRIES[country][1]:
        assert {enrich.country_of(f"{block}.{n}.7") for n in range(256)} == {country}


BROWSERS = (*people.DESKTOPS.things, *people.PHONES.things)
BOTS = (*people.BOTS.things, *people.RARE_BOTS)


@pytest.mark.parametrize("browser", [*BROWSERS, *BOTS], ids=lambda browser: browser.agent[-40:])
def test_browsers_are_what_the_world_says_they_are(browser: people.Browser):
    found = agents.agent_facts(browser.agent)
    assert (found.browser, found.os, found.device, found.bot) == browser[1:]
    if not browser.bot:
        other = people.numbered(browser, 7)
        assert other.agent != browser.agent
        assert agents.agent_facts(other.agent) == found


def test_people_have_many_browsers_and_bots_many_classes():
    assert len(BROWSERS) >= 30
    assert len({bot.bot for bot in BOTS}) >= 8


@pytest.fixture
def company(db: None) -> Demo:
    return demo.found()


@pytest.mark.django_db(transaction=True)
def test_the_worlds_truth_is_what_the_statistics_say(company: Demo):
    for spec in SITES:
        of_site = [event.payload() for event in SPRING.all_events() if event.site is spec]
        assert set(send(company.sites[spec.slug], of_site)) == {"stored"}
    rebuild_all()
    true = Truth(SPRING.all_events())
    for spec, day in product(SITES, SPRING.dates):
        picked = true.pick(spec.slug, day)
        rows = DailyStat.plain.filter(site=company.sites[spec.slug], date=day)
        links = settle.links_of(company.sites[spec.slug])
        told = {
            (row.dimension, links[row.value] if row.dimension == "link" else row.value): row
            for row in rows
        }
        assert {measure: getattr(told["", ""], measure) for measure in MEASURES} == {
            measure: picked[measure] for measure in MEASURES
        }
        for dimension in DIMENSIONS:
            events = {
                value: (row.page_views, row.events)
                for (name, value), row in told.items()
                if name == dimension
            }
            assert events == {
                value: (part["page_views"], part["events"])
                for value, part in truth.split(picked, dimension).items()
            }
    assert len(true.pick("shop", date(2026, 3, 29)).visits) > 300


# --- The company ----------------------------------------------------------------------------------


def test_the_demo_has_a_member_of_every_role_who_can_sign_in(company: Demo):
    for role in demo.PEOPLE:
        member = Membership.objects.for_tenant(company.tenant).get(user__email=demo.email_of(role))
        assert member.role == role
        assert Client().login(email=member.user.email, password=demo.PASSWORD)
    assert [company.sites[spec.slug].time_zone for spec in (SHOP, JOURNAL)] == [
        "Europe/Berlin",
        "America/New_York",
    ]


def test_an_installation_in_use_gets_no_demo(site: Site, endpoint: Endpoint):
    with pytest.raises(AlreadyFounded):
        demo.found()
    said = run(endpoint, "--follow")
    assert "in use" in said
    assert demo.PASSWORD not in said
    assert User.objects.count() == 1
    assert not endpoint.events


def test_production_gets_no_demo(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        call_command("demo")


# --- The traffic ----------------------------------------------------------------------------------


class Endpoint(ThreadingHTTPServer):
    """An endpoint that takes everything, unless it has other answers to give first."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.first: list[tuple[int, dict[str, str]]] = []
        self.events: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        self.url = f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Endpoint

    def do_GET(self) -> None:
        self.answer(200)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, headers = self.server.first.pop(0) if self.server.first else (202, {})
        if status == 0:  # breaks off without a word
            self.close_connection = True
            return
        if status == 202:
            self.server.tokens.add(self.headers["Authorization"])
            self.server.events += json.loads(body)["events"]
        self.answer(status, headers)

    def answer(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "2", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *given: Any) -> None:
        """Nothing is worth a line."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "FIRST_WAIT", 0.01)


def run(endpoint: Endpoint, *options: str) -> str:
    out = StringIO()
    call_command("demo", "--url", endpoint.url, "--days", "1", *options, stdout=out)
    return out.getvalue()


def test_events_are_kept_until_they_are_taken(endpoint: Endpoint):
    endpoint.first = [(503, {"Retry-After": "0"}), (0, {}), (500, {}), (429, {})]
    with Sender(endpoint.url, "t", threading.Event()) as link:
        link.send("key", [{"id": "1"}])
        link.send("key", [{"id": "2"}])
    assert [event["id"] for event in endpoint.events] == ["1", "2"]


def test_a_busy_endpoint_is_left_alone_as_long_as_it_asks(endpoint: Endpoint, monkeypatch):
    stop, waits = threading.Event(), []
    monkeypatch.setattr(stop, "wait", lambda seconds: waits.append(seconds))
    endpoint.first = [(503, {"Retry-After": "7"})]
    with Sender(endpoint.url, "t", stop) as link:
        link.send("key", [{"id": "1"}])
    assert waits == [7.0]


def test_what_is_refused_is_not_sent_again(endpoint: Endpoint):
    endpoint.first = [(400, {})]
    with pytest.raises(Refused), Sender(endpoint.url, "t", threading.Event()) as link:
        link.send("key", [{"id": "1"}])
    assert not endpoint.events


@pytest.mark.django_db(transaction=True)
def test_the_demo_sends_its_past_once_and_says_who_may_sign_in(endpoint: Endpoint):
    said = run(endpoint)
    assert demo.PASSWORD in said
    assert "owner@demo.localhost" in said
    ids = {event["id"] for event in endpoint.events}
    assert len(ids) == len(endpoint.events) > 0
    assert not ApiToken.plain.filter(revoked_at=None).exists()
    again = run(endpoint)
    assert demo.PASSWORD in again
    assert len(endpoint.events) == len(ids)


@pytest.mark.django_db(transaction=True)
def test_an_interrupted_demo_goes_on_with_the_same_events(endpoint: Endpoint, company: Demo):
    world, stop = World(1, date(2026, 3, 3), 2), threading.Event()
    assert demo.load(world, company, endpoint.url, stop, lambda count: stop.set()) is None
    assert demo.unfinished(company)
    assert demo.load(world, company, endpoint.url, threading.Event(), lambda count: None)
    assert not demo.unfinished(company)
    everything = {str(event.id) for event in world.all_events()}
    assert {event["id"] for event in endpoint.events} == everything


@pytest.mark.django_db(transaction=True)
def test_an_endpoint_that_refuses_is_told_and_the_load_stays_unfinished(endpoint: Endpoint):
    endpoint.first = [(401, {})] * demo.CONNECTIONS
    with pytest.raises(CommandError, match="401"):
        run(endpoint)
    found = demo.find()
    assert found is not None
    assert demo.unfinished(found)


def stop_after(endpoint: Endpoint, count: int, stop: threading.Event) -> None:
    """Set `stop` once so many events have come, or after half a minute."""
    for _look in range(1_500):
        if len(endpoint.events) > count or stop.wait(0.02):
            break
    stop.set()


@pytest.mark.django_db(transaction=True)
def test_live_visits_come_until_it_is_stopped(endpoint: Endpoint, company: Demo, monkeypatch):
    monkeypatch.setattr(demo, "EAGER_SECONDS", 0.02)
    monkeypatch.setattr(demo, "LOOK_SECONDS", 0.02)
    endpoint.first = [(503, {"Retry-After": "0"}), (401, {})]
    stop = threading.Event()
    threading.Thread(target=stop_after, args=[endpoint, 5, stop]).start()
    demo.follow(World(1, datetime.now(UTC).date(), 1), company, endpoint.url, stop)
    ids = [event["id"] for event in endpoint.events]
    assert len(ids) == len(set(ids)) > 5
    assert all(event["timestamp"] <= datetime.now(UTC).isoformat() for event in endpoint.events)
    assert not company.tokens(demo.TOKEN_NAME)
    assert not Event.plain.exists()


def test_live_visits_calm_down_to_the_hours_rhythm():
    world = World(1, date(2026, 3, 3), 1)
    noon, night = (datetime(2026, 3, 3, hour, tzinfo=UTC) for hour in (18, 7))

    def mean(now: datetime, since: float) -> float:
        random = Random(1)
        return sum(demo.pause(world, now, since, random) for _n in range(500)) / 500

    assert 3 < mean(noon, 0) < 9
    assert mean(noon, 10_000) > 5 * mean(noon, 0)
    assert mean(night, 10_000) > mean(noon, 10_000)
