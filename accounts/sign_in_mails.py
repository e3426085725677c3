"""The words of the mails around signing in, by the name that allauth calls each by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Words:
    """Subject and paragraphs; `%(name)s` is filled in. A paragraph that is one value stands out."""

    subject: Any
    paragraphs: tuple[Any, ...]


NOT_YOU = _(
    "Was it not you? Then choose a new password at once: %(reset_url)s. It ends all your sessions."
)
WHERE = _("It was done on %(when)s from the address %(ip)s.")

MAILS = {
    "email_confirmation": Words(
        _("Your code for LinkPro"),
        (
            _("Enter this code on the page that asked for it:"),
            "%(code)s",
            _("It is good for 15 minutes. If you asked for nothing, leave this mail alone."),
        ),
    ),
    "email_confirmation_signup": Words(
        _("Your code for LinkPro"),
        (
            _("Welcome to LinkPro. Enter this code on the page where you signed up:"),
            "%(code)s",
            _("It is good for 15 minutes. If you did not sign up, leave this mail alone."),
        ),
    ),
    "account_already_exists": Words(
        _("You have an account already"),
        (
            _("Somebody, you we hope, wanted to sign up with this address: it has an account."),
            _("Sign in with it. If the password is forgotten, choose a new one:"),
            "%(reset_url)s",
            _("If it was not you, nothing has happened and nothing needs to be done."),
        ),
    ),
    "unknown_account": Words(
        _("No account has this address"),
        (
            _("Somebody, you we hope, asked for a new password, but no account has this address."),
            _("Perhaps you signed up with another one. Otherwise nothing needs to be done."),
        ),
    ),
    "password_reset_key": Words(
        _("Choose a new password"),
        (
            _("Somebody, you we hope, asked for a new password. Choose it here:"),
            "%(password_reset_url)s",
            _("The link works once and for a day. If you asked for nothing, leave it alone."),
        ),
    ),
    "password_changed": Words(
        _("Your password was changed"),
        (_("The password of your account was changed."), WHERE, NOT_YOU),
    ),
    "password_set": Words(
        _("Your account has a password now"),
        (_("A password was set for your account."), WHERE, NOT_YOU),
    ),
    "password_reset": Words(
        _("Your password was changed"),
        (_("A new password was chosen by a link in a mail to you."), WHERE, NOT_YOU),
    ),
    "email_changed": Words(
        _("Your e-mail address was changed"),
        (
            _("Your account had the address %(from_email)s. Now it has %(to_email)s."),
            WHERE,
            _("Was it not you? Then write to the people who run this installation at once."),
        ),
    ),
    "email_confirm": Words(
        _("Your e-mail address is confirmed"),
        (_("The address of your account is confirmed."), WHERE, NOT_YOU),
    ),
    "email_deleted": Words(
        _("An e-mail address was removed"),
        (_("The address %(deleted_email)s was removed from your account."), WHERE, NOT_YOU),
    ),
    "totp_activated": Words(
        _("An authenticator app protects your account"),
        (_("Signing in to your account now asks for a code of your app."), WHERE, NOT_YOU),
    ),
    "totp_deactivated": Words(
        _("The authenticator app was switched off"),
        (_("Signing in to your account no longer asks for a code of your app."), WHERE, NOT_YOU),
    ),
    "recovery_codes_generated": Words(
        _("You have new recovery codes"),
        (_("New recovery codes were made. The earlier ones no longer work."), WHERE, NOT_YOU),
    ),
    "webauthn_added": Words(
        _("A passkey was added"),
        (_("A passkey or security key was added to your account."), WHERE, NOT_YOU),
    ),
    "webauthn_removed": Words(
        _("A passkey was removed"),
        (_("A passkey or security key was removed from your account."), WHERE, NOT_YOU),
    ),
    "account_connected": Words(
        _("An account was connected"),
        (_("You can now sign in by %(provider)s."), WHERE, NOT_YOU),
    ),
    "account_disconnected": Words(
        _("An account was disconnected"),
        (_("You can no longer sign in by %(provider)s."), WHERE, NOT_YOU),
    ),
}


def written(name: str, values: dict[str, Any]) -> tuple[str, str, str]:
    """Subject, text and HTML of a mail. Raises `KeyError` for one that has no words here."""
    words = MAILS[name]
    paragraphs = [str(line) % values for line in words.paragraphs]
    shown = [
        {"text": text, "kind": _kind(str(line), text)}
        for line, text in zip(words.paragraphs, paragraphs, strict=True)
    ]
    subject = str(words.subject) % values
    foot = gettext("You get this mail because of your account at %(url)s.") % {
        "url": settings.BASE_URL
    }
    html = render_to_string(
        "account/email/page.html", {"subject": subject, "paragraphs": shown, "foot": foot}
    )
    return subject, "\n\n".join([*paragraphs, "-- \n" + foot]) + "\n", html


def _kind(line: str, text: str) -> str:
    if not (line.startswith("%(") and line.endswith(")s") and line.count("%(") == 1):
        return "words"
    return "link" if text.startswith(("http://", "https://")) else "code"
