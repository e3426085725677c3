"""The two doors for events, the endpoint and the view, take the same and answer the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.test import Client

from accounts.models import Membership, Site
from tests.conftest import GOOGLEBOT
from tests.tracking.conftest import PATHS, Send
from tracking.ingest import writer
from tracking.ingest.exchange import MAX_BODY
from tracking.models.events import Event, EventFlag, Outcome

pytestmark = pytest.mark.django_db(transaction=True)

# The payloads of seed 003, word for word.
CONVERSION = (
    '{"sessionId": "lt_1234567890_abc123", "type": "event", "category": "conversion",'
    ' "action": "signup_submit", "path": "/signup/", "timestamp": 1640995200000}'
)
MANUAL_TEST = (
    '{"sessionId": "test_session", "type": "event", "category": "test",'
    ' "action": "manual_test", "timestamp": 1640995200000}'
)


def stored(site: Site) -> list[Event]:
    return list(Event.objects.for_tenant(site.tenant).filter(site=site).order_by("occurred_at"))


def counted(site: Site) -> dict[str, int]:
    """The site's books: how many events ended how."""
    rows = Outcome.objects.unscoped("the test reads the books").filter(site=site)
    ends: dict[str, int] = {}
    for reason, n in rows.values_list("reason", "n"):
        ends[reason] = ends.get(reason, 0) + n
    return ends


def event(number: int = 1, **values: Any) -> dict[str, Any]:
    return {"id": f"019a8b1c-6a00-7c3e-9d52-{number:012x}", "name": "page_view", **values}


# --- What is taken ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_a_single_event_is_stored_before_it_is_answered(send: Send, site: Site, path: str) -> None:
    url = "https://shop.acme.test/pricing?utm_source=newsletter&utm_medium=email&token=secret"
    reply = send({"site": site.key, **event(url=url, title="Prices")}, path=path)
    assert reply.status == 202
    assert reply.results == {event()["id"]: "accepted"}
    (row,) = stored(site)
    assert (row.name, row.host, row.path, row.title) == (
        "page_view",
        "shop.acme.test",
        "/pricing",
        "Prices",
    )
    assert (row.source, row.channel, row.browser) == ("newsletter", "email", "Chrome")
    assert row.visitor is not None


def test_a_batch_is_answered_event_by_event(send: Send, site: Site) -> None:
    batch = [event(1), event(2, name="purchase", value="49.90", currency="EUR", props={"n": 1})]
    reply = send({"site": site.key, "sent_at": 1, "events": batch})
    assert reply.status == 202
    assert reply.results == {event(1)["id"]: "accepted", event(2)["id"]: "accepted"}
    bought = next(row for row in stored(site) if row.name == "purchase")
    assert (bought.value, bought.currency, bought.props) == (Decimal("49.90"), "EUR", {"n": 1})
    assert counted(site) == {"stored": 2}


@pytest.mark.parametrize(
    ("payload", "name", "path"),
    [(CONVERSION, "conversion", "/signup/"), (MANUAL_TEST, "manual_test", None)],
)
def test_the_seed_s_own_payloads_are_taken_word_for_word(
    send: Send, site: Site, payload: str, name: str, path: str | None
) -> None:
    reply = send(payload, origin="https://shop.acme.test", content_type="application/json")
    assert reply.status == 202
    assert list(reply.results.values()) == ["accepted"]
    (row,) = stored(site)
    assert (row.name, row.path) == (name, path)
    assert row.session is not None
    assert row.flags & EventFlag.CLOCK_CLAMPED
    assert datetime.now(UTC) - row.occurred_at < timedelta(minutes=1)


def test_neither_content_type_nor_accept_matter(send: Send, site: Site) -> None:
    kinds = (
        "text/plain;charset=UTF-8",
        "application/json",
        "application/x-www-form-urlencoded",
        "x",
    )
    for number, kind in enumerate(kinds):
        reply = send({"site": site.key, **event(number)}, content_type=kind, accept="image/png")
        assert reply.status == 202, kind
    assert len(stored(site)) == len(kinds)


@pytest.mark.parametrize("repeats", ["in one batch", "in two requests"])
def test_a_repeated_id_counts_once(send: Send, site: Site, repeats: str) -> None:
    if repeats == "in one batch":
        reply = send({"site": site.key, "events": [event(), event()]})
        assert reply.results == {event()["id"]: "accepted"}
    else:
        send({"site": site.key, **event()})
        reply = send({"site": site.key, "events": [event()]})
        assert reply.results == {event()["id"]: "duplicate"}
    assert len(stored(site)) == 1
    assert counted(site) == {"stored": 1, "duplicate": 1}


def test_a_bot_is_stored_and_told_so(send: Send, site: Site) -> None:
    reply = send({"site": site.key, **event()}, user_agent=GOOGLEBOT)
    assert reply.results == {event()["id"]: "accepted: bot"}
    assert counted(site) == {"bot": 1}


@pytest.mark.parametrize("origin", ["https://shop.acme.test", "https://www.shop.acme.test:8443"])
def test_without_a_key_the_page_s_host_says_whose_event_it_is(
    send: Send, site: Site, origin: str
) -> None:
    assert send(event(), origin=origin).status == 202
    assert len(stored(site)) == 1


# --- What is refused -------------------------------------------------------------------------


BAD_EVENTS: list[tuple[dict[str, Any], str]] = [
    ({"label": 3}, "event_invalid"),
    ({"timestamp": "yesterday"}, "timestamp_invalid"),
    ({"timestamp": "0001-01-01T00:00:00+14:00"}, "timestamp_invalid"),
    ({"value": "1e400"}, "value_invalid"),
    ({"props": {"text": "x" * 9_000}}, "props_too_large"),
    ({"title": "x" * 70_000}, "event_too_large"),
]


def test_bad_events_are_refused_by_their_ids_among_good_ones(send: Send, site: Site) -> None:
    bad = {number: event(number, **values) for number, (values, _) in enumerate(BAD_EVENTS, 10)}
    reply = send({"site": site.key, "events": [event(1), *bad.values(), event(2)]})
    assert reply.status == 202
    assert reply.results == {
        event(1)["id"]: "accepted",
        **{bad[number]["id"]: f"rejected: {why}" for number, (_, why) in enumerate(BAD_EVENTS, 10)},
        event(2)["id"]: "accepted",
    }
    assert len(stored(site)) == 2


def test_a_bad_event_without_an_id_is_called_by_its_place(send: Send, site: Site) -> None:
    reply = send({"site": site.key, "events": [event(1), {"label": 3}]})
    assert reply.results == {event(1)["id"]: "accepted", "#1": "rejected: event_invalid"}


UNUSABLE = [
    (b"", 400, "body_empty"),
    (b" \n", 400, "body_empty"),
    (b"{", 400, "json_invalid"),
    (b"null", 400, "json_invalid"),
    (b"\xff\xfe{}", 400, "json_invalid"),
    (b'{"name": NaN}', 400, "json_invalid"),
    (b'{"events": []}', 400, "batch_empty"),
    (json.dumps({"events": [event()] * 501}).encode(), 413, "batch_too_long"),
    (b" " * (MAX_BODY + 1), 413, "body_too_large"),
    (b'{"timestamp": "soon"}', 400, "timestamp_invalid"),
]


def test_unusable_requests_are_refused_with_a_code(send: Send, site: Site) -> None:
    for body, status, code in UNUSABLE:
        reply = send(body, origin="https://shop.acme.test")
        assert (reply.status, reply.body["code"]) == (status, code), body[:20]
        assert reply.headers["content-type"] == "application/problem+json"
    assert stored(site) == []


NOBODY_S: list[dict[str, str]] = [
    {"site": "no-such-key"},
    {"site": "nul\0key"},
    {"site": "k" * 10_000},
    {"url": "https://elsewhere.test/"},
    {"url": "https://nul\0.test/"},
    {"url": "http://[::1"},
    {},
]


def test_events_of_nobody_s_are_refused(send: Send, site: Site) -> None:
    for whose in NOBODY_S:
        reply = send({**event(), **whose})
        assert (reply.status, reply.body["code"]) == (400, "site_unknown"), whose


def test_an_unknown_site_in_a_batch_is_told_for_each_event(send: Send, site: Site) -> None:
    reply = send({"site": "no-such-key", "events": [event(1), event(2)]})
    assert reply.status == 202
    assert set(reply.results.values()) == {"rejected: site_unknown"}


def test_clocks_at_the_ends_of_the_calendar_break_nothing(send: Send, site: Site) -> None:
    ends: dict[str, Any] = {"timestamp": "0001-01-01T00:00:00Z"}
    reply = send({"site": site.key, "sent_at": "9999-12-31T00:00:00Z", "events": [event(**ends)]})
    assert (reply.status, reply.body["code"]) == (400, "timestamp_impossible")


def test_text_that_only_looks_like_nul_is_kept_and_nul_is_not(send: Send, site: Site) -> None:
    props = {"like": "\\u0000", "real": "a\0b", "both": "\\\0", "key\0": 1}
    assert send({"site": site.key, **event(props=props)}).status == 202
    (row,) = stored(site)
    assert row.props == {"like": "\\u0000", "real": "ab", "both": "\\", "key": 1}


# --- Who sends -------------------------------------------------------------------------------

LAST_YEAR: dict[str, Any] = {"timestamp": "2025-12-31T23:30:00-05:00"}


def test_a_token_with_scope_ingest_speaks_for_others(
    send: Send, site: Site, owner: Membership, token: Callable[..., str]
) -> None:
    bearer = f"Bearer {token(owner, ['ingest'])}"
    body = {"site": site.key, **event(ip="198.51.100.9", user_agent=GOOGLEBOT, **LAST_YEAR)}
    assert send(body, authorization=bearer).results == {event()["id"]: "accepted: bot"}
    (row,) = stored(site)
    # The month is the one of UTC: with another one the row would find no partition.
    assert row.occurred_at == datetime(2026, 1, 1, 4, 30, tzinfo=UTC)


def test_without_a_token_nobody_speaks_for_others(send: Send, site: Site) -> None:
    body = {"site": site.key, **event(ip="198.51.100.9", user_agent=GOOGLEBOT, **LAST_YEAR)}
    assert send(body).results == {event()["id"]: "accepted"}
    (row,) = stored(site)
    assert row.flags & EventFlag.CLOCK_CLAMPED


def test_a_bad_token_is_refused_and_no_token_is_none(send: Send, site: Site) -> None:
    for bearer in ("Bearer lp_nobody", "Bearer a.jwt.perhaps"):
        reply = send({"site": site.key, **event()}, authorization=bearer)
        assert (reply.status, reply.body["code"]) == (401, "token_invalid")
    assert stored(site) == []
    for number, header in enumerate(("Basic YTpi", "Bearer", "")):
        assert send({"site": site.key, **event(number)}, authorization=header).status == 202


def test_a_token_without_the_scope_may_not_send(
    send: Send, site: Site, owner: Membership, token: Callable[..., str]
) -> None:
    reply = send({"site": site.key, **event()}, authorization=f"Bearer {token(owner, ['read'])}")
    assert (reply.status, reply.body["code"]) == (403, "token_scope")
    assert stored(site) == []


def test_a_token_sends_to_its_own_tenant_only(
    send: Send, rival_site: Site, owner: Membership, token: Callable[..., str]
) -> None:
    reply = send(
        {"site": rival_site.key, **event()}, authorization=f"Bearer {token(owner, ['ingest'])}"
    )
    assert (reply.status, reply.body["code"]) == (400, "site_unknown")
    assert stored(rival_site) == []


# --- What every answer says ------------------------------------------------------------------


@pytest.mark.parametrize("body", [event(), b"{"], ids=["taken", "refused"])
def test_a_page_of_any_origin_may_read_the_answer(send: Send, site: Site, body: Any) -> None:
    reply = send(body, origin="https://shop.acme.test")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "Retry-After" in reply.headers["access-control-expose-headers"]
    assert reply.headers["cross-origin-resource-policy"] == "cross-origin"
    assert reply.headers["cache-control"] == "no-store"
    assert "set-cookie" not in reply.headers


def test_a_page_may_ask_before_it_sends(send: Send) -> None:
    reply = send(b"", method="OPTIONS", origin="https://shop.acme.test")
    assert reply.status == 204
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "POST" in reply.headers["access-control-allow-methods"]


@pytest.fixture
def _no_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def connect() -> None:
        raise psycopg.OperationalError("the server is gone")

    with monkeypatch.context() as patch:
        patch.setattr(writer, "connect", connect)
        yield


@pytest.mark.usefixtures("_no_database")
def test_what_is_not_stored_is_never_acknowledged(send: Send, site: Site) -> None:
    reply = send({"site": site.key, **event()})
    assert (reply.status, reply.body["code"]) == (503, "unavailable")
    assert 1 <= int(reply.headers["retry-after"]) <= 10
    assert reply.headers["access-control-allow-origin"] == "*"


# --- The view alone --------------------------------------------------------------------------


def test_the_view_shows_people_how_to_send(client: Client) -> None:
    page = client.get(PATHS[0], headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "utm_source=newsletter" in page.text
    assert client.get(PATHS[1]).json()["send"] == "POST"


def test_the_example_that_is_shown_works(client: Client, site: Site) -> None:
    example = client.get(PATHS[0]).json()["example"] | {"site": site.key}
    answer = client.post(
        PATHS[0],
        json.dumps(example),
        content_type="application/json",
        headers={"accept": "text/html"},
    )
    assert answer.status_code == 202
    assert answer["Content-Type"].startswith("text/html")
    assert {row.name for row in stored(site)} == {"page_view", "purchase"}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_every_answer_may_be_read_by_every_page(method):
    answer = Client().generic(method, "/api/track")
    assert answer.status_code == (200 if method == "GET" else 405)
    assert answer["Access-Control-Allow-Origin"] == "*"
