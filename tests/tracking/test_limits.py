"""How much one sender may send, with nobody asked."""

from __future__ import annotations

import pytest

from accounts import addresses
from accounts.addresses import sender_of
from accounts.models import ApiToken
from accounts.roles import TokenScope
from tracking.ingest.limits import Buckets
from tracking.models import Event

pytestmark = pytest.mark.django_db(transaction=True)


def batch(site, size: int) -> dict:
    return {"site": site.key, "events": [{"name": "x"}] * size}


@pytest.fixture
def tight(settings):
    settings.INGEST_EVENTS_PER_SECOND, settings.INGEST_BURST = 0.1, 5


@pytest.fixture
def behind_proxy(settings):
    """The peer of the tests is believed when it names its clients."""

    def forget():
        addresses._trusted_networks.cache_clear()
        addresses.is_trusted_proxy.cache_clear()

    settings.TRUSTED_PROXIES = ["203.0.113.7"]
    forget()
    yield
    settings.TRUSTED_PROXIES = []
    forget()


def test_who_sends_too_much_waits_and_loses_nothing(send, site, tight):
    assert send(batch(site, 6)).status == 202
    answer = send(batch(site, 1))
    assert (answer.status, answer.body["code"]) == (429, "rate_limited")
    assert 10 <= int(answer.headers["retry-after"]) <= 30
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    assert Event.plain.count() == 6


def test_one_sender_does_not_slow_another(send, site, tight, behind_proxy):
    assert send(batch(site, 6), x_forwarded_for="84.160.1.1").status == 202
    assert send(batch(site, 1), x_forwarded_for="84.160.1.1").status == 429
    assert send(batch(site, 1), x_forwarded_for="84.160.1.2").status == 202


def test_a_token_is_not_limited(send, site, owner, tight):
    _token, text = ApiToken.issue(owner, name="t", scopes=[TokenScope.INGEST])
    for _time in range(3):
        assert send(batch(site, 6), authorization=f"Bearer {text}").status == 202


def test_loopback_says_nothing_about_a_sender(send, site, tight):
    assert sender_of("127.0.0.1") == sender_of("::1") == sender_of("") == ""
    assert sender_of("2001:db8:1:2:3::4") == sender_of("2001:db8:1:2:ffff::1")
    assert sender_of("2001:db8:1:2::1") != sender_of("2001:db8:1:3::1")


def test_no_limit_is_a_limit_of_nothing():
    buckets = Buckets(0, 0)
    buckets.take("a", 1_000_000)
    assert buckets.wait("a") == 0


def test_a_bucket_fills_again():
    buckets = Buckets(100, 10)
    buckets.take("a", 10)
    assert buckets.wait("a") == 1
    level, then = buckets.levels["a"]
    buckets.levels["a"] = (level, then - 0.05)
    assert buckets.wait("a") == 0


def test_senders_of_long_ago_are_forgotten(monkeypatch):
    monkeypatch.setattr("tracking.ingest.limits.MOST_BUCKETS", 100)
    buckets = Buckets(1, 10)
    for number in range(1_000):
        buckets.take(f"a{number}", 1)
    assert len(buckets.levels) == 100
