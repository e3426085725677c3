"""What a site does not want counted, and what it keeps of addresses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from analytics.models import DailyStat
from tests.conftest import at
from tests.sending import rebuild_all, send, visit
from tracking import addresses
from tracking.ingest import directory
from tracking.models import Event
from tracking.models.events import EventFlag

pytestmark = pytest.mark.django_db(transaction=True)

HOME = "84.160.1.1"


def rule(site, **values):
    for name, value in values.items():
        setattr(site, name, value)
    site.full_clean()
    site.save()
    directory.forget()


@pytest.mark.parametrize("network", [HOME, "84.160.0.0/16", "84.160.7.7/16", "2001:db8::/48"])
def test_visits_from_an_excluded_network_are_not_counted(site, network):
    rule(site, excluded_networks=[network])
    for address in (HOME, "2001:db8::7"):
        inside = network.startswith("2001") == (":" in address)
        (end,) = send(site, visit(at("2026-03-02 10:00"), ["/"], ip=address))
        assert end == ("own_traffic" if inside else "stored")


def test_a_network_is_checked_when_it_is_set(site):
    with pytest.raises(ValidationError, match="no address or network"):
        rule(site, excluded_networks=["my office"])


def test_paths_are_excluded_as_a_whole_or_by_a_star(site):
    rule(site, excluded_paths=["/admin/*", "/a.c", "*/preview"])
    pages = ["/admin/x/y", "/a.c", "/abc", "/deep/er/preview", "/admin", "/x/previews"]
    ends = send(site, visit(at("2026-03-02 10:00"), pages))
    assert ends == ["path_excluded", "path_excluded", "stored", "path_excluded", "stored", "stored"]


def test_pages_on_foreign_hosts_are_refused_only_if_the_site_says_so(site):
    foreign = {"url": "https://copy.test/", "at": at("2026-03-02 10:00")}
    assert send(site, [foreign]) == ["stored"]
    rule(site, own_hosts_only=True)
    own = {"url": "https://www.shop.acme.test/", "at": at("2026-03-02 10:00")}
    nowhere = {"name": "ping", "at": at("2026-03-02 10:00")}
    assert send(site, [foreign, own, nowhere]) == ["host_foreign", "stored", "stored"]


@pytest.mark.parametrize("said", ["prefetch", "prefetch;prerender", "preview"])
def test_what_no_person_looks_at_is_kept_apart(site, said):
    event = {"site": site.key, "id": "a", "url": "https://shop.acme.test/"}
    answer = Client().post(
        "/api/track", event, "application/json", headers={"sec-purpose": said, "user-agent": "x/1"}
    )
    assert answer.json()["results"] == {"a": {"result": "accepted", "reason": "bot"}}
    assert Event.plain.get().flags & EventFlag.AUTOMATED
    (day,) = rebuild_all()
    assert not DailyStat.plain.filter(site=site, date=day.date).exists()


def test_addresses_are_kept_as_the_site_says(site):
    when = at("2026-03-02 10:00")
    for handling, kept in [
        ("none", {None}),
        ("truncated", {"84.160.1.0", "2001:db8:1::"}),
        ("full", {HOME, "2001:db8:1:2::9"}),
    ]:
        rule(site, addresses=handling)
        Event.plain.all().delete()
        for address in (HOME, "2001:db8:1:2::9"):
            send(site, visit(when, ["/"], ip=address))
        assert set(Event.plain.values_list("ip", flat=True)) == kept


def test_addresses_are_forgotten_after_the_sites_days(site):
    now = datetime.now(UTC)
    rule(site, addresses="full", address_days=10)
    send(site, visit(now - timedelta(days=11), ["/old"]) + visit(now - timedelta(days=9), ["/new"]))
    assert addresses.forget(now) == 1
    assert dict(Event.plain.values_list("path", "ip")) == {"/old": None, "/new": HOME}
    assert addresses.forget(now) == 0


def test_a_stricter_setting_reaches_what_is_stored(site):
    now = datetime.now(UTC)
    rule(site, addresses="full")
    send(site, visit(now, ["/"]) + visit(now, ["/"], ip="2001:db8:1:2::9"))
    rule(site, addresses="truncated")
    assert addresses.forget(now) == 2
    assert set(Event.plain.values_list("ip", flat=True)) == {"84.160.1.0", "2001:db8:1::"}
    assert addresses.forget(now) == 0
    rule(site, addresses="none")
    assert addresses.forget(now) == 2
    assert set(Event.plain.values_list("ip", flat=True)) == {None}
