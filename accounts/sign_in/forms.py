"""Forms of allauth's in our words."""

from typing import Any

from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django.utils.translation import gettext_lazy as _


class AddPasskeyForm(AddWebAuthnForm):
    """A passkey that signs in alone, unless one wants a second factor only."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        alone = self.fields["passwordless"]
        alone.initial = True
        alone.label = _("Sign in by it alone")
        alone.help_text = _("Without this it is asked for after the password, as older keys need.")
