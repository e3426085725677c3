"""What became of a site's events: sums that add up, words for every reason, samples, again."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import Site
from analytics import outcomes
from analytics.period import preset
from analytics.reasons import BOTS, REASONS, Kind, reason_of
from tests.conftest import GOOGLEBOT
from tests.sending import send, visit
from tracking import agents
from tracking.ingest import writer
from tracking.ingest.samples import Refusal
from tracking.models import Event, Outcome, Rejected

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(signed_in, owner):
    return signed_in(owner)


def refuse(site: Site | None, reason: str, raw: bytes = b"{}", page: str = "") -> None:
    with writer.connect() as connection:
        writer.write(connection, [], [Refusal(site.pk if site else None, reason, raw, page)])


@pytest.fixture
def busy(site) -> Site:
    """Two page views, one of them twice, a bot, and three refused events."""
    now = timezone.now()
    event = {"id": "e-1", "url": "https://shop.acme.test/a", "at": now}
    send(site, [event, dict(event), *visit(now, ["/b"])])
    send(site, visit(now, ["/c"], user_agent=GOOGLEBOT))
    refuse(site, "host_foreign", b'{"url": "https://copy.test/x", "ip": "84.160.1.1"}', "copy.test")
    refuse(site, "own_traffic", b'{"url": "https://shop.acme.test/own"}')
    refuse(site, "path_excluded", b'{"url": "https://shop.acme.test/admin"}')
    return site


def page(client, site, query: str = ""):
    return client.get(f"/sites/{site.key}/outcomes{query}")


def test_the_sums_add_up_to_what_was_received(client, busy):
    context = page(client, busy, "?period=today").context
    parts = {part["kind"]: part["n"] for part in context["parts"]}
    assert context["received"] == 7
    assert parts == {"counted": 2, "apart": 1, "repeated": 1, "wanted": 2, "refused": 1}
    assert sum(parts.values()) == context["received"]
    assert sum(step["n"] for step in context["steps"]) == context["received"]
    assert {line.reason.code: line.n for line in context["lines"]}["host_foreign"] == 1


def test_what_an_import_replaced_is_no_arrival(owner, busy):
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    Outcome.plain.create(site=busy, hour=hour, reason="replaced", n=100)
    period = preset("today", timezone.now(), busy.clock)
    assert outcomes.books(owner.scope(), busy, period).received == 7


def test_days_are_the_sites_days(owner, site):
    """Berlin's midnight is an hour or two before that of UTC."""
    today = site.clock.date_of(timezone.now())
    start, _end = site.clock.bounds(today)
    for at, n in ((start, 3), (start - timedelta(hours=1), 5)):
        Outcome.plain.create(site=site, hour=at, reason="stored", n=n)
    found = outcomes.books(owner.scope(), site, preset("7d", timezone.now(), site.clock))
    assert [sum(counts.values()) for _label, counts in found.steps][-2:] == [5, 3]


def test_every_reason_that_the_code_can_give_has_words():
    source = "\n".join(
        path.read_text() for path in Path(settings.BASE_DIR, "tracking").rglob("*.py")
    )
    named = set(re.findall(r'(?:Dropped|Unusable)\(\s*"([a-z_]+)"', source))
    named |= set(re.findall(r'unknown: ClassVar\[str\] = "([a-z_]+)"', source))
    named |= set(re.findall(r'"([a-z]+_(?:missing|unstored))"', source))
    named |= set(re.findall(r'^(?:LIMITED|REPLACED) = "([a-z_]+)"', source, re.MULTILINE))
    named |= {writer.STORED, writer.DUPLICATE, writer.BOT}
    assert {"site_unknown", "link_unknown", "rate_limited", "replaced"} <= named
    assert named - set(REASONS) == set()
    assert reason_of("unstorable_22P02").code == "unstorable"


def test_every_class_of_bots_has_a_name():
    classes = {*agents.CLASSES.values(), *agents._CALLS_ITSELF, "crawler", ""}
    assert classes - set(BOTS) == set()


def test_bots_are_told_by_class(client, busy):
    assert [(bot.label, bot.n) for bot in page(client, busy).context["bots"]] == [
        ("Search engines", 1)
    ]


def test_an_unknown_reason_is_told_by_its_code():
    assert reason_of("brand_new").kind is Kind.REFUSED


def test_samples_say_nothing_of_people(client, busy):
    content = page(client, busy).content.decode()
    assert "copy.test" in content
    assert "84.160" not in content


def test_a_sample_is_sent_again_once_its_reason_is_gone(client, busy):
    row = Rejected.plain.get(reason="path_excluded")
    client.post(f"/sites/{busy.key}/outcomes/again", {"sample": row.pk})
    row.refresh_from_db()
    assert row.outcome == "stored"
    assert Event.plain.filter(site=busy, path="/admin").exists()
    answer = client.post(f"/sites/{busy.key}/outcomes/again", {"sample": row.pk}, follow=True)
    assert "nothing here that could be sent again" in answer.content.decode()


def test_what_still_has_its_reason_is_refused_again_and_says_so(client, busy):
    Site.plain.filter(pk=busy.pk).update(own_hosts_only=True)
    client.post(f"/sites/{busy.key}/outcomes/again", {"reason": "host_foreign"})
    assert Rejected.plain.get(reason="host_foreign").outcome == "host_foreign"


def test_own_traffic_never_comes_back(client, busy):
    """A sample knows no address, so nobody could tell any more whose it was."""
    row = Rejected.plain.get(reason="own_traffic")
    client.post(f"/sites/{busy.key}/outcomes/again", {"sample": row.pk})
    row.refresh_from_db()
    assert (row.outcome, row.replayed_at) == ("", None)


@pytest.mark.parametrize("given", [{"sample": "x"}, {"sample": "9" * 40}, {"reason": "\ud800"}, {}])
def test_nonsense_sends_nothing_again(client, site, given):
    given = {name: value.encode("utf-8", "replace").decode() for name, value in given.items()}
    assert client.post(f"/sites/{site.key}/outcomes/again", given).status_code == 302


def test_viewers_look_and_send_nothing_again(signed_in, member, busy):
    viewer = signed_in(member("viewer"))
    content = page(viewer, busy).content.decode()
    assert "/outcomes/again" not in content
    answer = viewer.post(f"/sites/{busy.key}/outcomes/again", {"reason": ""})
    assert answer.status_code == 403


def test_refusals_without_a_site_and_those_of_others_are_not_shown(client, busy, rival_site):
    before = page(client, busy).context["received"]
    refuse(None, "site_unknown", b'{"site": "nobodys"}')
    refuse(rival_site, "host_foreign", b'{"url": "https://rivals.test/"}', "rivals.test")
    after = page(client, busy)
    assert after.context["received"] == before
    assert "nobodys" not in after.content.decode()
    assert "rivals.test" not in after.content.decode()
    for path in ("", "/live"):
        assert client.get(f"/sites/{rival_site.key}/outcomes{path}").status_code == 404
    row = Rejected.plain.get(site=rival_site)
    client.post(f"/sites/{busy.key}/outcomes/again", {"sample": row.pk})
    row.refresh_from_db()
    assert row.replayed_at is None


def test_the_newest_events_are_shown_without_whose_they_are(client, busy):
    answer = client.get(f"/sites/{busy.key}/outcomes/live")
    content = answer.content.decode()
    assert b"<html" not in answer.content
    assert "/b" in content
    assert "Search engines" in content
    event = Event.plain.filter(path="/b").get()
    assert str(event.visitor) not in content
    assert "84.160" not in content


def test_a_site_without_events_says_what_to_do(client, site):
    assert "No event has come yet." in page(client, site).content.decode()


@pytest.mark.parametrize(
    "query", ["?period=x", "?samples=x", "?samples=99", "?reason=%ff", "?reason=x"]
)
def test_an_address_that_makes_no_sense_shows_what_there_is(client, busy, query):
    assert page(client, busy, query).status_code == 200


def test_the_page_takes_a_fixed_number_of_queries(client, busy, django_assert_max_num_queries):
    for number in range(20):
        refuse(busy, f"reason_{number}", b"{}")
    with django_assert_max_num_queries(13):
        page(client, busy)
