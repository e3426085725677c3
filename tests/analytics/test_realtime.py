"""What is read from raw events is a bounded piece of them, however many bots there are."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics import queries, realtime, rollup
from tests.conftest import GOOGLEBOT
from tests.sending import rebuild_all, send, visit
from tracking.models import DirtyDay

pytestmark = pytest.mark.django_db(transaction=True)

BOTS = 30_000


@pytest.fixture
def bots(site):
    """A site that only bots came to, in great number, over two days; nothing is counted yet."""
    now = timezone.now()
    send(site, [{"user_agent": GOOGLEBOT, "at": now - timedelta(days=3)}])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tracking_event (site_id, event_id, occurred_at, received_at, name, path,"
            " agent_id) SELECT %s, gen_random_uuid(), %s - n * interval '5 s', now(), 'page_view',"
            " '/', (SELECT id FROM tracking_agent WHERE bot <> '' LIMIT 1)"
            " FROM generate_series(1, %s) n",
            [site.pk, now, BOTS],
        )
        cursor.execute("ANALYZE tracking_event, tracking_agent")
    return site


def rows_read(statements: list[str]) -> int:
    """How many rows of the event table the statements look at, by the server's own account."""
    found = 0

    def walk(node: dict) -> None:
        nonlocal found
        if node.get("Relation Name", "").startswith("tracking_event"):
            touched = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            found += int(touched * node["Actual Loops"])
        for child in node.get("Plans", []):
            walk(child)

    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
            (plan,) = cursor.fetchone()
            walk((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"])
    return found


@pytest.mark.parametrize("counted", [False, True])
def test_a_site_of_many_bots_is_not_searched_for_people(owner, bots, counted):
    DirtyDay.plain.all().delete()
    if counted:
        for back in range(3):
            rollup.rebuild(bots, bots.clock.date_of(timezone.now()) - timedelta(days=back))
    scope = owner.scope()
    with CaptureQueriesContext(connection) as asked:
        assert not queries.has_events(scope, bots)
        assert queries.first_event(scope, bots) is None
        assert queries.visitors_now(scope, bots, timezone.now()) == 0
    statements = [query["sql"] for query in asked.captured_queries]
    assert 0 < rows_read(statements) < 5 * realtime.NEWEST


def test_the_numbers_of_a_period_read_no_raw_events(owner, site):
    send(site, visit(timezone.now() - timedelta(days=1), ["/", "/a"]))
    rebuild_all()
    today = site.clock.date_of(timezone.now())
    with CaptureQueriesContext(connection) as asked:
        known = queries.days(owner.scope(), site, today - timedelta(days=30), today)
        period = queries.Period(today - timedelta(days=30), today, today)
        queries.totals(owner.scope(), site, period, ["visitors"], known)
        queries.breakdown(owner.scope(), site, period, "page", ["visitors"], known=known)
    assert not [query for query in asked.captured_queries if "tracking_event" in query["sql"]]


def test_the_first_event_of_a_site_is_found_after_its_first_days_are_sealed(owner, site):
    for back, path in ((5, "/first"), (2, "/second")):
        send(site, visit(timezone.now() - timedelta(days=back), [path]))
    (first, _second) = rebuild_all()
    assert queries.first_event(owner.scope(), site).path == "/first"
    rollup.seal(site, first.date)
    assert queries.first_event(owner.scope(), site).path == "/second"
