"""The only code that makes a visitor of an address, or of a person who agreed to be recognised.

A visitor is a 64-bit pseudonym under the secret of one site and one day. The secret is random, is
made when the day's first event arrives, and dies 48 hours after the later of the day's end and its
making; after that nobody, we included, can tell who a visitor was or meet them again.

A visitor who agreed is a pseudonym of the id that the site gave them, under a lasting secret of the
site. The id itself is never stored: who knows it can find the person's events, nobody else can.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import connection

from accounts import vault
from accounts.models import Site
from privacy.models import VisitorSecret

SALT_LIFETIME = timedelta(hours=48)


def new_secret() -> bytes:
    """The random secret of a site's day, or of a site."""
    return secrets.token_bytes(32)


def place_of_secret(site_id: int) -> str:
    """Where a site's lasting secret is sealed: it goes with the site, whosever that is."""
    return f"installation/privacy.visitorsecret/{site_id}/secret"


def sealed_secret(site_id: int) -> bytes:
    """A new lasting secret of a site, as it is stored."""
    return vault.seal(new_secret(), place_of_secret(site_id))


def opened(site_id: int, sealed: bytes) -> bytes:
    """A site's lasting secret. Raises `vault.Unreadable`."""
    return vault.unseal(sealed, place_of_secret(site_id))


def visitor_id(secret: bytes, address: str, agent: str) -> int:
    """The pseudonym of an address and a browser: a signed 64-bit number."""
    digest = hashlib.blake2b(f"{address}\0{agent}".encode(), digest_size=8, key=secret).digest()
    return int.from_bytes(digest, "big", signed=True)


def person_id(secret: bytes, user_id: str) -> int:
    """The pseudonym of a person who agreed, under the site's lasting secret: 64 bits, signed."""
    digest = hashlib.blake2b(user_id.encode(), digest_size=8, key=secret, person=b"person").digest()
    return int.from_bytes(digest, "big", signed=True)


def visitor_of(site: Site, user_id: str) -> int | None:
    """The visitor as whom a person who agreed stands in the site's events, or None.

    What a subject request begins with: the site tells the person's id, and by the number it gets
    here every holding of events finds what is theirs, to hand it out or to erase it. None where the
    site never had a visitor who agreed.
    """
    found = VisitorSecret.objects.for_tenant(site.tenant_id).filter(site=site).first()
    return None if found is None else person_id(opened(site.pk, found.sealed), user_id)


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
