"""Which hosts a tenant may name."""

from __future__ import annotations

import socket
import threading
from ipaddress import ip_address
from typing import Any

import pytest

from accounts.outgoing import http, public
from accounts.outgoing.public import NotPublic, resolve

Answers = dict[str, list[str]]

# In all the spellings that some resolver or parser makes an address of this network of.
PRIVATE = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "0.0.0.0",
    "0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "fd00:ec2::254",
    "100.64.0.1",
    "192.0.0.1",
    "198.18.0.1",
    "192.88.99.1",
    "168.63.129.16",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "::",
    "::1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "::ffff:0:7f00:1",
    "4000::1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001::1",
    "2001:db8::1",
    "fec0::1",
    "ff02::1",
    "5f00::1",
    "3fff::1",
    "100::1",
    "fe80::1%eth0",
    "fe80::1",
    "fc00::1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "printer.local",
    "db.internal",
    "router.lan",
    "nas.home.arpa",
    "redis",
    "ｌｏｃａｌｈｏｓｔ",
    "127。0。0。1",
    "１２７.0.0.1",
    "①27.0.0.1",
    "a..b",
    "",
    ".",
    "..",
    "-a.example",
    "%6cocalhost",
    "a b.example",
    "a\tb.example",
    "a\x00.example",
    "\ud800.example",
    "x" * 300,
    "127.0.0.1.",
    "1.2.3.4.5",
]


def is_address(text: str) -> bool:
    try:
        return bool(ip_address(text.strip("[]")))
    except ValueError:
        return False


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """A resolver at the border: what it says of names; addresses it gives back as they are."""
    known: Answers = {}

    def getaddrinfo(host: str, port: int, *_args: Any, **_options: Any) -> list[Any]:
        if host in known:
            return [(0, 0, 0, "", (address, port)) for address in known[host]]
        return real(host, port, *_args, **_options | {"flags": socket.AI_NUMERICHOST})

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


@pytest.mark.parametrize("host", PRIVATE)
def test_no_spelling_of_a_private_host_is_reached(host: str) -> None:
    with pytest.raises(NotPublic):
        resolve(host, 443)


@pytest.mark.parametrize("address", [text.strip("[]") for text in PRIVATE if is_address(text)])
def test_no_name_that_stands_for_a_private_address_is_reached(address: str, names: Answers) -> None:
    names["hooks.example"] = [address]
    with pytest.raises(NotPublic):
        resolve("hooks.example", 443)


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "[2606:4700:4700::1111]", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)
def test_public_addresses_are_taken_as_they_are(host: str, names: Answers) -> None:
    assert resolve(host, 443).own is False


def test_one_private_address_of_several_refuses_the_name(names: Answers) -> None:
    names["hooks.example"] = ["8.8.8.8", "fd00::1"]
    with pytest.raises(NotPublic):
        resolve("hooks.example", 443)


def test_a_hundred_addresses_are_all_judged_and_few_are_tried(names: Answers) -> None:
    names["hooks.example"] = [f"8.8.8.{number}" for number in range(100)]
    assert len(resolve("hooks.example", 443).addresses) == public.MOST_ADDRESSES
    names["hooks.example"].append("10.0.0.1")
    with pytest.raises(NotPublic):
        resolve("hooks.example", 443)


def test_names_are_asked_for_in_one_spelling(names: Answers) -> None:
    names["xn--bcher-kva.example"] = ["8.8.8.8"]
    for spelling in ("Bücher.Example", "bücher。example", "xn--bcher-kva.example."):
        assert resolve(spelling, 443).host == "xn--bcher-kva.example"


def test_every_reason_has_the_same_words(names: Answers) -> None:
    names["empty.example"], names["inside.example"] = [], ["10.0.0.1"]
    told = set()
    for host in ("empty.example", "inside.example", "localhost", "127.0.0.1", "a..b"):
        with pytest.raises(NotPublic) as refused:
            resolve(host, 443)
        told.add(str(refused.value))
    assert len(told) == 1


def test_a_resolver_that_hangs_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: ended.wait(5))
    with pytest.raises(NotPublic):
        resolve("hooks.example", 443, timeout=0.05)
    ended.set()


def test_the_installation_lets_its_own_hosts_be_reached(names: Answers, settings: Any) -> None:
    names["hooks.corp"], names["other.corp"] = ["10.1.2.3"], ["10.1.2.3"]
    settings.OUTGOING_ALLOWED = ["hooks.corp", "10.9.0.0/16"]
    assert resolve("hooks.corp", 80).own
    assert resolve("10.9.8.7", 80).own
    for host in ("other.corp", "10.8.0.1", "127.0.0.1"):
        with pytest.raises(NotPublic):
            resolve(host, 80)


# --- Whole addresses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://user:pass@hooks.example/",
        "https://user@hooks.example/",
        "https://hooks.example#@127.0.0.1/",
        "https://hooks.example/#part",
        "https://hooks.example\\@127.0.0.1/",
        "https://hooks.example/\tpath",
        "https://hooks.exam\nple/",
        "https://hooks.example/%0d%0aHost:%20x",
        "https://hooks.example%0d%0a/",
        "https://hooks.example:22/",
        "https://hooks.example:25/",
        "https://hooks.example:5432/",
        "https://hooks.example:6379/",
        "https://hooks.example:0/",
        "https://hooks.example:65536/",
        "https://hooks.example:-1/",
        "https://hooks.example:４４３/",
        "https://hooks.example:443:443/",
        "http://hooks.example/",
        "HTTP://hooks.example/",
        "file:///etc/passwd",
        "gopher://hooks.example/",
        "ftp://hooks.example/",
        "dict://hooks.example/",
        "unix:/run/redis.sock",
        "javascript:alert(1)",
        "https:hooks.example",
        "https:///hooks.example",
        "//hooks.example/",
        "hooks.example",
        "https://",
        "https://[::1",
        "https://[hooks.example]/",
        "https://hooks.example/\u2028",
        "https://hooks.example/\ud800",
        "https://hooks.example/" + "a" * 2_000,
        " https://hooks.example/",
        "",
        "\x00",
    ],
)
def test_an_address_that_parsers_could_read_differently_is_refused(
    url: str, names: Answers
) -> None:
    names["hooks.example"] = ["8.8.8.8"]
    with pytest.raises((http.BadAddress, NotPublic)):
        http.check_url(url)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://hooks.example", "https://hooks.example/"),
        ("HTTPS://Hooks.Example:443/A?b=c%20d", "https://hooks.example/A?b=c%20d"),
        ("https://hooks.example.:8443/ä", "https://hooks.example:8443/%C3%A4"),
        ("https://[2606:4700::1111]:8443/", "https://[2606:4700::1111]:8443/"),
    ],
)
def test_an_address_is_kept_as_it_will_be_asked(url: str, asked: str, names: Answers) -> None:
    names["hooks.example"] = ["8.8.8.8"]
    assert http.check_url(url) == asked
    assert http.check_url(asked) == asked


def test_own_hosts_may_use_http_and_any_port(names: Answers, settings: Any) -> None:
    settings.OUTGOING_ALLOWED = ["127.0.0.1"]
    assert http.check_url("http://127.0.0.1:5678/x") == "http://127.0.0.1:5678/x"


def test_nothing_else_goes_out(request: pytest.FixtureRequest) -> None:
    """Only the modules of the way out open connections to what tenants name."""
    ways = ("httpx", "httpcore", "requests", "urllib.request", "urllib3", "smtplib", "aiohttp")
    allowed = {
        "accounts/outgoing/http.py",
        "accounts/outgoing/wire.py",
        "accounts/outgoing/smtp.py",
    }
    root = request.config.rootpath
    found = set()
    for app in ("accounts", "privacy", "tracking", "analytics", "reports"):
        for path in (root / app).rglob("*.py"):
            lines = [line.strip() for line in path.read_text().splitlines()]
            imports = [line for line in lines if line.startswith(("import ", "from "))]
            if any(f" {way}" in line for line in imports for way in ways):
                found.add(str(path.relative_to(root)))
    assert found <= allowed | INSTALLATIONS_OWN


# Ask what the installation's settings name, and nothing that a tenant gives.
INSTALLATIONS_OWN = {"accounts/sign_in/oauth.py", "accounts/sign_in/views.py"}
