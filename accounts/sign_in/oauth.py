"""Signing in by a provider of OpenID Connect: where to send people, and who came back.

The providers are the installation's (`OIDC_*`, `OAUTH_*`, `GOOGLE_*`), so their addresses are asked
plainly. A `state` is signed and carries all that must be known again; PKCE's verifier and the nonce
are derived from it with the installation's key, so that nothing is written for people who only look
at the sign-in. A state that came back is written down: it is taken once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx2
import jwt
from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import UsedState

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialApp

STATE_SECONDS = 600
STATE_SALT = "linkpro.oauth.state"
MAX_STATE = 500
MAX_CODE = 4_096
SCOPE = "openid email profile"
TIMEOUT_SECONDS = 10
DISCOVERY_SECONDS = 600
CLOCK_LEEWAY_SECONDS = 60
# Only keys that the provider alone has sign an identity; the client secret never does.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
GOOGLE = "https://accounts.google.com"


class StateInvalid(ValueError):
    """The state is not ours, too old, or came back before."""


class ProviderRefused(ValueError):
    """The provider does not take the code, or says what cannot be believed."""


class ProviderAway(Exception):
    """The provider does not answer."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Somebody who knows people; `key` names it here and in `SocialAccount.provider`."""

    key: str
    name: str
    issuer: str
    client_id: str
    client_secret: str
    trusts_email: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Who came back from a provider."""

    provider: Provider
    subject: str
    email: str
    email_verified: bool
    name: str


# --- The providers of the installation --------------------------------------------------------


def providers() -> list[Provider]:
    """The providers that are set up; the first is taken where none is named."""
    found = []
    if settings.OIDC_ISSUER and settings.OAUTH_CLIENT_ID:
        ours = (settings.OIDC_ISSUER, settings.OAUTH_CLIENT_ID, settings.OAUTH_CLIENT_SECRET)
        found.append(Provider("oidc", settings.OIDC_NAME, *ours, settings.OIDC_TRUSTS_EMAIL))
    if settings.GOOGLE_CLIENT_ID:
        googles = (settings.GOOGLE_CLIENT_ID, settings.GOOGLE_CLIENT_SECRET)
        found.append(Provider("google", "Google", GOOGLE, *googles))
    return found


def find_provider(key: str) -> Provider | None:
    """The provider of that name; the first one for ""."""
    return next((found for found in providers() if not key or found.key == key), None)


def apps() -> list[SocialApp]:
    """The same providers as allauth's pages know them; always with PKCE."""
    from allauth.socialaccount.models import SocialApp

    return [
        SocialApp(
            provider="google" if provider.key == "google" else "openid_connect",
            provider_id="" if provider.key == "google" else provider.key,
            name=provider.name,
            client_id=provider.client_id,
            secret=provider.client_secret,
            settings={
                "server_url": provider.issuer,
                "oauth_pkce_enabled": True,
                "email_authentication": provider.trusts_email,
            },
        )
        for provider in providers()
    ]


# --- There ------------------------------------------------------------------------------------


def begin(provider: Provider) -> tuple[str, str]:
    """The provider's address to send somebody to, and the state that it gives back.

    Raises `ProviderAway`.
    """
    claims = {"provider": provider.key, "random": secrets.token_urlsafe(18)}
    state = signing.dumps(claims, salt=STATE_SALT)
    challenge = hashlib.sha256(_verifier(state).encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": settings.OAUTH_REDIRECT_URI,
        "scope": SCOPE,
        "state": state,
        "nonce": _nonce(state),
        "code_challenge": _unpadded(challenge),
        "code_challenge_method": "S256",
    }
    endpoint = _discovered(provider)["authorization_endpoint"]
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}", state


def _unpadded(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _derived(purpose: str, state: str) -> str:
    return _unpadded(salted_hmac(f"linkpro.oauth.{purpose}", state, algorithm="sha256").digest())


def _verifier(state: str) -> str:
    return _derived("verifier", state)


def _nonce(state: str) -> str:
    return _derived("nonce", state)


# --- And back ---------------------------------------------------------------------------------


def take(state: str) -> Provider:
    """The provider that a state was made for; nobody can take the state again.

    Raises `StateInvalid`.
    """
    try:
        claims = signing.loads(state[: MAX_STATE + 1], salt=STATE_SALT, max_age=STATE_SECONDS)
        provider = find_provider(claims["provider"])
    except (signing.BadSignature, KeyError, TypeError, ValueError) as error:
        raise StateInvalid from error
    if provider is None:
        raise StateInvalid
    digest = hashlib.sha256(state.encode()).digest()
    ends = timezone.now() + timedelta(seconds=STATE_SECONDS)
    try:
        with transaction.atomic():
            UsedState.objects.create(digest=digest, expires_at=ends)
    except IntegrityError as error:
        raise StateInvalid from error
    return provider


def identify(provider: Provider, code: str, state: str) -> Identity:
    """Who the provider says it is, for a code it gave. Raises `ProviderRefused`, `ProviderAway`."""
    found = _discovered(provider)
    answer = _exchange(provider, found, code, state)
    claims = _checked(provider, found, str(answer.get("id_token") or ""), _nonce(state))
    if "email" not in claims and found.get("userinfo_endpoint"):
        claims = _with_profile(claims, found, str(answer.get("access_token") or ""))
    return Identity(
        provider=provider,
        subject=str(claims["sub"])[:191],
        email=str(claims.get("email") or "").strip().lower(),
        email_verified=claims.get("email_verified") is True,
        name=str(claims.get("name") or ""),
    )


def forget_used_states() -> int:
    """Delete the states that are too old to be taken anyway; how many they were."""
    return UsedState.objects.filter(expires_at__lt=timezone.now()).delete()[0]


def _exchange(provider: Provider, found: dict[str, Any], code: str, state: str) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": settings.OAUTH_REDIRECT_URI,
        "code_verifier": _verifier(state),
    }
    methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    auth = None
    if "client_secret_post" in methods:
        form |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
    else:
        auth = (provider.client_id, provider.client_secret)
    return _asked("POST", found["token_endpoint"], data=form, auth=auth)


def _checked(
    provider: Provider, found: dict[str, Any], id_token: str, nonce: str
) -> dict[str, Any]:
    """What an ID token claims, once all of OpenID Connect Core 3.1.3.7 holds."""
    try:
        named = jwt.get_unverified_header(id_token).get("kid")
        keys = jwt.PyJWKSet.from_dict(_asked("GET", found["jwks_uri"])).keys
        key = next(key for key in keys if named in (None, key.key_id))
        claims: dict[str, Any] = jwt.decode(
            id_token,
            key=key,
            algorithms=ALGORITHMS,
            audience=provider.client_id,
            issuer=found["issuer"],
            leeway=CLOCK_LEEWAY_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except (jwt.PyJWTError, StopIteration, KeyError) as error:
        raise ProviderRefused(f"The ID token does not hold: {type(error).__name__}.") from error
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise ProviderRefused("The ID token was made for another sign-in.")
    if claims.get("azp", provider.client_id) != provider.client_id:
        raise ProviderRefused("The ID token was made for another client.")
    return claims


def _with_profile(claims: dict[str, Any], found: dict[str, Any], token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    profile = _asked("GET", found["userinfo_endpoint"], headers=headers)
    if profile.get("sub") != claims["sub"]:
        raise ProviderRefused("The profile is somebody else's.")
    return {**profile, **claims}


# --- Asking the provider ----------------------------------------------------------------------


def _asked(method: str, url: str, **options: Any) -> dict[str, Any]:
    """A JSON object of the provider. Raises `ProviderRefused` for 4xx, else `ProviderAway`."""
    try:
        answer = httpx2.request(method, url, timeout=TIMEOUT_SECONDS, **options)
        body = answer.json()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise ProviderAway(f"{url} does not answer: {type(error).__name__}.") from error
    if 400 <= answer.status_code < 500:
        raise ProviderRefused(f"The provider answers {answer.status_code}.")
    if answer.status_code != 200 or not isinstance(body, dict):
        raise ProviderAway(f"{url} answers {answer.status_code}.")
    return body


def _discovered(provider: Provider) -> dict[str, Any]:
    return _discover(provider.issuer, int(time.monotonic() // DISCOVERY_SECONDS))


@lru_cache(maxsize=8)
def _discover(issuer: str, _age: int) -> dict[str, Any]:
    """The provider's description of itself, kept for some minutes."""
    url = f"{issuer}/.well-known/openid-configuration"
    try:
        found = _asked("GET", url)
    except ProviderRefused as error:
        raise ProviderAway(f"{url} is not there.") from error
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri", "issuer")
    if any(not isinstance(found.get(name), str) for name in needed):
        raise ProviderAway(f"{url} does not describe a provider.")
    if found["issuer"].rstrip("/") != issuer:
        raise ProviderAway(f"{url} describes another issuer.")
    return found
