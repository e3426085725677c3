"""The one way out: to judged addresses only, in time, and with an end to every answer."""

from __future__ import annotations

import gzip
import socket
import ssl
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest

from accounts.outgoing import http
from accounts.outgoing.public import NotPublic, OutgoingError
from tests.receivers import (
    OK,
    Authority,
    Receiver,
    answer,
    authority,
    drip,
    drop,
    endless,
    hang,
    receiving,
)

SOON = 3.0


@pytest.fixture(autouse=True)
def _loopback_is_ours(settings: Any) -> None:
    settings.OUTGOING_ALLOWED = ["127.0.0.1"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("authority"))


def get(url: str, **options: Any) -> http.Answer:
    return http.request("GET", url, deadline=options.pop("deadline", SOON), **options)


# --- What goes --------------------------------------------------------------------------------


def test_a_request_arrives_as_it_was_meant(receiver: Receiver) -> None:
    headers = {"Content-Type": "application/json", "webhook-id": "1"}
    url = f"{receiver.url}?a=b%20c"
    got = http.request("POST", url, headers=headers, body=b"{}", deadline=SOON)
    (asked,) = receiver.asked
    assert (got.status, got.body) == (200, b"ok")
    assert asked.head == "POST /hook?a=b%20c HTTP/1.1"
    assert asked.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert asked.headers["webhook-id"] == "1"
    assert asked.body == b"{}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "inside"},
        {"content-length": "0"},
        {"Transfer-Encoding": "chunked"},
        {"X-A": "a\r\nHost: inside"},
        {"X-A": "ü"},
        {"X A": "a"},
        {"X-A\r\nHost": "a"},
    ],
)
def test_no_caller_sets_headers_that_turn_a_request_into_another(
    receiver: Receiver, headers: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match="cannot be sent"):
        get(receiver.url, headers=headers)
    assert receiver.connections == 0


def test_proxies_of_the_environment_are_not_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{proxy.port}")
        assert get(receiver.url).status == 200
        assert (receiver.connections, proxy.connections) == (1, 0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receiver: Receiver, status: int) -> None:
    with receiving() as inside:
        receiver.answers(answer(status, f"Location: {inside.url}"))
        assert get(receiver.url).status == status
        assert inside.connections == 0


def test_cookies_are_not_kept(receiver: Receiver) -> None:
    receiver.answers(answer(200, "Set-Cookie: a=b"))
    get(receiver.url)
    get(receiver.url)
    assert "cookie" not in receiver.asked[1].headers


# --- Where it goes ----------------------------------------------------------------------------


def test_a_host_is_resolved_once_and_its_judged_address_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """A name that is public when it is judged and private a moment later reaches nothing."""
    asked = []
    answers = [["127.0.0.1"], ["127.0.0.2"]]

    def getaddrinfo(host: str, port: int, *_args: Any, **_options: Any) -> list[Any]:
        asked.append(host)
        return [(0, 0, 0, "", (address, port)) for address in answers[len(asked) - 1]]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert get(f"http://hooks.example:{receiver.port}/").status == 200
    assert asked == ["hooks.example"]
    assert receiver.asked[0].headers["host"] == f"hooks.example:{receiver.port}"
    with pytest.raises(NotPublic):
        get(f"http://hooks.example:{receiver.port}/")
    assert receiver.connections == 1


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"])
def test_other_addresses_of_the_machine_are_not_reached(settings: Any, host: str) -> None:
    with receiving(host="0.0.0.0") as everywhere:
        with pytest.raises(OutgoingError):
            get(f"http://{host}:{everywhere.port}/")
        assert everywhere.connections == 0


# --- What comes -------------------------------------------------------------------------------


@pytest.mark.parametrize("speaks", [hang, drip])
def test_a_server_that_takes_its_time_is_left(receiver: Receiver, speaks: Any) -> None:
    receiver.speaks = speaks
    begun = monotonic()
    with pytest.raises(http.TimedOut):
        get(receiver.url, deadline=0.2)
    assert monotonic() - begun < 1


@pytest.mark.parametrize(
    "speaks", [drop, b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00\x00\x00", b"HTTP/1.1 abc\r\n\r\n"]
)
def test_a_server_that_speaks_no_http_is_unreachable(receiver: Receiver, speaks: Any) -> None:
    if isinstance(speaks, bytes):
        receiver.answers(speaks)
    else:
        receiver.speaks = speaks
    with pytest.raises(http.Unreachable):
        get(receiver.url)


def test_nobody_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(http.Unreachable):
        get(f"http://127.0.0.1:{port}/")


def test_an_answer_without_end_ends_at_the_limit(receiver: Receiver) -> None:
    receiver.speaks = endless
    with pytest.raises(http.TooLarge):
        get(receiver.url, max_bytes=100_000, deadline=2)


def test_of_an_answer_nothing_is_read_but_what_is_asked_for(receiver: Receiver) -> None:
    receiver.speaks = endless
    assert get(receiver.url, max_bytes=0).body == b""


def test_a_bomb_ends_at_the_limit(receiver: Receiver) -> None:
    bomb = gzip.compress(bytes(20_000_000))
    receiver.answers(answer(200, "Content-Encoding: gzip", body=bomb))
    with pytest.raises(http.TooLarge):
        get(receiver.url, max_bytes=100_000, deadline=2)


def test_packed_answers_are_unpacked(receiver: Receiver) -> None:
    packed = gzip.compress(b"hello" * 100)
    receiver.answers(answer(200, "Content-Encoding: gzip", body=packed))
    assert get(receiver.url, max_bytes=500).body == b"hello" * 100
    receiver.answers(answer(200, "Content-Encoding: gzip", body=packed[:-9]))
    with pytest.raises(http.Unreachable):
        get(receiver.url)
    receiver.answers(answer(200, "Content-Encoding: br", body=b"hello"))
    with pytest.raises(http.Unreachable):
        get(receiver.url)


def test_a_thousand_headers_are_too_many(receiver: Receiver) -> None:
    receiver.answers(answer(200, *[f"X-{number}: a" for number in range(1_000)]))
    with pytest.raises(http.TooLarge):
        get(receiver.url)
    receiver.answers(answer(200, f"X-Long: {'a' * 200_000}"))
    with pytest.raises(http.Unreachable):
        get(receiver.url)


# --- TLS --------------------------------------------------------------------------------------


def test_a_good_certificate_is_believed(ours: Authority, settings: Any) -> None:
    settings.OUTGOING_CA_FILE = str(ours.path)
    with receiving(tls=ours.context()) as receiver:
        assert get(receiver.url).body == b"ok"


def test_the_name_of_the_address_is_what_the_certificate_must_show(
    ours: Authority, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTGOING_CA_FILE = str(ours.path)
    loopback = [(0, 0, 0, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: loopback)
    with receiving(tls=ours.context("hooks.example")) as receiver:
        assert get(f"https://hooks.example:{receiver.port}/").status == 200
        with pytest.raises(http.Insecure):
            get(f"https://other.example:{receiver.port}/")


@pytest.mark.parametrize(
    "options", [{"expired": True}, {"self_signed": True}, {"name": "other.example"}]
)
def test_a_bad_certificate_is_not_believed(
    ours: Authority, settings: Any, options: dict[str, Any]
) -> None:
    settings.OUTGOING_CA_FILE = str(ours.path)
    with receiving(tls=ours.context(**options)) as receiver:
        with pytest.raises(http.Insecure):
            get(receiver.url)
        assert receiver.asked == []


def test_tls_of_yesterday_is_refused(ours: Authority, settings: Any) -> None:
    settings.OUTGOING_CA_FILE = str(ours.path)
    context = ours.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLS"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLS"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with receiving(OK, tls=context) as receiver, pytest.raises(http.Insecure):
        get(receiver.url)


def test_a_server_without_tls_is_not_asked_in_the_clear(receiver: Receiver) -> None:
    with pytest.raises(OutgoingError):
        get(f"https://127.0.0.1:{receiver.port}/", deadline=0.2)
    assert receiver.asked == []
