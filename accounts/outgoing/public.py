"""Which hosts a tenant may name: public ones, judged by the addresses that are connected to."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import idna
from django.conf import settings
from django.utils.translation import gettext as _

RESOLVE_SECONDS = 5.0
# Addresses of one host that are tried, one after the other.
MOST_ADDRESSES = 4

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# The last label of a host that some parser takes for a number, and so for an IPv4 address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Names that are the machine's or its network's own, whatever a resolver says.
_OWN_NAMES = frozenset(
    {"arpa", "corp", "home", "internal", "intranet", "lan", "local", "localdomain", "localhost"}
    | {"onion", "private"}
)
# Networks that `ipaddress` takes for global or does not know, and that lead to no public server:
# shared and protocol addresses, relays, benchmarks, transition mechanisms, a cloud's own service.
_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
# All that is given out of IPv6 (https://www.iana.org/assignments/ipv6-address-space).
_GIVEN_OUT = IPv6Network("2000::/3")


class OutgoingError(Exception):
    """Nothing was sent, or no answer came. The message tells people what to do."""

    code = "not_sent"


class NotPublic(OutgoingError):
    """A host that LinkPro does not reach for tenants; why it does not is told to nobody."""

    code = "not_public"

    def __init__(self) -> None:
        super().__init__(_("LinkPro finds no public server by this name. Check the address."))


@dataclass(frozen=True, slots=True)
class Resolved:
    """A host, and the addresses to connect to. `own`: the installation lets it be reached."""

    host: str
    addresses: list[str]
    own: bool


def resolve(host: str, port: int, timeout: float = RESOLVE_SECONDS) -> Resolved:
    """The addresses to connect to for a host that a tenant named; connect to nothing else.

    All that the name stands for must be public, or stand in `OUTGOING_ALLOWED`. Raises `NotPublic`,
    with one message for every reason.
    """
    name = normalised(host)
    names, networks = _allowed(tuple(settings.OUTGOING_ALLOWED))
    if name not in names and _is_own_name(name):
        raise NotPublic
    found = [ip_address(text) for text in _look_up(name, port, timeout)]
    own = name in names or all(_within(address, networks) for address in found)
    if not own and not all(is_public(address) for address in found):
        raise NotPublic
    return Resolved(name, [str(address) for address in found[:MOST_ADDRESSES]], own)


def normalised(host: str) -> str:
    """A host as it is judged and connected to: lower case, ASCII, one spelling of each address.

    Raises `NotPublic` for what no resolver should be asked, such as `127.1` or `fe80::1%eth0`.
    """
    text = host.removeprefix("[").removesuffix("]")
    if ":" in text:
        return _literal(text)
    try:
        name = text.lower() if text.isascii() else idna.encode(text, uts46=True).decode()
    except (UnicodeError, ValueError):
        raise NotPublic from None
    name = name.removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise NotPublic
    return _literal(name) if _NUMBER.fullmatch(labels[-1]) else name


def _literal(text: str) -> str:
    if "%" in text:
        raise NotPublic
    try:
        return str(ip_address(text))
    except ValueError:
        raise NotPublic from None


def _is_own_name(name: str) -> bool:
    labels = name.split(".")
    is_literal = ":" in name or labels[-1].isdigit()
    return not is_literal and (len(labels) == 1 or labels[-1] in _OWN_NAMES)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether a server of the internet can have this address."""
    if isinstance(address, IPv6Address):
        if inner := address.ipv4_mapped:
            return is_public(inner)
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _GIVEN_OUT:
            return False
    odd = address.is_multicast or address.is_unspecified or address.is_loopback
    return address.is_global and not odd and not _within(address, _NOT_PUBLIC)


def _within(
    address: IPv4Address | IPv6Address, networks: tuple[IPv4Network | IPv6Network, ...]
) -> bool:
    return any(address in network for network in networks)


@cache
def _allowed(
    entries: tuple[str, ...],
) -> tuple[frozenset[str], tuple[IPv4Network | IPv6Network, ...]]:
    names, networks = set(), []
    for entry in entries:
        try:
            networks.append(ip_network(entry, strict=False))
        except ValueError:
            names.add(entry.lower().removesuffix("."))
    return frozenset(names), tuple(networks)


def _look_up(name: str, port: int, timeout: float) -> list[str]:
    """All addresses of a name. The resolver knows no deadline, so it is asked in a thread."""
    answers: SimpleQueue[list[Any]] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(name, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError, ValueError):
            answers.put([])

    Thread(target=ask, name="resolve", daemon=True).start()
    try:
        found = answers.get(timeout=timeout)
    except Empty:
        raise NotPublic from None
    addresses = list(dict.fromkeys(str(answer[4][0]) for answer in found))
    if not addresses:
        raise NotPublic
    return addresses
