"""How often one sender may ask the API."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client
from redis import Redis

from accounts import throttling
from accounts.addresses import _trusted_networks, is_trusted_proxy

pytestmark = pytest.mark.django_db
LIST = "/api/v1/sites"


@pytest.fixture(autouse=True)
def _limits(settings, monkeypatch):
    """Three requests a window, and nobody has asked yet: other tests count in the same Redis."""
    settings.API_RATE_TOKEN = settings.API_RATE_PERSON = settings.API_RATE_ADDRESS = 3
    monkeypatch.setattr(throttling, "PREFIX", f"linkpro:test:{uuid4()}")
    throttling.forget()
    yield
    throttling.forget()


def ask(client: Client, text: str = "", address: str = "203.0.113.7", path: str = LIST, **more):
    headers = {"Authorization": f"Bearer {text}"} if text else {}
    return client.get(path, headers=headers | more, REMOTE_ADDR=address)


def test_every_answer_tells_how_the_asker_stands(client, owner, token):
    answer = ask(client, token(owner))
    assert answer["RateLimit-Limit"] == "3"
    assert answer["RateLimit-Remaining"] == "2"
    assert 0 < int(answer["RateLimit-Reset"]) <= 60
    assert answer["RateLimit"].startswith('"token";r=2;t=')
    assert answer["RateLimit-Policy"] == '"token";q=3;w=60'
    assert "RateLimit-Limit" in ask(client, path="/api/v1/nowhere")
    assert "RateLimit-Limit" in ask(client, "lp_wrong")


def test_one_request_too_many_is_refused_and_told_when_to_return(client, owner, token):
    text = token(owner)
    assert [ask(client, text).status_code for _n in range(3)] == [200] * 3
    refused = ask(client, text)
    assert refused.status_code == 429
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert ask(client, token(owner)).status_code == 200  # another token has its own window


def test_people_and_addresses_have_windows_of_their_own(client, signed_in, owner):
    person = signed_in(owner)
    assert [ask(person).status_code for _n in range(4)] == [200, 200, 200, 429]
    strangers = [ask(client, address="203.0.113.8").status_code for _n in range(4)]
    assert strangers[-1] == 429
    assert ask(client, address="203.0.113.9").status_code != 429


def test_the_address_is_the_clients_not_the_proxys(client, site, settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    for remembered in (_trusted_networks, is_trusted_proxy):
        remembered.cache_clear()
    try:
        for number in range(5):
            forwarded = {"X-Forwarded-For": f"203.0.113.{number}"}
            assert ask(client, address="10.0.0.1", **forwarded).status_code != 429
    finally:
        for remembered in (_trusted_networks, is_trusted_proxy):
            remembered.cache_clear()


def test_who_makes_up_tokens_is_held_back_by_address(client, owner, token, monkeypatch):
    monkeypatch.setattr(throttling, "MOST_REFUSED", 2)
    statuses = [ask(client, f"lp_made_up_{n}").status_code for n in range(4)]
    assert statuses == [401, 401, 429, 429]
    assert ask(client, token(owner), address="203.0.113.10").status_code == 200


def test_events_are_not_counted_here(client, site):
    for _number in range(5):
        answer = client.get("/api/track", REMOTE_ADDR="203.0.113.7")
        assert answer.status_code == 200
        assert "RateLimit-Limit" not in answer


def test_loopback_and_a_limit_of_nothing_hold_nobody_back(client, owner, token, settings):
    assert "RateLimit-Limit" not in ask(client, address="127.0.0.1")
    settings.API_RATE_TOKEN = 0
    text = token(owner)
    assert {ask(client, text).status_code for _n in range(5)} == {200}


def test_while_redis_is_away_everybody_is_let_in_and_it_is_said_once(
    client, owner, token, settings, caplog
):
    settings.REDIS_URL = "unix:///nonexistent/redis.sock"
    text = token(owner)
    assert [ask(client, text).status_code for _n in range(5)] == [200] * 5
    said = [line for line in caplog.messages if "rate limits are off" in line]
    assert len(said) == 1
    throttling.forget()


def test_a_browser_of_another_origin_may_read_the_headers(client, owner, token, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    answer = ask(client, token(owner), Origin="https://app.example")
    assert "RateLimit-Remaining" in answer["Access-Control-Expose-Headers"]


def test_counting_takes_one_round_trip(client, owner, token, monkeypatch):
    trips = []
    original = Redis.pipeline

    def counted(self, *args, **options):
        trips.append(1)
        return original(self, *args, **options)

    monkeypatch.setattr(Redis, "pipeline", counted)
    ask(client, token(owner))
    assert len(trips) == 1


def test_a_window_ends(client, owner, token):
    text = token(owner)
    for _number in range(4):
        ask(client, text)
    redis = throttling._redis(throttling.settings.REDIS_URL)
    for key in redis.scan_iter(f"{throttling.PREFIX}:*"):
        assert 0 < redis.ttl(key) <= 60
        redis.delete(key)  # as its end does
    assert ask(client, text).status_code == 200


def test_files_of_pages_and_every_root_of_the_api_are_counted(signed_in, owner, site):
    person = signed_in(owner)
    paths = (f"/sites/{site.key}/by/page.csv", "/analytics/none", "/data/none")
    assert all("RateLimit-Limit" in ask(person, path=path) for path in paths)
    assert ask(person, path=f"/sites/{site.key}/by/page.xlsx").status_code == 429
    assert ask(person, path=f"/sites/{site.key}").status_code == 200
