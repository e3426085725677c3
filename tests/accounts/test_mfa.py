"""Second factors and passkeys."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.core.cache import caches
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from accounts.models import User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXP"


def code_of(secret: str, step: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))


@pytest.fixture
def known(browser, sign_in, nora) -> Any:
    """A browser in which Nora has just shown again that it is her."""
    sign_in(browser, "nora@acme.test")
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return browser


@pytest.fixture
def factor(nora) -> Authenticator:
    """Nora's app."""
    return TOTP.activate(nora, SECRET).instance


def test_one_sets_up_an_app_with_the_code_it_shows(
    known, nora, mails, django_capture_on_commit_callbacks
):
    page = known.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    assert b"data:image/svg+xml" in page.content
    wrong = known.post("/accounts/2fa/totp/activate/", {"code": "000000"})
    assert wrong.context["form"].errors["code"]
    with django_capture_on_commit_callbacks(execute=True):
        known.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})
    kept = Authenticator.objects.get(user=nora, type="totp")
    assert secret not in json.dumps(kept.data)
    assert [kind for kind, _to, _text in mails()] == ["totp_activated"]
    shown = known.get("/accounts/2fa/recovery-codes/").content.decode()
    codes = RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()
    assert all(code in shown for code in codes)
    assert known.get("/accounts/2fa/recovery-codes/download/").content.decode().split() == codes
    known.post("/accounts/2fa/recovery-codes/generate/")
    assert not set(codes) & set(
        RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()
    )
    known.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()


def test_factors_are_changed_by_those_only_who_show_again_who_they_are(browser, sign_in, nora):
    sign_in(browser, "nora@acme.test")
    for page in ("2fa/totp/activate/", "passkeys/add/", "2fa/recovery-codes/generate/"):
        answer = browser.post(f"/accounts/{page}")
        assert answer.status_code == 302, page
        assert "authenticate" in answer.url or "2fa" in answer.url


def test_signing_in_asks_for_the_code_and_takes_it_once(browser, sign_in, factor, monkeypatch):
    assert sign_in(browser, "nora@acme.test").url == "/accounts/2fa/authenticate/"
    assert browser.get("/auth/me").status_code == 401
    assert browser.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    code = code_of(SECRET)
    assert browser.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302
    assert browser.get("/auth/me").status_code == 200
    browser.logout()
    sign_in(browser, "nora@acme.test")
    monkeypatch.setattr(caches["default"], "key_prefix", uuid4().hex)
    for taken in (code, code_of(SECRET, -1)):
        assert browser.post("/accounts/2fa/authenticate/", {"code": taken}).status_code == 200
    later = code_of(SECRET, 1)
    assert browser.post("/accounts/2fa/authenticate/", {"code": later}).status_code == 302


def test_the_admin_has_no_way_in_past_the_second_factor(browser, sign_in, factor):
    User.objects.filter(pk=factor.user_id).update(is_staff=True)
    given = {"username": "nora@acme.test", "password": PASSWORD, "next": "/admin/"}
    assert browser.post("/admin/login/", given).url == "/accounts/login/?next=/admin/"
    assert browser.get("/admin/").status_code == 302
    sign_in(browser, "nora@acme.test")
    browser.post("/accounts/2fa/authenticate/", {"code": code_of(SECRET)})
    assert browser.get("/admin/").status_code == 200
    assert browser.get("/admin/password_change/").url == "/accounts/password/change/"


def test_a_recovery_code_signs_in_once(browser, sign_in, factor, nora):
    code = RecoveryCodes.activate(nora).get_unused_codes()[0]
    for status in (302, 200):
        sign_in(browser, "nora@acme.test")
        answer = browser.post("/accounts/2fa/authenticate/", {"code": code})
        assert answer.status_code == status
        browser.logout()


def test_programs_show_the_code_too(browser, factor):
    def ask(**more: str) -> Any:
        body = {"email": "nora@acme.test", "password": PASSWORD, **more}
        return browser.post("/auth/login", body, content_type="application/json")

    RecoveryCodes.activate(factor.user)
    assert ask().json()["code"] == "second_factor_required"
    assert ask(otp="000000").json()["code"] == "second_factor_invalid"
    code = code_of(SECRET)
    assert ask(otp=code).status_code == 200
    assert ask(otp=code).json()["code"] == "second_factor_invalid"
    factor.delete()
    assert ask().status_code == 200, "recovery codes stand in for a factor and are none"


def test_whoever_guesses_codes_has_to_wait(browser, factor):
    body = {"email": "nora@acme.test", "password": PASSWORD, "otp": "000000"}
    found = [browser.post("/auth/login", body, content_type="application/json") for _n in range(6)]
    assert [answer.status_code for answer in found] == [401] * 5 + [429]


# --- Passkeys ---------------------------------------------------------------------------------


class Key:
    """A passkey in software."""

    rp = b"testserver"

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.id = b"key-of-nora-1234"
        self.count = 0

    def client_data(self, kind: str, challenge: str) -> CollectedClientData:
        return CollectedClientData.create(
            type=kind, challenge=challenge, origin="http://testserver"
        )

    def data(self, credential: bytes = b"") -> AuthenticatorData:
        digest = SHA256_OF(self.rp)
        flags = AuthenticatorData.FLAG(0x05 | (0x40 if credential else 0))
        self.count += 1
        return AuthenticatorData.create(digest, flags, self.count, credential)

    def made(self, options: dict[str, Any]) -> str:
        """The answer to creation options."""
        public = ES256.from_cryptography_key(self.private.public_key())
        credential = AttestedCredentialData.create(b"\0" * 16, self.id, public)
        data = self.data(bytes(credential))
        client = self.client_data("webauthn.create", options["publicKey"]["challenge"])
        answer = {
            "clientDataJSON": websafe_encode(bytes(client)),
            "attestationObject": websafe_encode(bytes(AttestationObject.create("none", data, {}))),
        }
        extensions = {"credProps": {"rk": True}}
        return self._wrapped(answer, extensions)

    def shown(self, options: dict[str, Any], user: int) -> str:
        """The answer to request options."""
        data = self.data()
        client = self.client_data("webauthn.get", options["publicKey"]["challenge"])
        signature = self.private.sign(bytes(data) + client.hash, ec.ECDSA(SHA256()))
        from allauth.account.utils import user_pk_to_url_str

        from accounts.models import User

        handle = user_pk_to_url_str(User.objects.get(pk=user)).encode()
        answer = {
            "clientDataJSON": websafe_encode(bytes(client)),
            "authenticatorData": websafe_encode(bytes(data)),
            "signature": websafe_encode(signature),
            "userHandle": websafe_encode(handle),
        }
        return self._wrapped(answer, {})

    def _wrapped(self, answer: dict[str, Any], extensions: dict[str, Any]) -> str:
        name = websafe_encode(self.id)
        return json.dumps(
            {
                "type": "public-key",
                "id": name,
                "rawId": name,
                "response": answer,
                "clientExtensionResults": extensions,
            }
        )


def SHA256_OF(text: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(text).digest()


def test_one_adds_a_passkey_and_signs_in_by_it_alone(known, nora, mails):
    key = Key()
    options = known.get("/accounts/passkeys/add/").context["js_data"]["creation_options"]
    form = {"name": "Phone", "passwordless": "on", "credential": key.made(options)}
    added = known.post("/accounts/passkeys/add/", form)
    assert added.status_code == 302, added.context["form"].errors
    assert "webauthn_added" in [kind for kind, _to, _text in mails()]
    assert b"Phone" in known.get("/accounts/passkeys/").content
    known.logout()
    asked = known.get("/accounts/passkeys/login/", headers={"Accept": "application/json"}).json()
    shown = key.shown(asked["request_options"], nora.pk)
    answer = known.post("/accounts/passkeys/login/", {"credential": shown})
    assert answer.status_code == 302
    assert known.get("/auth/me").json()["email"] == "nora@acme.test"
    known.logout()
    known.post("/accounts/passkeys/login/", {"credential": shown})  # heard on the way
    assert known.get("/auth/me").status_code == 401


def test_one_renames_and_removes_ones_own_passkeys_only(known, nora, ada, browser, sign_in):
    mine, other = (
        Authenticator.objects.create(
            user=user, type="webauthn", data={"name": "Old", "passwordless": True}
        )
        for user in (nora, ada)
    )
    known.post(f"/accounts/passkeys/{mine.pk}/edit/", {"name": "New"})
    mine.refresh_from_db()
    assert mine.data["name"] == "New"
    for act in ("edit", "remove"):
        assert known.post(f"/accounts/passkeys/{other.pk}/{act}/").status_code == 404
    known.post(f"/accounts/passkeys/{mine.pk}/remove/")
    assert list(Authenticator.objects.all()) == [other]
