"""Whose address a request comes from, however many proxies stand before us. Pure."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest


@lru_cache(maxsize=16_384)
def plain_address(text: str) -> str:
    """An IP address in its one spelling, or "" for what is none.

    A port, brackets and a zone are dropped, an IPv4 address in IPv6 clothes is undressed.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


@lru_cache(maxsize=1)
def _trusted_networks() -> tuple[Any, ...]:
    return tuple(ipaddress.ip_network(net, strict=False) for net in settings.TRUSTED_PROXIES)


@lru_cache(maxsize=4_096)
def is_trusted_proxy(address: str) -> bool:
    """Whether the installation believes what this address says about its clients."""
    networks = _trusted_networks()
    return bool(networks and address) and any(
        ipaddress.ip_address(address) in network for network in networks
    )


def client_address(peer: str, header: str) -> str:
    """The address of the client: the peer's, or what trusted proxies say, read from the right."""
    peer = plain_address(peer)
    if not header or not is_trusted_proxy(peer):
        return peer
    for part in reversed(header.split(",")[-32:]):
        address = plain_address(part)
        if not address:
            break
        peer = address
        if not is_trusted_proxy(address):
            break
    return peer


def address_of(request: HttpRequest) -> str:
    """The address that a request of Django's came from; "" where it has none."""
    header = request.headers.get(settings.CLIENT_IP_HEADER, "")
    return client_address(request.META.get("REMOTE_ADDR", ""), header)


@lru_cache(maxsize=16_384)
def sender_of(address: str) -> str:
    """By what an address is limited: itself, its /64 in IPv6, "" (not at all) for loopback.

    Loopback says nothing about its sender: it is a proxy of this machine that nobody has named.
    """
    if not address:
        return ""
    found = ipaddress.ip_address(address)
    if found.is_loopback:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        return found.exploded[:19]
    return address
