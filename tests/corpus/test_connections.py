"""Cases 56 to 85 as far as they are about connections: bytes on the wire, to a real server.

Whatever comes, the server answers or closes, stores nothing by halves, and goes on serving.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.corpus.conftest import World
from tests.corpus.connections import (
    STATUS,
    Server,
    all_of,
    request,
    serving,
    stored,
    until_stored,
)
from tracking.ingest import app
from tracking.ingest.wire import Unusable
from tracking.models import Event


@pytest.fixture(scope="module")
def server(front: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all of these tests."""
    with serving(front, tmp_path_factory.mktemp("server") / "log") as found:
        yield found


@pytest.fixture(autouse=True)
def _goes_on(server: Server) -> Iterator[None]:
    yield
    assert server.is_fine(), server.log.read_text()[-4_000:]


# --- 56 to 61: how long a body is ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "headers", "expected"),
    [
        ("negative", [b"Content-Length: -5"], [b"400"]),
        ("no number", [b"Content-Length: many"], [b"400"]),
        ("hexadecimal", [b"Content-Length: 0x10"], [b"400"]),
        ("with a sign", [b"Content-Length: +5"], [b"400"]),
        ("a list", [b"Content-Length: 5, 6"], [b"400"]),
        ("twice, and different", [b"Content-Length: 5", b"Content-Length: 6"], [b"400"]),
        ("beyond all numbers", [b"Content-Length: 99999999999999999999999"], [b"400"]),
        ("larger than the limit", [b"Content-Length: 4194305"], [b"413"]),
    ],
)
def test_b56_a_length_that_is_none_is_refused(
    server: Server, what: str, headers: list[bytes], expected: list[bytes]
) -> None:
    name, body = server.event()
    assert STATUS.findall(server.talk(request(body, *headers))) == expected
    assert stored(name) == 0


def test_b56_a_length_that_is_too_short_stores_no_half_event(server: Server) -> None:
    name, body = server.event()
    found = STATUS.findall(server.talk(request(body, length=len(body) - 5)))
    assert found == [b"400"]
    assert stored(name) == 0


def test_b56_a_body_that_ends_too_early_is_not_stored(server: Server) -> None:
    name, body = server.event()
    assert b" 202 " not in server.talk(request(body, length=len(body) + 5), end=True)
    assert stored(name) == 0


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)


def test_b57_chunks_are_taken_and_chunks_with_a_length_are_refused(server: Server) -> None:
    """Two lengths are how requests are smuggled past a proxy."""
    name, body = server.event()
    chunks = chunked(body[:9], body[9:], b"")
    assert b" 202 " in server.talk(request(chunks, b"Transfer-Encoding: chunked"))
    assert stored(name) == 1
    name, body = server.event()
    both = [b"Transfer-Encoding: chunked", b"Content-Length: %d" % len(body)]
    found = server.talk(request(chunked(body, b""), *both))
    assert STATUS.findall(found) == [b"400"]
    assert stored(name) == 0


@pytest.mark.parametrize("size", [b"fffffffffffffffff", b"-1", b"0x5", b"", b"5;" + b"x" * 100_000])
def test_b58_a_chunk_of_no_size_is_refused(server: Server, size: bytes) -> None:
    name, body = server.event()
    chunk = size + b"\r\n" + body + b"\r\n0\r\n\r\n"
    found = server.talk(request(chunk, b"Transfer-Encoding: chunked"))
    assert STATUS.findall(found) in ([b"400"], [])
    assert stored(name) == 0


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"identity", b"chunked, chunked", b"nope"])
def test_b58_a_coding_that_is_not_known_stores_nothing_by_halves(
    server: Server, coding: bytes
) -> None:
    name, body = server.event()
    found = server.talk(request(chunked(body, b""), b"Transfer-Encoding: " + coding))
    assert stored(name) == (1 if b" 202 " in found else 0)


def test_b59_who_asks_first_is_told_to_go_on(server: Server) -> None:
    name, body = server.event()
    head = request(b"", b"Expect: 100-continue", length=len(body))
    with closing(server.connect()) as wire:
        wire.sendall(head)
        assert wire.recv(1_024).startswith(b"HTTP/1.1 100")
        wire.sendall(body)
        assert b" 202 " in all_of(wire)
    assert stored(name) == 1


def test_b60_a_slow_body_is_waited_for_and_holds_nobody_up(server: Server) -> None:
    name, body = server.event()
    with closing(server.connect()) as wire:
        wire.sendall(request(b"", length=len(body)))
        for at in range(0, len(body), 20):
            wire.sendall(body[at : at + 20])
            if at < 100:
                assert server.is_fine()
        assert b" 202 " in all_of(wire)
    assert stored(name) == 1


def test_b60_a_body_that_never_ends_is_given_up(
    front: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "BODY_SECONDS", 0.05)

    async def never() -> dict[str, Any]:
        await asyncio.sleep(10)
        return {}

    with pytest.raises(Unusable) as refused:
        asyncio.run(app.read_body(never, ""))
    assert (refused.value.status, refused.value.code) == (408, "body_too_slow")


def test_b61_headers_that_never_end_hold_nobody_up(server: Server) -> None:
    waiting = [server.connect() for _ in range(50)]
    for number, wire in enumerate(waiting):
        wire.sendall(b"POST /api/track HTTP/1.1\r\nHost: localhost\r\nX-Slow: %d" % number)
    assert server.is_fine()
    for wire in waiting:
        wire.close()


# --- 62 to 70: what stands in the head ----------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        [b"X-Large: " + b"x" * 100_000],
        [b"X-%d: y" % number for number in range(1_000)],
        [b"Cookie: a=" + b"b" * 100_000],
        [b"User-Agent: " + b"b" * 100_000],
        [b"X-Raw: \xff\xfe\x80"],
        [b"X-Folded: a\r\n b"],
        [b"X\x00Y: a"],
        [b"X-Value: a\x00b"],
        [b": nothing"],
        [b"No colon"],
    ],
    ids=[
        "B62 a header of 100 KB",
        "B62 1,000 headers",
        "B63 a cookie of 100 KB",
        "B62 an agent of 100 KB",
        "B62 bytes",
        "B62 folded",
        "B62 NUL in a name",
        "B62 NUL in a value",
        "B62 no name",
        "B62 no colon",
    ],
)
def test_b62_a_head_is_taken_or_refused(server: Server, headers: list[bytes]) -> None:
    name, body = server.event()
    found = STATUS.findall(server.talk(request(body, *headers)))
    assert found in ([b"202"], [b"400"], [b"413"], [b"431"], [])
    assert stored(name) == (1 if found == [b"202"] else 0)


@pytest.mark.parametrize(
    ("what", "target"),
    [
        ("B64 8 KB", b"/api/track?x=" + b"y" * 8_000),
        ("B64 64 KB", b"/api/track?x=" + b"y" * 64_000),
        ("B65 1,200 parameters", b"/api/track?" + b"&".join(b"p%d=1" % n for n in range(1_200))),
        ("B66 a parameter twice", b"/api/track?site=1&site=2"),
        ("B67 NUL", b"/api/track?x=%00"),
        ("B67 no text", b"/api/track?x=%ff%fe%ed%a0%80"),
        ("B67 raw bytes", b"/api/track?x=\xff\xfe"),
        ("B68 encoded letters", b"/%61pi/track"),
        ("B68 absolute", b"http://localhost/api/track"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_b64_a_query_says_nothing_to_the_endpoint(server: Server, what: str, target: bytes) -> None:
    name, body = server.event()
    found = server.talk(request(body, start=b"POST " + target + b" HTTP/1.1"))
    assert STATUS.findall(found) in ([b"202"], [b"400"], [b"414"], [])
    assert stored(name) == (1 if b" 202 " in found else 0)


@pytest.mark.parametrize(
    "target",
    [
        b"/api/track%00",
        b"/api/track/",
        b"//api/track",
        b"/api/./track",
        b"/x/../api/track",
        b"/api/..%2ftrack",
        b"/%2e%2e/api/track",
        b"/api/track;x=1",
        b"/API/track",
        b"/api/v2/track",
        b"/api/track%ff%fe",
        b"/api/track%ed%a0%80",
        b"/api/\xe9",
        b"*",
    ],
)
def test_b68_another_path_is_another_place(server: Server, target: bytes) -> None:
    name, body = server.event()
    found = server.talk(request(body, start=b"POST " + target + b" HTTP/1.1"))
    assert STATUS.findall(found) in ([b"400"], [b"403"], [b"404"], [])
    assert stored(name) == 0


@pytest.mark.parametrize(
    "method",
    [b"HEAD", b"PUT", b"PATCH", b"DELETE", b"TRACE", b"CONNECT", b"post", b"NOPE", b"P\x00ST"],
)
def test_b69_another_method_stores_nothing(server: Server, method: bytes) -> None:
    """Lower case is another method: HTTP's methods are what they are."""
    name, body = server.event()
    found = server.talk(request(body, start=method + b" /api/track HTTP/1.1"))
    assert STATUS.findall(found) in ([b"200"], [b"400"], [b"405"], [b"404"], [])
    assert stored(name) == 0


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/9.9", b"HTTP/1.1 x", b"", b"HTTP/2.0"])
def test_b70_without_a_host_there_is_no_answer_but_a_refusal(
    server: Server, version: bytes
) -> None:
    name, body = server.event()
    start = b"POST /api/track " + version
    wire = start + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    found = server.talk(wire)
    assert b" 202 " not in found
    assert b" 500 " not in found
    assert stored(name) == 0


@pytest.mark.parametrize(
    "host",
    [
        b"evil.test",
        b"a@b",
        b"localhost:x",
        b"",
        b"[::1",
        b"localhost.evil.test",
        b"a" * 300,
        b"\xe9.test",
        b"localhost\x00",
    ],
)
def test_b71_a_host_that_is_not_served_is_refused(server: Server, host: bytes) -> None:
    name, body = server.event()
    found = server.talk(request(body, b"Host: " + host))
    assert STATUS.findall(found) == [b"400"]
    assert stored(name) == 0


def test_b71_a_port_of_the_host_says_nothing(server: Server) -> None:
    """Proxies map ports, so none is wrong, not even one that cannot be."""
    name, body = server.event()
    assert b" 202 " in server.talk(request(body, b"Host: localhost:99999"))
    assert stored(name) == 1


def test_b71_two_hosts_are_not_one(server: Server) -> None:
    name, body = server.event()
    found = server.talk(request(body, b"Host: localhost", b"Host: evil.test"))
    assert b" 500 " not in found
    assert stored(name) == (1 if b" 202 " in found else 0)


def test_b83_a_key_in_the_address_is_nobody_s(server: Server) -> None:
    """It would stand in the logs of every proxy."""
    target = b"/api/track?site=" + server.world.site.key.encode()
    found = server.talk(request(b'{"title": "x"}', start=b"POST " + target + b" HTTP/1.1"))
    assert STATUS.findall(found) == [b"400"]
    assert b"site_unknown" in found
    assert server.world.site.key not in server.log.read_text()


# --- 84 and 85: more than one, and none -----------------------------------------------------------


def test_b84_many_requests_on_one_connection_are_all_answered(server: Server) -> None:
    events = [server.event() for _ in range(400)]
    requests = [request(body).replace(b"Connection: close\r\n", b"") for _name, body in events]
    requests[-1] = request(events[-1][1])
    with closing(server.connect()) as wire:
        for one, (name, _body) in zip(requests[:50], events, strict=False):
            wire.sendall(one)  # each waits for its answer
            found = b""
            while name.encode() not in found:
                found += wire.recv(65_536)
            assert STATUS.findall(found) == [b"202"]
        wire.sendall(b"".join(requests[50:]))  # and the rest for none
        found = all_of(wire)
    assert STATUS.findall(found) == [b"202"] * 350
    places = [found.index(name.encode()) for name, _body in events[50:]]
    assert places == sorted(places)
    assert Event.plain.filter(event_id__in=[name for name, _body in events]).count() == 400


def test_b84_what_is_smuggled_behind_a_body_is_a_request_of_its_own(server: Server) -> None:
    first, second = server.event(), server.event()
    found = server.talk(
        request(first[1]).replace(b"Connection: close\r\n", b""), request(second[1])
    )
    assert STATUS.findall(found) == [b"202", b"202"]


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_b85_an_event_whose_sender_has_gone_is_stored_once(server: Server, reset: bool) -> None:
    name, body = server.event()
    with closing(server.connect()) as wire:
        wire.sendall(request(body))
        if reset:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert until_stored(name) <= 1
    found = server.talk(request(body))
    assert b"duplicate" in found or b"accepted" in found
    assert stored(name) == 1
