"""What is stored of visitors' addresses, by each site's setting, and for how long."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from ipaddress import ip_network

from django.db import connection

from accounts.models import Site

NONE, TRUNCATED = Site.Addresses.NONE.value, Site.Addresses.TRUNCATED.value
# What is left of a truncated address: its network, of some hundred to some thousand subscribers.
BITS_4, BITS_6 = 24, 48


@lru_cache(maxsize=16_384)
def kept(address: str, handling: str) -> str | None:
    """What is stored of an address; None for nothing."""
    if not address or handling == NONE:
        return None
    if handling == TRUNCATED:
        bits = BITS_6 if ":" in address else BITS_4
        return str(ip_network(f"{address}/{bits}", strict=False).network_address)
    return address


_FORGET = f"""
UPDATE tracking_event e SET ip = CASE
    WHEN w.addresses = '{NONE}' OR e.occurred_at < %(now)s - w.address_days * interval '1 day'
        THEN NULL
    ELSE host(network(set_masklen(e.ip, CASE family(e.ip) WHEN 4 THEN {BITS_4} ELSE {BITS_6} END)))
        ::inet END
FROM accounts_site w
WHERE w.id = e.site_id AND e.ip IS NOT NULL AND (
    w.addresses = '{NONE}' OR e.occurred_at < %(now)s - w.address_days * interval '1 day'
    OR w.addresses = '{TRUNCATED}' AND e.ip <> host(network(set_masklen(
        e.ip, CASE family(e.ip) WHEN 4 THEN {BITS_4} ELSE {BITS_6} END)))::inet)
"""  # noqa: S608  the values are the constants above


def forget(now: datetime) -> int:
    """Take away what sites no longer keep of addresses; returns of how many events."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, {"now": now})
        return cursor.rowcount
