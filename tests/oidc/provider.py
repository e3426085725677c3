"""What the provider promises: codes and refresh tokens once, PKCE always, redirects to the letter.

It asks nobody for a password: whoever comes is the person it was told to have (`person`), or the
one that `login_hint` names. `tamper` lets a test change what an ID token claims.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CODE_SECONDS = 60
TOKEN_SECONDS = 300


class Wrong(Exception):
    """A request that the provider refuses, with OAuth's name for why."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.status = error, status


@dataclass
class Grant:
    """What a code or a refresh token stands for."""

    client: str
    redirect_uri: str
    person: dict[str, Any]
    nonce: str
    challenge: str
    expires: float
    scope: str
    used: bool = False


@dataclass
class Provider:
    """The state of the provider, for one client."""

    client_id: str = "linkpro"
    client_secret: str = "not-so-secret"
    redirect_uris: set[str] = field(default_factory=set)
    person: dict[str, Any] = field(default_factory=dict)
    issuer: str = ""
    code_seconds: float = CODE_SECONDS
    tamper: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    signing_key: Any = None

    def __post_init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.codes: dict[str, Grant] = {}
        self.refreshes: dict[str, Grant] = {}
        self.accesses: dict[str, Grant] = {}

    # --- What it says of itself ---------------------------------------------------------------

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        }

    def keys(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": "one", "use": "sig", "alg": "RS256"}]}

    # --- What it does -------------------------------------------------------------------------

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser goes with its code. Raises `Wrong` where it may go nowhere."""
        if asked.get("client_id") != self.client_id:
            raise Wrong("unauthorized_client")
        if asked.get("redirect_uri") not in self.redirect_uris:
            raise Wrong("redirect_uri_mismatch")
        back, state = asked["redirect_uri"], asked.get("state", "")
        error = self._why_not(asked)
        if error:
            return f"{back}?{urlencode({'error': error, 'state': state})}"
        code = secrets.token_urlsafe(24)
        self.codes[code] = Grant(
            client=self.client_id,
            redirect_uri=back,
            person=self._person(asked.get("login_hint", "")),
            nonce=asked["nonce"],
            challenge=asked["code_challenge"],
            expires=time.time() + self.code_seconds,
            scope=asked["scope"],
        )
        return f"{back}?{urlencode({'code': code, 'state': state})}"

    def _why_not(self, asked: dict[str, str]) -> str:
        if asked.get("response_type") != "code":
            return "unsupported_response_type"
        if "openid" not in asked.get("scope", "").split():
            return "invalid_scope"
        complete = asked.get("state") and asked.get("nonce") and asked.get("code_challenge")
        if not complete or asked.get("code_challenge_method") != "S256":
            return "invalid_request"
        return ""

    def _person(self, hint: str) -> dict[str, Any]:
        if not hint:
            return self.person
        named = hint.partition("@")[0].title()
        return {"sub": f"sub-{hint}", "email": hint, "email_verified": True, "name": named}

    def token(self, asked: dict[str, str]) -> dict[str, Any]:
        """Tokens for a code or a refresh token, each once. Raises `Wrong`."""
        secret = asked.get("client_secret", "")
        known = hmac.compare_digest(secret, self.client_secret)
        if asked.get("client_id") != self.client_id or not known:
            raise Wrong("invalid_client", 401)
        if asked.get("grant_type") == "authorization_code":
            return self._issue(self._redeem(asked))
        if asked.get("grant_type") == "refresh_token":
            return self._issue(self._take(self.refreshes, asked.get("refresh_token", "")))
        raise Wrong("unsupported_grant_type")

    def _redeem(self, asked: dict[str, str]) -> Grant:
        grant = self._take(self.codes, asked.get("code", ""))
        if asked.get("redirect_uri") != grant.redirect_uri:
            raise Wrong("invalid_grant")
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        shown = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if not hmac.compare_digest(shown, grant.challenge):
            raise Wrong("invalid_grant")
        return grant

    def _take(self, kept: dict[str, Grant], text: str) -> Grant:
        grant = kept.get(text)
        if grant is None or grant.used or time.time() > grant.expires:
            raise Wrong("invalid_grant")
        grant.used = True
        return grant

    def _issue(self, grant: Grant) -> dict[str, Any]:
        access, refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        lasting = {**grant.__dict__, "used": False, "expires": time.time() + TOKEN_SECONDS}
        self.accesses[access] = Grant(**lasting)
        self.refreshes[refresh] = Grant(**lasting)
        return {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "scope": grant.scope,
            "id_token": self._id_token(grant),
        }

    def _id_token(self, grant: Grant) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": grant.client,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "nonce": grant.nonce,
            **grant.person,
        }
        claims = self.tamper(claims) if self.tamper else claims
        key = self.signing_key or self.key
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": "one"})

    def profile(self, header: str) -> dict[str, Any]:
        """Who an access token is of. Raises `Wrong`."""
        grant = self.accesses.get(header.removeprefix("Bearer "))
        if grant is None or time.time() > grant.expires:
            raise Wrong("invalid_token", 401)
        return grant.person


class Handler(BaseHTTPRequestHandler):
    """The provider's addresses."""

    provider: Provider
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        answers: dict[str, Callable[[], Any]] = {
            "/.well-known/openid-configuration": self.provider.configuration,
            "/jwks": self.provider.keys,
            "/authorize": lambda: self.provider.authorize(asked),
            "/userinfo": lambda: self.provider.profile(self.headers.get("Authorization", "")),
        }
        self._answer(answers.get(parts.path))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        asked = {name: values[-1] for name, values in parse_qs(body).items()}
        kind, _space, text = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            name, _colon, secret = base64.b64decode(text).decode().partition(":")
            asked |= {"client_id": name, "client_secret": secret}
        self._answer((lambda: self.provider.token(asked)) if self.path == "/token" else None)

    def _answer(self, make: Callable[[], Any] | None) -> None:
        try:
            found = make() if make else None
        except Wrong as wrong:
            self._send(wrong.status, {"error": wrong.error})
            return
        if found is None:
            self._send(404, {"error": "not_found"})
        elif isinstance(found, str):
            self._send(302, {}, {"Location": found})
        else:
            self._send(200, found)

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None):
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are quiet."""


def server_of(provider: Provider, host: str = "127.0.0.1", port: int = 0) -> ThreadingHTTPServer:
    """A server that answers as the provider; its issuer is set to where it listens."""
    handler = type("Bound", (Handler,), {"provider": provider})
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    provider.issuer = f"http://{host}:{server.server_address[1]}"
    return server


@contextmanager
def running(provider: Provider) -> Iterator[Provider]:
    """The provider, answering in a thread."""
    server = server_of(provider)
    thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
