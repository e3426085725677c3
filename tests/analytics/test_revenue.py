"""Money is a value with a currency; revenue is what is in the site's own, to the last cent."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Site
from analytics import queries, rollup
from analytics.models import DailyStat, SiteDay
from analytics.period import Period
from analytics.reconcile import mark_other_currencies
from analytics.segments import Filter, Operator
from tests.conftest import at
from tests.sending import rebuild_all, send, visit
from tracking.ingest import directory
from tracking.models import DirtyDay

pytestmark = pytest.mark.django_db(transaction=True)

DAY = date(2026, 3, 2)
PERIOD = Period(DAY, DAY + timedelta(days=1), date(2026, 3, 10))


def buy(ip: str, value: str | None, currency: str | None, minute: int = 1, **more) -> dict:
    event = {"name": "conversion", "at": at("2026-03-02 10:00") + timedelta(minutes=minute)}
    return event | {"ip": ip, "value": value, "currency": currency} | more


@pytest.fixture
def shop(site) -> Site:
    """Two who came from Google buy in euros, one from nowhere in dollars; one sends no currency."""
    start = at("2026-03-02 10:00")
    google: dict[str, Any] = {"referrer": "https://www.google.com/"}
    for ip in ("84.160.1.1", "84.160.1.2"):
        send(site, visit(start, ["/"], ip=ip, **google))
    send(site, visit(start, ["/"], ip="84.160.1.3"))
    send(
        site,
        [
            buy("84.160.1.1", "0.1", "EUR"),
            buy("84.160.1.1", "0.2", "EUR", 2),
            buy("84.160.1.2", "19.99", "EUR"),
            buy("84.160.1.2", "-5", "EUR", 3),
            buy("84.160.1.3", "7.5", "USD"),
            buy("84.160.1.3", "1000", None, 2),
            buy("84.160.1.3", None, "EUR", 3),
        ],
    )
    rebuild_all()
    return site


@pytest.fixture
def scope(owner):
    return owner.scope()


def revenue(scope, site, filters=()):
    keys = ["revenue", "revenue_per_visitor"]
    return queries.totals(scope, site, PERIOD, keys, filters=filters).numbers


def test_revenue_is_the_exact_sum_in_the_sites_currency(scope, shop):
    assert revenue(scope, shop) == {
        "revenue": Decimal("15.29"),
        "revenue_per_visitor": Decimal("15.29") / 3,
    }


def test_every_currency_is_listed_with_its_own_sum(scope, shop):
    rows = queries.breakdown(scope, shop, PERIOD, "currency", ["revenue", "events"]).rows
    found = {row.value: (row.numbers["revenue"], row.numbers["events"]) for row in rows}
    assert found == {"EUR": (Decimal("15.29"), 4), "USD": (Decimal("7.5"), 1)}


def test_revenue_belongs_to_the_source_of_its_visit(scope, shop):
    rows = queries.breakdown(scope, shop, PERIOD, "source", ["revenue"]).rows
    assert {row.value: row.numbers["revenue"] for row in rows} == {
        "Google": Decimal("15.29"),
        "": 0,
    }
    google = [Filter("source", Operator.IS, ("Google",))]
    assert revenue(scope, shop, google)["revenue"] == Decimal("15.29")
    conversions = [Filter("event", Operator.IS, ("conversion",))]
    assert revenue(scope, shop, conversions)["revenue"] == Decimal("15.29")
    pages = [Filter("page", Operator.CONTAINS, ("/",))]
    assert revenue(scope, shop, pages)["revenue"] == 0


def test_the_largest_values_do_not_stop_a_day(site):
    """More than any column of a fixed width could hold, and the smallest part of a cent."""
    for number in range(30):
        send(site, [buy(f"84.160.1.{number}", "99999999999999", "EUR")])
    send(site, [buy("84.160.2.1", "0.000001", "EUR")])
    rebuild_all()
    total = DailyStat.plain.get(dimension="")
    assert total.revenue == Decimal("2999999999999970.000001")


def test_many_currencies_together_have_no_sum(site, monkeypatch):
    from analytics import recount

    monkeypatch.setattr(recount, "MOST_VALUES", 2)
    for currency in ("EUR", "EUR", "USD", "GBP"):
        send(site, [buy("84.160.1.1", "1", currency)])
    rebuild_all()
    rows = DailyStat.plain.filter(dimension="currency")
    assert {row.value: row.revenue for row in rows} == {"EUR": 2, "(other)": None}


def test_after_a_change_of_currency_revenue_is_absent_until_counted_again(scope, shop):
    Site.plain.filter(pk=shop.pk).update(currency="USD")
    shop.refresh_from_db()
    directory.forget()
    assert revenue(scope, shop) == {"revenue": None, "revenue_per_visitor": None}
    (row,) = queries.breakdown(
        scope, shop, PERIOD, "source", ["revenue"], limit=1, order="revenue"
    ).rows
    assert row.numbers["revenue"] is None
    assert mark_other_currencies() == 1
    assert mark_other_currencies() == 0
    rebuild_all()
    assert revenue(scope, shop)["revenue"] == Decimal("7.5")
    assert SiteDay.plain.get().version == 2


def test_a_rebuild_in_a_new_currency_marks_the_sites_other_days(shop):
    send(shop, visit(at("2026-03-05 10:00"), ["/"]))
    rebuild_all()
    Site.plain.filter(pk=shop.pk).update(currency="USD")
    shop.refresh_from_db()
    rollup.rebuild(shop, date(2026, 3, 5))
    assert list(DirtyDay.plain.values_list("date", flat=True)) == [DAY]


def test_a_sealed_day_keeps_its_currency_and_its_list(scope, shop):
    rollup.seal(shop, DAY)
    Site.plain.filter(pk=shop.pk).update(currency="USD")
    shop.refresh_from_db()
    assert mark_other_currencies() == 0
    assert revenue(scope, shop)["revenue"] is None
    rows = queries.breakdown(scope, shop, PERIOD, "currency", ["revenue"]).rows
    assert {row.value: row.numbers["revenue"] for row in rows}["EUR"] == Decimal("15.29")
