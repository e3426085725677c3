"""A small website over the API: its numbers, its funnel, and its raw data as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.utils import timezone

from accounts import spreadsheets
from accounts.models import AuditEntry, Site
from tests.conftest import GOOGLEBOT
from tests.sending import rebuild_all, send, visit

pytestmark = pytest.mark.django_db(transaction=True)
PATHS = ["/api/metrics", "/api/funnel", "/api/v1/metrics", "/api/v1/funnel"]


@pytest.fixture
def api(owner, token) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token(owner)}"}}


@pytest.fixture
def get(client, api) -> Callable[..., Any]:
    """The answer to a question, as JSON: `get("/api/metrics?days=7")`."""

    def ask(address: str, **other: Any) -> Any:
        answer = client.get(address, **(other or api))
        assert answer.status_code == 200, answer.content
        return answer.json()

    return ask


def noon(site: Site, days_ago: int = 1) -> Any:
    """Noon of a day on the site's clock."""
    today = site.clock.date_of(timezone.now())
    return site.clock.bounds(today - timedelta(days=days_ago))[0] + timedelta(hours=12)


@pytest.fixture
def launch(site) -> Site:
    """The contract's world: 1,247 visitors, 42 of whom sign up on their way through the funnel."""
    start, events = noon(site), []
    steps = [(424, "/vertical/doctors"), (224, "/pricing"), (87, "/demo")]
    for number in range(1_247):
        who = {"ip": f"84.{160 + number // 250}.1.{number % 250}"}
        pages = ["/", *(path for most, path in steps if number < most)]
        began = start + timedelta(seconds=number)
        events += visit(began, pages, gap=timedelta(seconds=20), **who)
        if number < 42:
            at = began + timedelta(seconds=90)
            done = {"category": "conversion", "action": "signup_submit", "path": "/signup/"}
            events.append({"type": "event", "at": at, **done, **who})
    send(site, events)
    rebuild_all()
    return site


def test_the_contracts_numbers_are_read_as_the_contract_has_them(get, launch):
    metrics = get("/api/metrics?days=7")
    assert metrics["metrics"]["total_visitors"] == 1247
    assert metrics["metrics"]["conversions"] == 42
    assert metrics["metrics"]["conversion_rate"] == 3.4
    assert metrics["metrics"]["avg_session_pages"] == round((1247 + 424 + 224 + 87) / 1247, 1)
    assert metrics["site"]["key"] == launch.key
    (direct,) = metrics["traffic_sources"]
    assert (direct["source"], direct["visitors"], direct["share"]) == ("direct", 1247, 1)
    assert len(metrics["recent_conversions"]) == 10
    newest = metrics["recent_conversions"][0]
    assert newest["conversion_type"] == "signup_submit"
    assert newest["source_path"] == "/signup/"
    funnel = get("/api/funnel?days=7")
    assert {key: funnel[key] for key in list(funnel)[:5]} == {
        "homepage_views": 1247,
        "vertical_views": 424,
        "pricing_views": 224,
        "demo_views": 87,
        "conversions": 42,
    }
    assert [step["count"] for step in metrics["funnel_data"]] == [1247, 424, 224, 87, 42]
    assert metrics["funnel_data"][1]["rate"] == round(424 / 1247, 4)
    assert metrics["funnel_data"][4]["step_rate"] == round(42 / 87, 4)


def test_what_was_not_measured_is_null_and_not_zero(get, site):
    metrics, funnel = get("/api/metrics"), get("/api/funnel")
    assert set(metrics["metrics"].values()) == {None}
    assert metrics["traffic_sources"] == metrics["recent_conversions"] == []
    assert {funnel[step["step"]] for step in funnel["funnel_data"]} == {None}
    assert funnel["coverage"]["since"] is None


def test_a_step_without_pages_is_null_and_patterns_match_whole_paths(get, site):
    pages = ["/", "/x", "/shop/a.b/plan", "/shop/aXb/plan", "/demo"]
    send(site, visit(noon(site), pages))
    rebuild_all()
    site.funnel_pages = {
        "homepage": ["/"],
        "vertical": ["/shop/*/plan"],
        "pricing": ["/shop/a.b/*", "/x"],
        "demo": [],
    }
    site.save()
    funnel = get("/api/funnel")
    shown = [step["count"] for step in funnel["funnel_data"]]
    assert shown == [1, 2, 2, None, 0]


def test_the_site_is_the_named_one_the_tokens_or_the_first(
    client, get, api, acme, owner, token, site, rival_site
):
    blog = Site.objects.create(tenant=acme, name="A blog", owner=owner.user)
    bio = Site.objects.create(tenant=acme, name="Bio", kind="bio", owner=owner.user)
    only = {"headers": {"Authorization": f"Bearer {token(owner, site_ids=[bio.pk])}"}}
    asked = {"": site, f"?site={blog.key}": blog, f"?site={blog.pk}": blog, f"?site={bio.pk}": bio}
    for query, expected in asked.items():
        assert get(f"/api/metrics{query}")["site"]["id"] == expected.pk
    assert get("/api/metrics", **only)["site"]["id"] == bio.pk
    for foreign in (rival_site.key, rival_site.pk, 2**31, 10**30, "٣", "x", "%ff"):
        assert client.get(f"/api/funnel?site={foreign}", **api).status_code == 404
    assert client.get(f"/api/funnel?site={site.pk}", **only).status_code == 404


@pytest.mark.parametrize("path", ["/api/metrics", "/api/v1/funnel", "/api/export"])
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("days=x", "invalid"),
        ("days=0", "invalid"),
        ("days=-1", "invalid"),
        ("days=1101", "invalid"),
        ("days=7.5", "invalid"),
        ("days=1_0", "invalid"),
        ("days=٣", "invalid"),
        ("days=999999999999999999999", "invalid"),
        ("period=decade", "period_invalid"),
        ("first=2026-01-01", "period_invalid"),
        ("first=2026-02-30&last=2026-03-01", "period_invalid"),
        ("first=1999-01-01&last=1999-01-02", "period_invalid"),
        ("days=7&period=7d", "period_invalid"),
    ],
)
def test_days_that_make_no_sense_are_refused_with_a_code(client, api, site, path, query, code):
    answer = client.get(f"{path}?{query}", **api)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", [*PATHS, "/api/export"])
def test_nobody_else_reads_them(client, owner, token, site, path):
    assert client.get(path).status_code in (401, 403)
    ingest = {"headers": {"Authorization": f"Bearer {token(owner, ['ingest'])}"}}
    assert client.get(path, **ingest).status_code == 403
    assert client.post(path, {}, **ingest).status_code in (403, 405)


@pytest.mark.parametrize(("path", "most"), [("/api/metrics", 10), ("/api/funnel", 7)])
def test_the_number_of_queries_is_known(
    client, api, launch, django_assert_max_num_queries, path, most
):
    client.get(path, **api)  # notes the token's first use
    with django_assert_max_num_queries(most):
        client.get(path, **api)


# --- Export -------------------------------------------------------------------------------------


@pytest.fixture
def busy(site) -> Site:
    """A visit with a conversion whose label is a formula, and a bot."""
    start = noon(site)
    send(site, visit(start, ["/", "/=1+1"], referrer="https://www.google.com/"))
    sold = {"type": "event", "category": "conversion", "action": "buy", "label": "=cmd()"}
    money = {"value": "12.50", "currency": "EUR", "props": {"plan": "team"}}
    send(site, [{"at": start + timedelta(minutes=5), "path": "/end", **sold, **money}])
    send(site, visit(start, ["/"], user_agent=GOOGLEBOT))
    rebuild_all()
    return site


def body(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def test_json_is_an_array_with_the_contracts_columns(client, api, busy):
    answer = client.get("/api/export?format=json&days=30", **api)
    assert answer["Content-Type"] == "application/json"
    assert "attachment" in answer["Content-Disposition"]
    rows = json.loads(body(answer))
    assert list(rows[0])[:11] == [
        "session_id", "event_type", "category", "action", "label", "value", "path", "timestamp",
        "user_agent", "ip_address", "referrer",
    ]  # fmt: skip
    assert [row["path"] for row in rows] == ["/", "/=1+1", "/end"]
    assert rows[2]["value"] == 12.5
    assert rows[2]["props"] == {"plan": "team"}
    assert rows[0]["referrer"] == "google.com"
    assert len({row["session_id"] for row in rows}) == 1
    assert rows[0]["session_id"]


def test_an_export_without_events_is_an_empty_array(client, api, site):
    assert json.loads(body(client.get("/api/v1/export", **api))) == []
    rows = list(csv.reader(io.StringIO(body(client.get("/api/export?format=csv", **api)))))
    assert len(rows) == 1


def test_a_workbook_has_the_rows_of_the_table_and_no_formula(client, api, busy, monkeypatch):
    path = "/api/export?format=xlsx&days=30"
    answer = client.get(path, **api)
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    header, *rows = book.active.iter_rows()
    columns = [cell.value for cell in header]
    assert [row[columns.index("path")].value for row in rows] == ["/", "/=1+1", "/end"]
    sold = rows[2]
    assert sold[columns.index("value")].value == 12.5
    assert sold[columns.index("label")].value == "=cmd()"
    assert {cell.data_type for row in rows for cell in row} <= {"s", "inlineStr", "n", "b", "d"}
    monkeypatch.setattr(spreadsheets, "MOST_ROWS", 2)
    refused = client.get(path, **api)
    assert (refused.status_code, refused.json()["code"]) == (400, "too_many_rows")


def test_no_cell_of_the_table_is_a_formula(client, api, busy):
    text = body(client.get("/api/export?format=csv&days=365", **api))
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[2]["label"] == "'=cmd()"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_bots_are_left_out_unless_they_are_asked_for(client, api, busy):
    rows = json.loads(body(client.get("/api/export?bots=1", **api)))
    assert [row["bot"] for row in rows].count(True) == 1
    assert len(rows) == 4


def test_visits_and_conversions_are_tables_of_their_own(client, api, busy):
    (session,) = json.loads(body(client.get("/api/export?table=sessions", **api)))
    assert list(session)[:8] == [
        "session_id", "first_seen", "last_seen", "page_count", "conversion_count", "source",
        "user_agent", "ip_address",
    ]  # fmt: skip
    assert (session["page_count"], session["conversion_count"]) == (2, 1)
    (sold,) = json.loads(body(client.get("/api/export?table=conversions", **api)))
    assert list(sold)[:5] == [
        "session_id", "conversion_type", "source_path", "value", "timestamp",
    ]  # fmt: skip
    assert (sold["conversion_type"], sold["value"]) == ("buy", 12.5)
    assert sold["session_id"] == session["session_id"]


def test_an_export_is_written_down(client, api, busy):
    body(client.get("/api/export?format=csv&days=3", **api))
    entry = AuditEntry.objects.for_tenant(busy.tenant).filter(action="site.exported").get()
    assert entry.changes["format"] == "csv"
    assert entry.target_id == str(busy.pk)


def test_analysts_export_and_viewers_do_not(client, member, token, site):
    def status(role: str, scopes: list[str]) -> int:
        api = {"headers": {"Authorization": f"Bearer {token(made[role], scopes)}"}}
        return client.get("/api/export", **api).status_code

    made = {role: member(role, f"{role}@acme.test") for role in ("viewer", "analyst")}
    assert status("viewer", ["read", "export"]) == 403
    assert status("analyst", ["read"]) == 403
    assert status("analyst", ["export"]) == 200


def test_unknown_formats_and_tables_are_refused(client, api, site):
    for query in ("format=xml", "format=api", "table=users", "format=json&table=%00"):
        answer = client.get(f"/api/export?{query}", **api)
        assert answer.status_code == 400
