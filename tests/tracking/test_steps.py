"""The way of an event: each step's promise."""

from datetime import date, timedelta

import pytest

from privacy.models import Salt
from tests.conftest import CHROME, at
from tests.sending import arrival_at, run_steps
from tracking.ingest import directory, wire
from tracking.ingest.directory import TokenFacts
from tracking.ingest.fields import Dropped
from tracking.ingest.wire import Hit
from tracking.models.events import EventFlag

pytestmark = pytest.mark.django_db

NOW = at("2026-03-02 23:30")  # the 3rd in Berlin


def hit(body: bytes) -> Hit:
    (item,) = wire.decode(body, NOW)
    assert isinstance(item, Hit)
    return item


def run(site, payload: str = "", **arrival) -> Hit:
    body = f'{{"site": "{site.key}"{", " + payload if payload else ""}}}'
    return run_steps(hit(body.encode()), arrival_at(NOW, **arrival))


@pytest.fixture
def trusted(site) -> TokenFacts:
    return TokenFacts(may_ingest=True, site_ids=frozenset({site.pk}))


# --- Whose event --------------------------------------------------------------------------------


def test_the_key_says_whose_event_it_is(site):
    assert run(site).site_id == site.pk


@pytest.mark.parametrize(
    ("origin", "referer", "url"),
    [
        ("https://shop.acme.test", "", ""),
        ("https://www.shop.acme.test", "", ""),
        ("null", "https://shop.acme.test/x", ""),
        ("", "", "https://SHOP.acme.test/x"),
    ],
)
def test_without_a_key_the_host_of_the_page_says_it(site, origin, referer, url):
    item = hit(f'{{"url": "{url}"}}'.encode())
    assert run_steps(item, arrival_at(NOW, origin=origin, referer=referer)).site_id == site.pk


@pytest.mark.parametrize("origin", ["https://shop.acme.test.evil.test", "https://acme.test", "x"])
def test_another_host_says_nothing(site, origin):
    with pytest.raises(Dropped, match="site_unknown"):
        run_steps(hit(b"{}"), arrival_at(NOW, origin=origin))


def test_a_host_that_two_sites_claim_says_nothing(site, rival_site):
    rival_site.domains = ["shop.acme.test"]
    rival_site.save()
    with pytest.raises(Dropped, match="site_unknown"):
        run_steps(hit(b"{}"), arrival_at(NOW, origin="https://shop.acme.test"))


def test_the_installations_default_site_takes_the_rest(site, settings):
    settings.DEFAULT_SITE = site.key
    assert run_steps(hit(b'{"path": "/"}'), arrival_at(NOW)).site_id == site.pk


def test_a_key_that_is_wrong_is_not_given_to_somebody_else(site, settings):
    settings.DEFAULT_SITE = site.key
    with pytest.raises(Dropped, match="site_unknown"):
        run_steps(hit(b'{"site": "nobody"}'), arrival_at(NOW))


def test_a_token_sends_only_to_its_sites(site, rival_site, trusted):
    assert run(site, token=trusted).site_id == site.pk
    with pytest.raises(Dropped, match="site_unknown"):
        run(rival_site, token=trusted)


# --- Whose address ------------------------------------------------------------------------------


def test_an_untrusted_sender_speaks_for_itself_only(site):
    got = run(site, '"ip": "8.8.8.8", "user_agent": "x"', address="84.160.1.1")
    assert (got.country, got.agent) == ("DE", CHROME)


def test_a_trusted_sender_speaks_for_its_visitors(site, trusted):
    got = run(site, f'"ip": "8.8.8.8", "user_agent": "{CHROME}"', token=trusted, agent="curl/8")
    assert (got.country, got.browser, got.bot) == ("US", "Chrome", "")


def test_a_trusted_sender_without_a_visitor_has_none(site, trusted):
    got = run(site, token=trusted, agent="curl/8")
    assert (got.visitor, got.bot, got.country) == (None, "", None)


def test_the_address_is_not_kept(site):
    assert run(site).ip is None


# --- When ---------------------------------------------------------------------------------------


def test_without_a_time_it_is_now_on_the_sites_own_day(site):
    got = run(site)
    assert (got.occurred_at, got.day, got.flags) == (NOW, date(2026, 3, 3), 0)


@pytest.mark.parametrize(
    "text",
    [
        "1772449200000",
        "1772449200",
        "1772449200000000",
        '"2026-03-02T11:00:00Z"',
        '"2026-03-02T12:00:00+01:00"',
        '"1772449200000"',
    ],
)
def test_times_are_read_in_the_forms_that_clients_use(site, text):
    assert run(site, f'"timestamp": {text}').occurred_at == at("2026-03-02 11:00")


@pytest.mark.parametrize("days", [-30, 30])
def test_a_wrong_clock_is_corrected_by_the_time_of_sending(site, days):
    """A device whose clock is a month off: the event was a minute before it was sent."""
    sent = NOW + timedelta(days=days)
    happened = sent - timedelta(minutes=1)
    payload = f'"timestamp": "{happened.isoformat()}", "sent_at": "{sent.isoformat()}"'
    got = run(site, payload)
    assert got.occurred_at == NOW - timedelta(minutes=1)
    assert got.flags == EventFlag.CLOCK_CORRECTED


@pytest.mark.parametrize("text", ["2022-01-01T00:00:00Z", "2026-03-03T00:30:00Z", "0001-01-01"])
def test_a_time_that_cannot_be_is_stored_at_its_arrival_and_flagged(site, text):
    got = run(site, f'"timestamp": "{text}"')
    assert (got.occurred_at, got.flags) == (NOW, EventFlag.CLOCK_CLAMPED)


def test_a_late_event_of_this_week_keeps_its_time(site):
    got = run(site, '"timestamp": "2026-02-25T00:00:00Z"')
    assert (got.occurred_at, got.flags) == (at("2026-02-25 00:00"), 0)


def test_a_trusted_path_takes_any_day_since_2000_and_refuses_the_impossible(site, trusted):
    old = '"timestamp": "2001-02-03T00:00:00Z"'
    assert run(site, old, token=trusted).day == date(2001, 2, 3)
    for wrong in ("1999-12-31T23:59:59Z", "2026-03-03T00:30:00Z", "9999-12-31T23:59:59Z"):
        with pytest.raises(Dropped, match="timestamp_impossible"):
            run(site, f'"timestamp": "{wrong}"', token=trusted)


# --- Who ----------------------------------------------------------------------------------------


def test_a_visitor_is_the_same_all_day_and_somebody_else_tomorrow(site, trusted):
    def visitor(when: str, ip: str = "84.160.1.1", key: str = site.key) -> int | None:
        return run(site, f'"ip": "{ip}", "timestamp": "{when}"', token=trusted).visitor

    first = visitor("2026-03-01T08:00:00Z")
    assert first == visitor("2026-03-01T21:00:00Z")
    assert first != visitor("2026-03-01T08:00:00Z", ip="84.160.1.2")
    assert first != visitor("2026-03-02T08:00:00Z")


def test_a_visitor_of_two_sites_is_two_pseudonyms(site, rival_site):
    assert run(site).visitor != run(rival_site).visitor


def test_after_the_days_secret_is_gone_an_event_has_no_visitor(site, trusted):
    when = '"timestamp": "2026-03-01T08:00:00Z"'
    assert run(site, f'{when}, "ip": "84.160.1.1"', token=trusted).visitor is not None
    Salt.plain.update(secret=None)
    directory.forget()
    assert run(site, f'{when}, "ip": "84.160.1.1"', token=trusted).visitor is None


# --- Which page ---------------------------------------------------------------------------------


def test_a_visit_from_the_sites_own_pages_comes_from_nowhere_new(site):
    got = run(site, '"url": "https://shop.acme.test/a", "referrer": "https://www.shop.acme.test/"')
    assert (got.source, got.referrer_host, got.channel) == (None, None, "direct")


def test_seed_payloads_become_events(site):
    got = run(
        site,
        '"sessionId": "lt_1234567890_abc123", "type": "event", "category": "conversion",'
        ' "action": "signup_submit", "path": "/signup/", "timestamp": 1640995200000',
    )
    assert (got.name, got.action, got.path) == ("conversion", "signup_submit", "/signup/")
    assert got.session is not None
    assert got.flags == EventFlag.CLOCK_CLAMPED


def test_long_texts_are_cut_by_bytes_and_lose_nul(site):
    got = run(site, f'"title": "{"ä" * 600}", "path": "/{"x" * 600}", "label": "a\\u0000b"')
    assert got.title == "ä" * 256
    assert len(got.path) == 512
    assert got.label == "ab"
