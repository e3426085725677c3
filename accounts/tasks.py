from celery import shared_task
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.audit_log import chain, months
from accounts.members import invitations
from accounts.outgoing import dispatch, outbox
from accounts.sign_in import jwt, oauth
from accounts.sites import lifecycle
from accounts.tenants import tenant_deletion


@shared_task
def delete_sites() -> None:
    """Delete the sites whose days of grace are over."""
    lifecycle.delete_due(timezone.now())


@shared_task
def send_due() -> None:
    """Send the mails and webhooks that are due."""
    dispatch.send_due()


@shared_task
def forget_sent() -> None:
    """Wipe and delete what was sent some time ago."""
    outbox.forget_old(timezone.now(), settings.OUTBOX_CONTENT_DAYS, settings.OUTBOX_DAYS)


@shared_task(time_limit=6 * 3600)
def delete_tenants() -> None:
    """Delete the organisations whose days of grace are over."""
    tenant_deletion.delete_due(timezone.now())


@shared_task
def chain_audit_log() -> None:
    """Give the committed entries of the audit log their places."""
    chain.chain_committed()


@shared_task
def keep_audit_log() -> None:
    """Make the coming months of the audit log, and end those that are old enough."""
    now = timezone.now()
    connection.ensure_connection()
    months.ensure_ahead(connection.connection, now.date())
    months.end_old(connection.connection, now)


@shared_task
def forget_invitations() -> None:
    """Delete the invitations that have been over for long."""
    invitations.forget_old(timezone.now())


@shared_task
def forget_sign_ins() -> None:
    """Delete the sign-ins of programs and the states of providers whose time is over."""
    jwt.forget_ended()
    oauth.forget_used_states()
