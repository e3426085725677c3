"""What tests of signing in share: a provider, browsers with addresses of their own, mails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from django.core.cache import caches
from django.test import Client

from accounts import vault
from accounts.models import OutboxMessage, User
from accounts.outgoing.outbox import place_of
from tests.conftest import PASSWORD
from tests.oidc.provider import Provider, running

REDIRECT = "http://localhost:3000/oauth/callback"
PAGES = "http://testserver/accounts/oidc/oidc/login/callback/"
_addresses = count(1)


@pytest.fixture(autouse=True)
def _own_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test has tried is not counted against another."""
    monkeypatch.setattr(caches["default"], "key_prefix", uuid4().hex)


@pytest.fixture(scope="session")
def listening() -> Iterator[Provider]:
    with running(Provider(redirect_uris={REDIRECT, PAGES})) as provider:
        yield provider


@pytest.fixture
def provider(listening: Provider, settings: Any) -> Iterator[Provider]:
    """A provider that the installation is set up with; Nora signs in there."""
    listening.person = {
        "sub": "nora-1",
        "email": "nora@acme.test",
        "email_verified": True,
        "name": "Nora Nord",
    }
    settings.OIDC_ISSUER = listening.issuer
    settings.OIDC_NAME = "Acme Login"
    settings.OAUTH_CLIENT_ID = listening.client_id
    settings.OAUTH_CLIENT_SECRET = listening.client_secret
    settings.OAUTH_REDIRECT_URI = REDIRECT
    settings.SIGNUP_POLICY = "open"
    yield listening
    listening.tamper = listening.signing_key = None
    listening.code_seconds = 60


@pytest.fixture
def browser() -> Client:
    """A browser at an address of its own, which stops at what the site answers."""
    return Client(REMOTE_ADDR=f"203.0.113.{next(_addresses) % 250 + 1}")


@pytest.fixture
def sign_in() -> Callable[..., Any]:
    """Sign in on the page."""

    def post(client: Client, email: str, password: str = PASSWORD, **more: str) -> Any:
        return client.post("/accounts/login/", {"login": email, "password": password, **more})

    return post


@pytest.fixture
def mails(db: None) -> Callable[[], list[tuple[str, str, str]]]:
    """The mails that wait to leave: kind, recipient, text."""

    def read() -> list[tuple[str, str, str]]:
        rows = OutboxMessage.plain.filter(channel="mail").order_by("created_at")
        return [(row.kind, row.recipient, text_of(row)) for row in rows]

    return read


def text_of(row: OutboxMessage) -> str:
    opened = vault.unseal(row.sealed or b"", place_of(row))
    text: str = msgspec.json.decode(opened)["text"]
    return text


def code_in(text: str) -> str:
    """The code that a mail brings."""
    found = re.search(r"^([A-Z0-9]{4,}(?:-[A-Z0-9]+)*)$", text, re.MULTILINE)
    assert found, text
    return found.group(1)


@pytest.fixture
def bearer() -> Callable[[str], dict[str, Any]]:
    """What a request brings to be somebody: `client.get(path, **bearer(token))`."""

    def headers(text: str, **more: str) -> dict[str, Any]:
        return {"headers": {"Authorization": f"Bearer {text}", **more}}

    return headers


@pytest.fixture
def nora(db: None) -> User:
    return User.objects.create_user("nora@acme.test", PASSWORD, name="Nora")
