"""What was sent for a tenant, and what is still to be: looked at, called back, sent again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Membership, OutboxAttempt, OutboxMessage, User
from accounts.outgoing import outbox

State = OutboxMessage.State
# What people call the kinds that they meet here; others stand as they are.
KINDS = {
    "invitation": _("Invitation"),
    "site_offered": _("Offer of a site"),
    "site_deletion": _("A site will be deleted"),
    "tenant_deletion": _("The organisation will be deleted"),
    "mail_server_test": _("Test of the mail server"),
    "webhook_stopped": _("A webhook was stopped"),
}


def kind_of(message: OutboxMessage) -> Any:
    """What a message is, for people."""
    return KINDS.get(message.kind, message.kind.replace("_", " "))


def listed(member: Membership, channel: str, state: str, search: str) -> QuerySet[OutboxMessage]:
    """The tenant's messages, the latest first, each with the `last_detail` of its tries.

    "" asks for all; `search` is part of a recipient or a subject. Contents are left out.
    """
    rows = OutboxMessage.objects.visible_to(member.scope()).defer("sealed")
    if channel:
        rows = rows.filter(channel=channel)
    if state:
        rows = rows.filter(state=state)
    if search:
        rows = rows.filter(about(search))
    tries = OutboxAttempt.plain.filter(message=OuterRef("pk")).order_by("-number")
    return rows.annotate(last_detail=Subquery(tries.values("detail")[:1]))


def about(words: str) -> Q:
    """Messages that have the words in their recipient or their subject."""
    return Q(recipient__icontains=words) | Q(subject__icontains=words)


@transaction.atomic
def cancel(message: OutboxMessage, actor: User | None, now: datetime) -> bool:
    """Call a waiting message back; False where it is too late for that."""
    done = outbox.cancel(message, now)
    if done:
        audit.record("outboxmessage.cancelled", message, tenant=message.tenant, actor=actor)
    return done


@transaction.atomic
def send_again(message: OutboxMessage, actor: User | None, now: datetime) -> bool:
    """Send once more what is over; False where it still waits or its content is wiped."""
    done = outbox.send_again(message, now)
    if done:
        audit.record("outboxmessage.sent_again", message, tenant=message.tenant, actor=actor)
    return done
