"""The mail that holds the link of an invitation."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from accounts import dates
from accounts.models import Invitation
from accounts.outgoing import outbox
from accounts.outgoing.letters import compose


def send(invitation: Invitation, secret: str) -> None:
    """Put the mail into the outbox; it is the only place where the secret stands."""
    tenant, inviter = invitation.tenant, invitation.invited_by
    told = {
        "invitation": invitation,
        "tenant": tenant,
        "inviter": inviter.get_full_name() if inviter else "",
        "role": invitation.get_role_display(),
        "url": settings.BASE_URL + reverse("invitation", args=[secret]),
    }
    with dates.read_by(tenant):
        letter = compose("accounts/email/invitation", told)
    outbox.add_mail(
        "invitation", invitation.email, letter.subject, letter.text, tenant=tenant, html=letter.html
    )
