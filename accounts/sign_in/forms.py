"""Forms of allauth's in our words."""

from typing import Any

from allauth.account import forms as allauth
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django.utils.translation import gettext_lazy as _


class InOurWords:
    """Labels in sentence case, and no placeholder that says the label again."""

    labels: dict[str, Any] = {}
    fields: dict[str, Any]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)


ADDRESS, PASSWORD = _("E-mail address"), _("Password")
NEW_PASSWORD = {
    "oldpassword": _("Present password"),
    "password1": _("New password"),
    "password2": _("New password again"),
}


class SignInForm(InOurWords, allauth.LoginForm):
    """Address and password."""

    labels = {"login": ADDRESS}


class SignUpForm(InOurWords, allauth.SignupForm):
    """Address, password and what `ACCOUNT_SIGNUP_FORM_CLASS` asks for."""

    labels = {"email": ADDRESS, "password1": PASSWORD}


class ForgottenForm(InOurWords, allauth.ResetPasswordForm):
    """The address of a forgotten password."""

    labels = {"email": ADDRESS}


class ChangePasswordForm(InOurWords, allauth.ChangePasswordForm):
    """The present password, and a new one twice."""

    labels = NEW_PASSWORD


class SetPasswordForm(InOurWords, allauth.SetPasswordForm):
    """The first password of somebody who signed up by a provider."""

    labels = NEW_PASSWORD


class ChooseAgainForm(InOurWords, allauth.ResetPasswordKeyForm):
    """A new password, by the link of a mail."""

    labels = NEW_PASSWORD


class NewAddressForm(InOurWords, allauth.AddEmailForm):
    """The address that an account is to have."""

    labels = {"email": _("New e-mail address")}


class AddPasskeyForm(AddWebAuthnForm):
    """A passkey that signs in alone, unless one wants a second factor only."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        alone = self.fields["passwordless"]
        alone.initial = True
        alone.label = _("Sign in by it alone")
        alone.help_text = _("Without this it is asked for after the password, as older keys need.")
