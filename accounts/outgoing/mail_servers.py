"""A tenant's own mail server: set, tried out, watched."""

from __future__ import annotations

from copy import copy
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import audit, vault
from accounts.models import MailServer, Membership, OutboxMessage, Tenant, User
from accounts.outgoing import notices, outbox, smtp
from accounts.outgoing.letters import compose
from accounts.outgoing.outcome import Outcome, Result
from accounts.outgoing.public import NotPublic
from accounts.roles import Role

# What is told of a server; its password has a way of its own.
FIELDS = ("server", "port", "from_address", "username", "use_tls")
# A password goes where it was entered for, and nowhere else.
BOUND = ("server", "port", "username", "use_tls")
TEST = "mail_server_test"
MAX_TOLD = 500
# One mail that could not be handed in is no news; it is once nothing got through for a while.
PATIENCE = timedelta(minutes=30)


class PasswordNeeded(ValueError):
    """The server is another one now: its password must be entered, the old one stays unused."""

    def __init__(self) -> None:
        super().__init__(
            _("Enter the password again: it is kept for the server and the user it was given for.")
        )


def of(tenant: Tenant | None) -> MailServer | None:
    """The tenant's mail server, if it has one of its own."""
    try:
        return tenant.mail_server if tenant is not None else None
    except MailServer.DoesNotExist:
        return None


def reached(server: MailServer) -> smtp.Server:
    """The server with its password. Raises `vault.Unreadable`."""
    sealed = server.sealed_password
    password = vault.unseal(sealed, place_of(server)).decode() if sealed is not None else ""
    return smtp.Server(
        host=server.server,
        port=server.port,
        username=server.username,
        password=password,
        use_tls=server.use_tls,
    )


def place_of(server: MailServer) -> str:
    """Where a server's password is sealed."""
    return vault.place(server, "sealed_password", server.tenant_id)


# --- Set --------------------------------------------------------------------------------------


def configure(tenant: Tenant, actor: User, values: dict[str, Any], password: str) -> MailServer:
    """The tenant's server with the values of `FIELDS`; "" keeps the password.

    Raises `PasswordNeeded` where it would be sent to another server or for another user than it was
    entered for, and `ValidationError`.
    """
    _check_reach(values)  # asks for a name: nobody's row is held meanwhile
    return _store(tenant, actor, values, password)


@transaction.atomic
def _store(tenant: Tenant, actor: User, values: dict[str, Any], password: str) -> MailServer:
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    server = MailServer.objects.for_tenant(tenant).first() or MailServer(tenant=tenant)
    before = None if server._state.adding else copy(server)
    for name in FIELDS:
        setattr(server, name, values[name])
    _keep_password(server, before, password)
    server.full_clean(exclude=["tenant"])
    changes = audit.differences(before, server, list(FIELDS))
    if password:
        changes["password_set"] = [before is not None and before.sealed_password is not None, True]
    if changes:
        server.tested_at, server.test_error = None, ""
        server.failing_since, server.failure, server.told_at = None, "", None
    server.save()
    if changes:
        action = "mailserver.changed" if before else "mailserver.created"
        changes.pop("username", None)  # most often an address of a person
        changes.pop("from_address", None)
        audit.record(action, server, tenant=tenant, actor=actor, changes=changes)
    return server


def _keep_password(server: MailServer, before: MailServer | None, password: str) -> None:
    if password:
        server.sealed_password = vault.seal(password.encode(), place_of(server))
    elif not server.username:
        server.sealed_password = None
    elif _is_lost(server) or (
        server.sealed_password is not None
        and before is not None
        and any(getattr(server, name) != getattr(before, name) for name in BOUND)
    ):
        raise PasswordNeeded


def _is_lost(server: MailServer) -> bool:
    """Whether the password that is there does not open any more."""
    try:
        reached(server)
    except vault.Unreadable:
        return True
    return False


def _check_reach(values: dict[str, Any]) -> None:
    """Refuse a server that no mail would ever be handed to. Raises `ValidationError`."""
    names = {"server": "host", "port": "port", "username": "username", "use_tls": "use_tls"}
    try:
        smtp.find(smtp.Server(**{name: values[field] for field, name in names.items()}))
    except NotPublic as error:
        raise ValidationError({"server": str(error)}) from None
    except smtp.WayFailed as error:
        raise ValidationError({"use_tls": str(error)}) from None


@transaction.atomic
def remove(server: MailServer, actor: User) -> None:
    """Forget a tenant's server: its mail leaves by the installation's from now on."""
    audit.record("mailserver.deleted", server, tenant=server.tenant, actor=actor)
    server.delete()


# --- Tried out --------------------------------------------------------------------------------


@transaction.atomic
def send_test(server: MailServer, actor: User) -> OutboxMessage:
    """A mail to whoever asks, by this server, tried once; `note_test` keeps what came of it."""
    MailServer.plain.filter(pk=server.pk).update(tested_at=None, test_error="")
    told = {"tenant": server.tenant, "server": server}
    letter = compose("accounts/email/mail_server_test", told)
    audit.record("mailserver.tested", server, tenant=server.tenant, actor=actor)
    return outbox.add_mail(
        TEST, actor.email, letter.subject, letter.text, tenant=server.tenant, html=letter.html
    )


def note_test(server: MailServer, outcome: Outcome, now: datetime) -> None:
    """Keep what came of a test."""
    error = "" if outcome.result == Result.DELIVERED else outcome.detail or _("It was not taken.")
    MailServer.plain.filter(pk=server.pk).update(tested_at=now, test_error=error[:MAX_TOLD])


def last_test(server: MailServer) -> OutboxMessage | None:
    """The last test of the server as it is set now."""
    tests = OutboxMessage.objects.for_tenant(server.tenant_id).filter(
        kind=TEST, created_at__gte=server.updated_at
    )
    return tests.order_by("-created_at").first()


# --- Watched ----------------------------------------------------------------------------------


def note(server: MailServer, outcome: Outcome, now: datetime) -> None:
    """Remember what a mail by this server came to; admins are told once where nothing gets out."""
    rows = MailServer.objects.for_tenant(server.tenant_id).filter(pk=server.pk)
    if outcome.result == Result.DELIVERED:
        rows.filter(failing_since__isnull=False).update(
            failing_since=None, failure="", told_at=None
        )
        return
    if not outcome.way_failed:
        return
    rows.filter(failing_since=None).update(failing_since=now)
    rows.update(failure=outcome.detail[:MAX_TOLD])
    late = Q(told_at=None, failing_since__lte=now - PATIENCE)
    if rows.filter(late).update(told_at=now):
        _tell(rows.get())


def _tell(server: MailServer) -> None:
    """Mail the owners, by the installation's server: by the tenant's own nothing gets out."""
    owners = Membership.objects.for_tenant(server.tenant_id).filter(
        role=Role.OWNER, suspended_at=None, user__is_active=True
    )
    for owner in owners.select_related("user"):
        notices.notify(
            owner.user,
            "mail_server_failing",
            "accounts/email/mail_server_failing",
            {"tenant": server.tenant, "server": server},
            by=None,
        )
