"""Mails to people about what happens: in their clock, and not where they do not want them."""

from __future__ import annotations

from typing import Any

from accounts import dates
from accounts.models import OutboxMessage, Tenant, User
from accounts.oneself import own_account
from accounts.outgoing import outbox
from accounts.outgoing.letters import compose


def notify(
    user: User, kind: str, template: str, context: dict[str, Any], *, by: Tenant | None
) -> OutboxMessage | None:
    """Mail a person what a template says (see `compose`); None where they muted the kind.

    `by` is whose server sends it. Dates are written for the person in the context's `tenant`.
    """
    if not own_account.wants(user, kind):
        return None
    unsubscribe = own_account.unsubscribe_url(user, kind)
    with dates.read_by(context.get("tenant"), user):
        letter = compose(template, {"person": user, "may_mute": bool(unsubscribe), **context})
    return outbox.add_mail(
        kind,
        user.email,
        letter.subject,
        letter.text,
        tenant=by,
        html=letter.html,
        unsubscribe=unsubscribe,
    )
