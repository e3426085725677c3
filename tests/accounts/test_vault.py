"""Stored secrets: sealed for their place, and sealed anew when the installation's key changes."""

from __future__ import annotations

from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command

from accounts import vault
from accounts.models import MailServer, OutboxMessage, WebhookEndpoint
from accounts.outgoing import mail_servers, outbox
from accounts.sign_in.adapter import MFAAdapter
from privacy import pseudonyms
from privacy.models import VisitorSecret

pytestmark = pytest.mark.django_db

OLD, NEW = "the-old-key-of-the-installation", "the-new-key-of-the-installation"
SECRET = "correct-horse-battery-staple"


@pytest.fixture(autouse=True)
def _old_key(settings):
    settings.VAULT_KEYS = [OLD]


@pytest.fixture
def server(acme, ada) -> MailServer:
    values = {
        "server": "9.9.9.9",
        "port": 587,
        "from_address": "shop@acme.test",
        "username": "shop",
        "use_tls": True,
    }
    return mail_servers.configure(acme, ada, values, SECRET)


def rotated() -> str:
    out, lost = StringIO(), StringIO()
    try:
        call_command("rotate_vault", stdout=out, stderr=lost)
    except CommandError as error:
        return f"{out.getvalue()}{lost.getvalue()}{error}"
    return out.getvalue()


def test_a_secret_opens_in_its_own_place_alone():
    sealed = vault.seal(b"secret", "acme/mailserver/1/password")
    assert vault.unseal(sealed, "acme/mailserver/1/password") == b"secret"
    for other in ("acme/mailserver/2/password", "rival/mailserver/1/password"):
        with pytest.raises(vault.Unreadable):
            vault.unseal(sealed, other)


def test_rotation_reaches_every_sealed_value(server, acme, ada, site, settings):
    message = outbox.add_mail("test", "carl@example.com", "Hello", SECRET, tenant=acme)
    hook = WebhookEndpoint(tenant=acme, name="Shop", url="https://example.com/")
    for field in ("sealed_secret", "sealed_former_secret"):
        setattr(hook, field, vault.seal(b"x" * 24, vault.place(hook, field, acme.pk)))
    hook.save()
    lasting = VisitorSecret.plain.create(site=site, sealed=pseudonyms.sealed_secret(site.pk))
    ada_is = pseudonyms.visitor_of(site, "ada")
    factors = MFAAdapter()
    app = Authenticator.objects.create(
        user=ada, type="totp", data={"secret": factors.encrypt(SECRET)}
    )
    codes = Authenticator.objects.create(
        user=ada, type="recovery_codes", data={"migrated_codes": [factors.encrypt("11112222")] * 2}
    )
    settings.VAULT_KEYS = [NEW, OLD]
    told = rotated()
    settings.VAULT_KEYS = [NEW]  # the old key is gone
    assert mail_servers.reached(MailServer.plain.get(pk=server.pk)).password == SECRET
    assert outbox.content_of(OutboxMessage.plain.get(pk=message.pk))["text"] == SECRET
    again = WebhookEndpoint.plain.get(pk=hook.pk)
    for field in ("sealed_secret", "sealed_former_secret"):
        place = vault.place(hook, field, acme.pk)
        assert vault.unseal(getattr(again, field), place) == b"x" * 24
    assert pseudonyms.visitor_of(site, "ada") == ada_is
    assert bytes(VisitorSecret.plain.get(pk=lasting.pk).sealed) != lasting.sealed
    for row in (app, codes):
        row.refresh_from_db()
    assert factors.decrypt(app.data["secret"]) == SECRET
    assert {factors.decrypt(code) for code in codes.data["migrated_codes"]} == {"11112222"}
    assert "second factors: 3 sealed anew" in told
    assert "All stand under the first key" in told


def test_rotation_goes_on_where_it_was_interrupted(server, settings):
    settings.VAULT_KEYS = [NEW, OLD]
    assert "mail servers: 1 sealed anew, 0 were already" in rotated()
    assert "mail servers: 0 sealed anew, 1 were already" in rotated()


def test_rotation_names_what_does_not_open(server, settings):
    settings.VAULT_KEYS = [NEW]
    told = rotated()
    assert f"does not open: {mail_servers.place_of(server)}" in told
    assert "1 secrets open with none of VAULT_KEYS" in told


def test_a_value_that_changes_meanwhile_is_left_alone(server, settings):
    settings.VAULT_KEYS = [NEW, OLD]
    (sealed,) = vault.holdings["mail servers"].values()
    newer = vault.seal(b"newer", sealed.where)
    MailServer.plain.filter(pk=server.pk).update(sealed_password=newer)
    sealed.replace(vault.reseal(sealed.value, sealed.where))
    assert mail_servers.reached(MailServer.plain.get(pk=server.pk)).password == "newer"


def test_every_sealed_column_is_known_to_the_rotation():
    from django.apps import apps

    columns = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.name.startswith("sealed") and field.get_internal_type() == "BinaryField"
    }
    assert columns == {
        "MailServer.sealed_password",
        "OutboxMessage.sealed",
        "VisitorSecret.sealed",
        "WebhookEndpoint.sealed_former_secret",
        "WebhookEndpoint.sealed_secret",
        "WebhookEndpoint.sealed_url",
    }
    assert len(vault.holdings) == len(columns) + 1  # the second factors stand within JSON
