"""Who agreed to be recognised is the same visitor on every day; nobody else ever is."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from accounts.models import Site
from analytics.models import DailyStat
from privacy.models import VisitorSecret
from privacy.pseudonyms import person_id, visitor_of
from tests.conftest import at
from tests.sending import arrival_at, rebuild_all, run_steps, send, visit
from tracking.ingest import directory, exchange, wire
from tracking.ingest.fields import Dropped
from tracking.ingest.wire import Hit
from tracking.models import Event, Rejected, Session

pytestmark = pytest.mark.django_db(transaction=True)

MONDAY = at("2026-03-02 10:00")
ADA = {"user_id": "ada", "consent": True}


def visitor(site: Site, when: datetime = MONDAY, arrival: dict | None = None, **event) -> int:
    """The visitor of an event that a browser sends."""
    body = json.dumps({"site": site.key, "url": "https://shop.acme.test/", **event})
    (item,) = wire.decode(body.encode(), when)
    assert isinstance(item, Hit)
    found = run_steps(item, arrival_at(when, **(arrival or {}))).visitor
    assert found is not None
    return found


def test_who_agreed_is_one_visitor_on_two_days_and_on_two_machines(site):
    other = {"address": "93.184.216.34", "agent": "another browser"}
    days = {
        visitor(site, **ADA),
        visitor(site, MONDAY + timedelta(days=1), **ADA),
        visitor(site, MONDAY + timedelta(days=40), other, **ADA),
    }
    assert len(days) == 1


def test_without_consent_the_same_person_is_two(site):
    monday, tuesday = (visitor(site, MONDAY + timedelta(days=n), user_id="ada") for n in range(2))
    assert monday != tuesday
    assert monday == visitor(site)  # the id says nothing at all


@pytest.mark.parametrize("consent", [False, None, "true", "yes", 1, {}, ["true"]])
def test_only_true_is_consent(site, consent):
    assert visitor(site, user_id="ada", consent=consent) == visitor(site)


@pytest.mark.parametrize("nobody", [None, "", "  "])
def test_consent_of_nobody_is_none(site, nobody):
    assert visitor(site, user_id=nobody, consent=True) == visitor(site)


def test_an_id_may_be_a_number(site):
    assert visitor(site, user_id=7, consent=True) == visitor(site, user_id="7", consent=True)


def test_two_people_are_two_visitors_and_two_sites_know_different_ones(site, rival_site):
    assert visitor(site, **ADA) != visitor(site, user_id="ben", consent=True)
    assert visitor(site, **ADA) != visitor(rival_site, **ADA)


@pytest.mark.parametrize("header", ["sec-gpc", "dnt"])
def test_a_browser_that_objects_is_believed(site, header):
    (came,) = _arrivals({header: "1"})
    assert came.opted_out
    assert visitor(site, arrival={"opted_out": True}, **ADA) == visitor(site)
    (came,) = _arrivals({header: "0"})
    assert not came.opted_out


def _arrivals(headers: dict[str, str]):
    work = exchange.arrival(lambda name: headers.get(name, ""), "84.160.1.1")
    while True:
        try:
            missing = next(work)
        except StopIteration as end:
            return (end.value,)
        if missing is not None:
            missing.load()


def test_the_id_is_stored_nowhere(site):
    send(site, [{"url": "https://shop.acme.test/", "at": MONDAY, **ADA}])
    event = Event.plain.values().get()
    assert "ada" not in json.dumps(event, default=str)
    with pytest.raises(Dropped):
        _refused(site)
    assert "ada" not in json.dumps(list(Rejected.plain.values()), default=str)


def _refused(site: Site) -> None:
    body = json.dumps({"site": site.key, "timestamp": "never", **ADA}).encode()
    (item,) = wire.decode(body, MONDAY)
    assert isinstance(item, Dropped)
    raise item


def test_a_server_may_say_who_agreed(site):
    yesterday, today = MONDAY - timedelta(days=1), MONDAY
    events = [{"name": "purchase", "ip": "", "user_agent": "", "at": when, **ADA} for when in
              (yesterday, today)]  # fmt: skip
    assert send(site, events) == ["stored"] * 2
    assert {event.visitor for event in Event.plain.all()} == {visitor_of(site, "ada")}


def test_a_visit_over_midnight_is_known_to_go_on(site):
    before_midnight = at("2026-03-02 22:50")  # in Berlin it is ten to twelve
    send(site, visit(before_midnight, ["/", "/a", "/b"], gap=timedelta(minutes=9), **ADA))
    rebuild_all()
    first, second = Session.plain.order_by("started_at")
    assert (first.continued, second.continued) == (False, True)
    assert first.visitor == second.visitor


def test_a_session_of_the_client_s_own_goes_on_as_well(site):
    said = ADA | {"session_id": "s1"}
    send(site, visit(at("2026-03-02 22:50"), ["/", "/a"], gap=timedelta(minutes=15), **said))
    rebuild_all()
    assert [row.continued for row in Session.plain.order_by("started_at")] == [False, True]


def test_who_agrees_in_the_middle_of_a_day_is_two_visitors_of_it(site):
    before, after = visit(MONDAY, ["/", "/a"])
    send(site, [before, after | ADA])
    rebuild_all()
    total = DailyStat.objects.for_tenant(site.tenant).get(dimension="")
    assert (total.visitors, total.sessions) == (2, 2)


def test_whose_events_are_a_person_s_is_found_by_the_id_alone(site, rival_site):
    assert visitor_of(site, "ada") is None  # nobody has agreed here
    assert visitor(site, **ADA) == visitor_of(site, "ada")
    assert visitor_of(rival_site, "ada") is None


def test_without_the_secret_nobody_is_found_again(site):
    before = visitor(site, **ADA)
    VisitorSecret.plain.filter(site=site).delete()
    assert visitor_of(site, "ada") is None
    directory.forget()
    assert visitor(site, **ADA) != before


def test_a_pseudonym_fits_64_bits():
    ids = {person_id(secret, name) for secret in (b"a" * 32, b"b" * 32) for name in ("x", "y")}
    assert len(ids) == 4
    assert all(-(2**63) <= number < 2**63 for number in ids)
