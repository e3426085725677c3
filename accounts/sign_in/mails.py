"""The words of the mails around signing in, by the name that allauth calls each by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.outgoing.letters import FOOT, html_of, wrapped

WHY = _("You get this mail because of your account at %(url)s.")


@dataclass(frozen=True, slots=True)
class Words:
    """Subject and paragraphs; `%(name)s` is filled in."""

    subject: Any
    paragraphs: tuple[Any, ...]
    why: Any = WHY


NOT_YOU = _("Was it not you? Then choose a new password at once: it ends all your sessions.")
WHERE = _("It was done on %(when)s from the address %(ip)s.")
CHOOSE = _("Choose a new password:")  # the words of a button, whose address follows
CHOOSE_ANOTHER = format_lazy("{}\n%(reset_url)s", CHOOSE)

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
            _("Welcome to LinkPro. Enter this code on the page that asked for it:"),
            "%(code)s",
            _("It is good for 15 minutes. If you asked for nothing, leave this mail alone."),
        ),
    ),
    "account_already_exists": Words(
        _("You have an account already"),
        (
            _("Somebody, you we hope, wanted to sign up with this address: it has an account."),
            _("Sign in with it. If the password is forgotten, choose a new one."),
            CHOOSE_ANOTHER,
            _("If it was not you, nothing has happened and nothing needs to be done."),
        ),
    ),
    "unknown_account": Words(
        _("No account has this address"),
        (
            _("Somebody, you we hope, asked for a new password, but no account has this address."),
            _("Perhaps you signed up with another one. Otherwise nothing needs to be done."),
        ),
        _("You get this mail because somebody entered this address at %(url)s."),
    ),
    "password_reset_key": Words(
        _("Choose a new password"),
        (
            _("Somebody, you we hope, asked for a new password for this address."),
            format_lazy("{}\n%(password_reset_url)s", CHOOSE),
            _("The link works once and for a day. If you asked for nothing, leave it alone."),
        ),
    ),
    "password_changed": Words(
        _("Your password was changed"),
        (_("The password of your account was changed."), WHERE, NOT_YOU, CHOOSE_ANOTHER),
    ),
    "password_set": Words(
        _("Your account has a password now"),
        (_("A password was set for your account."), WHERE, NOT_YOU, CHOOSE_ANOTHER),
    ),
    "password_reset": Words(
        _("Your password was changed"),
        (
            _("A new password was chosen by a link in a mail to you."),
            WHERE,
            NOT_YOU,
            CHOOSE_ANOTHER,
        ),
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
        (_("The address of your account is confirmed."), WHERE, NOT_YOU, CHOOSE_ANOTHER),
    ),
    "email_deleted": Words(
        _("An e-mail address was removed"),
        (
            _("The address %(deleted_email)s was removed from your account."),
            WHERE,
            NOT_YOU,
            CHOOSE_ANOTHER,
        ),
    ),
    "totp_activated": Words(
        _("An authenticator app protects your account"),
        (
            _("Signing in to your account now asks for a code of your app."),
            WHERE,
            NOT_YOU,
            CHOOSE_ANOTHER,
        ),
    ),
    "totp_deactivated": Words(
        _("The authenticator app was switched off"),
        (
            _("Signing in to your account no longer asks for a code of your app."),
            WHERE,
            NOT_YOU,
            CHOOSE_ANOTHER,
        ),
    ),
    "recovery_codes_generated": Words(
        _("You have new recovery codes"),
        (
            _("New recovery codes were made. The earlier ones no longer work."),
            WHERE,
            NOT_YOU,
            CHOOSE_ANOTHER,
        ),
    ),
    "webauthn_added": Words(
        _("A passkey was added"),
        (_("A passkey or security key was added to your account."), WHERE, NOT_YOU, CHOOSE_ANOTHER),
    ),
    "webauthn_removed": Words(
        _("A passkey was removed"),
        (
            _("A passkey or security key was removed from your account."),
            WHERE,
            NOT_YOU,
            CHOOSE_ANOTHER,
        ),
    ),
    "account_connected": Words(
        _("An account was connected"),
        (_("You can now sign in by %(provider)s."), WHERE, NOT_YOU, CHOOSE_ANOTHER),
    ),
    "account_disconnected": Words(
        _("An account was disconnected"),
        (_("You can no longer sign in by %(provider)s."), WHERE, NOT_YOU, CHOOSE_ANOTHER),
    ),
}


def written(name: str, values: dict[str, Any]) -> tuple[str, str, str]:
    """Subject, text and HTML of a mail. Raises `KeyError` for one that has no words here."""
    words = MAILS[name]
    subject = str(words.subject) % values
    body = "\n\n".join(str(paragraph) % values for paragraph in words.paragraphs)
    body += "\n" + FOOT + str(words.why) % {"url": settings.BASE_URL}
    return subject, wrapped(body), html_of(subject, body, None)
