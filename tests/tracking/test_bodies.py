"""How a body travels: packed, cut short, too large, with half a character in it."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import addresses
from tests.tracking.conftest import Reply, Send, through_endpoint
from tracking import enrich
from tracking.ingest.exchange import MAX_BODY, plain
from tracking.ingest.fields import without_halves
from tracking.ingest.wire import Unusable
from tracking.models.events import Event

pytestmark = pytest.mark.django_db(transaction=True)


def event(site, **values) -> bytes:
    return json.dumps({"site": site.key, "id": "one", **values}).encode()


def test_a_packed_body_is_taken(send: Send, site):
    reply: Reply = send(gzip.compress(event(site)), content_encoding="gzip")
    assert reply.results == {"one": "accepted"}


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip", "nope"])
def test_a_packing_that_is_not_known_is_named(send: Send, site, encoding):
    reply = send(event(site), content_encoding=encoding)
    assert (reply.status, reply.body["code"]) == (415, "encoding_unknown")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda packed: b"",
        lambda packed: b"not gzip",
        lambda packed: packed[:-5],
        lambda packed: packed[:-8] + bytes(4) + packed[-4:],
        lambda packed: packed + b"more",
        lambda packed: packed + packed,
        lambda packed: zlib.compress(gzip.decompress(packed)),
    ],
    ids=["empty", "other bytes", "cut short", "wrong sum", "trailing", "two members", "zlib"],
)
def test_a_packing_that_is_broken_is_refused(send: Send, site, spoil):
    reply = send(spoil(gzip.compress(event(site))), content_encoding="gzip")
    assert (reply.status, reply.body["code"]) == (400, "encoding_invalid")
    assert not Event.plain.exists()


def test_a_bomb_is_not_unpacked(send: Send, site):
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    reply = send(bomb, content_encoding="gzip")
    assert (reply.status, reply.body["code"]) == (413, "body_too_large")


def test_unpacking_stops_right_after_the_limit():
    assert plain(gzip.compress(bytes(MAX_BODY)), "gzip") == bytes(MAX_BODY)
    with pytest.raises(Unusable, match="at most"):
        plain(gzip.compress(bytes(MAX_BODY + 1)), "gzip")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (r"a\ud83d", "a\ufffd"),
        (r"\ude00b", "\ufffdb"),
        (r"\ud83d\ub000", "\ufffd\ub000"),
        (r"\ud83d\ude00", "\U0001f600"),
        (r"\\ud83d", r"\ud83d"),
        (r"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
    ],
)
def test_half_a_character_spoils_no_event_of_the_batch(send: Send, site, text, title):
    events = f'{{"id": "a", "title": "fine"}}, {{"id": "b", "title": "{text}"}}'
    reply = send(f'{{"site": "{site.key}", "events": [{events}]}}')
    assert reply.results == {"a": "accepted", "b": "accepted"}
    assert set(Event.plain.values_list("title", flat=True)) == {"fine", title}


@given(st.text())
def test_whole_characters_are_left_alone(text):
    for written in (json.dumps(text), json.dumps(text, ensure_ascii=False)):
        assert json.loads(without_halves(written.encode())) == text


def test_a_proxys_lines_are_read_like_its_words(site, settings, monkeypatch):
    """`X-Forwarded-For` in two lines: the right-most that is no proxy of ours."""
    seen: list[str] = []
    monkeypatch.setattr(enrich, "country_of", lambda address: seen.append(address))
    settings.TRUSTED_PROXIES = ["203.0.113.0/24"]
    addresses._trusted_networks.cache_clear()
    addresses.is_trusted_proxy.cache_clear()
    headers = {"host": "localhost", "x-forwarded-for": "1.2.3.4, 84.160.1.1\n203.0.113.9"}
    through_endpoint("POST", "/api/track", event(site), headers)
    addresses._trusted_networks.cache_clear()
    addresses.is_trusted_proxy.cache_clear()
    assert set(seen) == {"84.160.1.1"}
