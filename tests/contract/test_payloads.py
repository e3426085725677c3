"""The literal payloads and answers of the seeds, over a real server."""

from __future__ import annotations

import json

import pytest

from accounts.models import Site
from tracking.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

SIGNUP = {
    "sessionId": "lt_1234567890_abc123",
    "type": "event",
    "category": "conversion",
    "action": "signup_submit",
    "path": "/signup/",
    "timestamp": 1640995200000,
}
# As it stands in the contract, line breaks and all.
MANUAL = """curl -X POST http://localhost:5000/api/track \\
  -H "Content-Type: application/json" \\
  -d '{
    "sessionId": "test_session",
    "type": "event",
    "category": "test",
    "action": "manual_test",
    "timestamp": 1640995200000
  }'"""


def stored(site_key: str, action: str) -> Event:
    site = Site.plain.get(key=site_key)
    return Event.plain.get(site=site, action=action)


def test_a_conversion_with_camel_case_and_milliseconds(curl, place):
    command = (
        f"curl -X POST $URL/api/track -H 'Content-Type: application/json' -d '{json.dumps(SIGNUP)}'"
    )
    said = curl(command)
    assert said.status == 202
    (result,) = said.json["results"].values()
    assert result["result"] == "accepted"


def test_a_manual_event_without_a_path_and_of_long_ago(curl, place):
    said = curl(MANUAL)
    assert said.status == 202
    event = stored(place["SITE_KEY"], "manual_test")
    assert (event.category, event.path) == ("test", None)


def test_the_metrics_have_the_contracts_shape(curl, place):
    body = curl('curl -H "Authorization: Bearer $TOKEN" "$URL/api/metrics?days=7"').json
    assert list(body)[:4] == ["metrics", "traffic_sources", "funnel_data", "recent_conversions"]
    assert body["metrics"] == {
        "total_visitors": 1,
        "conversions": 1,
        "conversion_rate": 100.0,
        "avg_session_pages": 2.0,
    }


def test_the_funnel_has_the_contracts_shape(curl, place):
    body = curl('curl -H "Authorization: Bearer $TOKEN" "$URL/api/funnel?days=7"').json
    assert {key: body[key] for key in list(body)[:5]} == {
        "homepage_views": 1,
        "vertical_views": 0,
        "pricing_views": 1,
        "demo_views": 0,
        "conversions": 1,
    }


@pytest.mark.parametrize("path", ["/api/track", "/api/track/click", "/api/track/view"])
def test_a_post_without_a_slash_is_taken_and_not_redirected(curl, place, path):
    body = {"/api/track": '{"name": "x"}', "/api/track/click": '{"link_id": \'$LINK\'}',
            "/api/track/view": '{"profile_id": \'$PROFILE\'}'}[path]  # fmt: skip
    said = curl(f"curl -X POST $URL{path} -H 'Content-Type: application/json' -d '{body}'")
    assert said.status == 202, said.body
    (result,) = said.json["results"].values()
    assert result["result"] == "accepted"


def test_one_health_answers_both_contracts(curl, place):
    body = curl("curl $URL/health").json
    assert body["status"] == "ok"
    assert body["database"] == "connected"
    assert body["services"]["cache"] == {"status": "ok"}
