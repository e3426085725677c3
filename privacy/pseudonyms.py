"""The only code that makes a visitor of an address.

A visitor is a 64-bit pseudonym under the secret of one site and one day. The secret is random, is
made when the day's first event arrives, and dies 48 hours after the later of the day's end and its
making; after that nobody, we included, can tell who a visitor was or meet them again.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import connection

SALT_LIFETIME = timedelta(hours=48)


def new_secret() -> bytes:
    """The random secret of a site's day."""
    return secrets.token_bytes(32)


def visitor_id(secret: bytes, address: str, agent: str) -> int:
    """The pseudonym of an address and a browser: a signed 64-bit number."""
    digest = hashlib.blake2b(f"{address}\0{agent}".encode(), digest_size=8, key=secret).digest()
    return int.from_bytes(digest, "big", signed=True)


def session_id(secret: bytes, text: str) -> int:
    """A client's own session id as a signed 64-bit number that says nothing about the client."""
    digest = hashlib.blake2b(text.encode(), digest_size=8, key=secret, person=b"session").digest()
    return int.from_bytes(digest, "big", signed=True)


def destroy_expired(now: datetime) -> int:
    """Destroy the secrets whose time has come; returns how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE privacy_salt s SET secret = NULL FROM accounts_site w"
            " WHERE w.id = s.site_id AND s.secret IS NOT NULL AND greatest("
            " (s.date + 1)::timestamp AT TIME ZONE w.time_zone, s.made_at) + %s::interval < %s",
            [str(SALT_LIFETIME), now],
        )
        return cursor.rowcount
