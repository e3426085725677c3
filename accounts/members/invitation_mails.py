"""The mail that holds the link of an invitation."""

from __future__ import annotations

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import dates
from accounts.models import Invitation
from accounts.outgoing import outbox
from accounts.tenants import organisation

# The button for a tenant that has no colour of its own.
BUTTON = {"fill": "#0a6a7b", "on_fill": "#ffffff"}


def send(invitation: Invitation, secret: str) -> None:
    """Put the mail into the outbox; it is the only place where the secret stands."""
    tenant, inviter = invitation.tenant, invitation.invited_by
    told = {
        "invitation": invitation,
        "tenant": tenant,
        "inviter": inviter.get_full_name() if inviter else "",
        "role": invitation.get_role_display(),
        "button": organisation.shades_of(tenant.colour) or BUTTON,
        "url": settings.BASE_URL + reverse("invitation", args=[secret]),
        "base_url": settings.BASE_URL,
    }
    with dates.read_by(tenant):
        text = render_to_string("accounts/email/invitation.txt", told)
        html = render_to_string("accounts/email/invitation.html", told)
    subject = _("Join %(name)s on LinkPro") % {"name": tenant.name}
    outbox.add_mail("invitation", invitation.email, subject, text, tenant=tenant, html=html)
