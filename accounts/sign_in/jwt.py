"""The tokens of programs that act as a person: short-lived access, and refresh that rotates.

Every token names its `SignIn`. An access token opens nothing once the row is gone, the password is
changed or the person is signed out everywhere, so a sign-out is true. Why these are not allauth's:
`docs/decisions/0006-own-tokens-for-programs.md`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import SignIn, User

ACCESS = "access"
REFRESH = "refresh"
MAX_TOKEN = 2_000


class RefreshInvalid(ValueError):
    """The refresh token is none of ours, too old, or was used before."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What a program gets: its tokens, and for how many seconds each is good."""

    access: str
    refresh: str
    expires_in: int
    refresh_expires_in: int
    sign_in: SignIn


# --- Made -------------------------------------------------------------------------------------


def lifetime() -> timedelta:
    """How long an access token is good."""
    return timedelta(hours=settings.JWT_EXPIRATION_HOURS)


def refresh_lifetime() -> timedelta:
    """How long a refresh token is good; each refresh begins it anew."""
    return timedelta(days=settings.JWT_REFRESH_DAYS)


@transaction.atomic
def start(user: User, request: HttpRequest, ip: str) -> Pair:
    """Sign a program in as the person."""
    now = timezone.now()
    made = SignIn.objects.create(
        user=user,
        auth_hash=user.get_session_auth_hash(),
        agent=request.headers.get("User-Agent", "").replace("\0", "")[:200],
        ip=ip or None,
        created_at=now,
        refreshed_at=now,
        expires_at=now + max(lifetime(), refresh_lifetime()),
    )
    User.objects.filter(pk=user.pk).update(last_login=now)
    audit.record("user.program_signed_in", user, tenant=None, actor=user)
    return _pair(made, now)


def _pair(sign_in: SignIn, now: datetime) -> Pair:
    return Pair(
        access=_token(sign_in, ACCESS, now, lifetime()),
        refresh=_token(sign_in, REFRESH, now, refresh_lifetime(), gen=sign_in.generation),
        expires_in=int(lifetime().total_seconds()),
        refresh_expires_in=int(refresh_lifetime().total_seconds()),
        sign_in=sign_in,
    )


def _token(sign_in: SignIn, use: str, now: datetime, lasts: timedelta, **more: Any) -> str:
    claims = {
        "iss": settings.BASE_URL,
        "sub": str(sign_in.user_id),
        "sid": str(sign_in.pk),
        "jti": uuid.uuid4().hex,
        "use": use,
        "iat": now,
        "exp": now + lasts,
        **more,
    }
    return jwt.encode(claims, settings.JWT_SECRET_KEY, algorithm=settings.JWT_ALGORITHM)


# --- Read -------------------------------------------------------------------------------------


def claims_of(text: str, use: str = ACCESS) -> dict[str, Any] | None:
    """What a token claims, if it is signed by us, in time, and made for this use."""
    if len(text) > MAX_TOKEN:
        return None
    try:
        claims: dict[str, Any] = jwt.decode(
            text,
            settings.JWT_SECRET_KEY,
            algorithms=[settings.JWT_ALGORITHM],
            issuer=settings.BASE_URL,
            options={"require": ["exp", "iat", "iss", "sub", "jti", "sid"], "verify_aud": False},
        )
    except (jwt.PyJWTError, ValueError):
        return None
    return claims if claims.get("use") == use else None


def person_of(text: str) -> str | None:
    """The id of the person that a token claims to act for, as text; no database is asked."""
    claims = claims_of(text)
    return claims["sub"] if claims else None


def find_sign_in(text: str) -> SignIn | None:
    """The living sign-in of an access token, with its user loaded."""
    claims = claims_of(text)
    if claims is None:
        return None
    found = SignIn.objects.select_related("user").filter(pk=claims["sid"]).first()
    if found is None or str(found.user_id) != claims["sub"]:
        return None
    return found if found.is_alive(timezone.now()) else None


# --- Refreshed, ended -------------------------------------------------------------------------


def refresh(text: str) -> Pair:
    """New tokens for a refresh token, which is used up. Raises `RefreshInvalid`.

    One that was used before ends the sign-in with all its tokens: somebody else has a copy.
    """
    claims = claims_of(text, REFRESH)
    pair = _rotated(claims) if claims else None
    if pair is None:
        raise RefreshInvalid
    return pair


@transaction.atomic
def _rotated(claims: dict[str, Any]) -> Pair | None:
    now = timezone.now()
    rows = SignIn.objects.select_related("user").select_for_update(of=("self",))
    found = rows.filter(pk=claims["sid"]).first()
    if found is None or not found.is_alive(now):
        return None
    if claims.get("gen") != found.generation:
        audit.record("user.refresh_reused", found.user, tenant=None, actor=None)
        found.delete()
        return None
    found.generation += 1
    found.refreshed_at, found.expires_at = now, now + max(lifetime(), refresh_lifetime())
    found.save(update_fields=["generation", "refreshed_at", "expires_at"])
    return _pair(found, now)


@transaction.atomic
def end(sign_in: SignIn) -> None:
    """Sign the program out: all its tokens are dead."""
    audit.record("user.program_signed_out", sign_in.user, tenant=None, actor=sign_in.user)
    sign_in.delete()


def forget_ended() -> int:
    """Delete the sign-ins whose time is over; how many they were."""
    return SignIn.objects.filter(expires_at__lt=timezone.now()).delete()[0]
