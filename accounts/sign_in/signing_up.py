"""Who may make an account of their own, and where a new person goes first."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.authentication import memberships_of
from accounts.models import Invitation, User

# Where a session remembers the id of the invitation whose link was opened in it.
SESSION_INVITATION = "invitation"
MAX_NAME = 150


def clean_name(text: str) -> str:
    """A name as a provider or a person writes it, without what no column holds."""
    return " ".join(text.replace("\0", "").split())[:MAX_NAME]


def invitation_of(request: HttpRequest) -> Invitation | None:
    """The open invitation whose link was opened in this session."""
    found = request.session.get(SESSION_INVITATION)
    if not found:
        return None
    rows = Invitation.objects.unscoped("the link that was opened says whose it is")
    invitation = rows.select_related("tenant").filter(pk=found, tenant__suspended_at=None).first()
    return invitation if invitation and invitation.is_open(timezone.now()) else None


def is_invited(email: str) -> bool:
    """Whether an organisation waits for the person with this address."""
    rows = Invitation.objects.unscoped("any organisation may wait for an address")
    waiting = rows.filter(email__iexact=email, accepted_at=None, revoked_at=None)
    return waiting.filter(expires_at__gt=timezone.now(), tenant__suspended_at=None).exists()


def is_open_for(request: HttpRequest) -> bool:
    """Whether somebody may make an account now; by an invitation it is one for its address."""
    if settings.SIGNUP_POLICY == "invited":
        return invitation_of(request) is not None
    return settings.SIGNUP_POLICY == "open"


def is_open_to(request: HttpRequest, email: str, *, proven: bool) -> bool:
    """Whether the account may have an address that a provider tells, and perhaps vouches for."""
    if settings.SIGNUP_POLICY != "invited":
        return settings.SIGNUP_POLICY == "open"
    invitation = invitation_of(request)
    if invitation and invitation.email.lower() == email.lower():
        return True
    return proven and is_invited(email)


def first_page(request: HttpRequest) -> str:
    """Where somebody who has just signed in goes: to their sites, or to an organisation first."""
    user = request.user
    if invitation_of(request) is not None:
        return reverse("opened_invitation")
    if not isinstance(user, User) or memberships_of(user).exists():
        return settings.LOGIN_REDIRECT_URL
    if is_invited(user.email):
        return reverse("waiting_invitations")
    found = settings.SIGNUP_POLICY == "open"
    return reverse("organisation_new") if found else settings.LOGIN_REDIRECT_URL


class SignUpForm(forms.Form):
    """What a new person tells beside address and password; allauth adds those."""

    name = forms.CharField(
        max_length=MAX_NAME,
        label=_("Your name"),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("name", "email", "password1")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        invited = getattr(self, "invited_address", "")
        if invited and cleaned.get("email", "").lower() != invited.lower():
            told = _("The invitation is for %(address)s: sign up with this address.")
            self.add_error("email", told % {"address": invited})
        return cleaned

    def signup(self, request: HttpRequest, user: User) -> None:
        """Keep the name; allauth has kept the rest."""
        user.name = clean_name(self.cleaned_data["name"])
        user.save(update_fields=["name"])
