"""How allauth behaves here: who may sign up, where mails go, whom it believes."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import audit, dates, vault
from accounts.addresses import address_of
from accounts.models import User
from accounts.outgoing.outbox import add_mail
from accounts.sign_in import oauth, signing_up
from accounts.sign_in.mails import written

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialApp, SocialLogin

# Allauth does not say in which row a secret of a second factor will stand.
FACTOR_PLACE = "installation/mfa.authenticator/secret"
NO_ADDRESS = "0.0.0.0"  # noqa: S104  said of a client that has none, such as a unix socket


def absolute(path: str) -> str:
    """An address in a mail: the configured one, whatever host the request claims."""
    return settings.BASE_URL + path


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up by the installation's policy, mails by the outbox, addresses by our proxies."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("Address and password do not fit together."),
        "incorrect_code": _("This is not the code. Codes are good for a few minutes only."),
        "too_many_login_attempts": _("Too many attempts. Wait five minutes, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return signing_up.is_open_for(request)

    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        """The link of an invitation was in a mail to its address."""
        invitation = signing_up.invitation_of(request)
        return invitation is not None and invitation.email.lower() == email.lower()

    @transaction.atomic
    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        """The person who signed up by a form, written down; providers' are not saved here yet."""
        saved: Any = super().save_user(request, user, form, commit)
        if commit:
            audit.record("user.signed_up", saved, tenant=None, actor=saved)
        return saved

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return signing_up.first_page(request)

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return signing_up.first_page(request)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_change_password")

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request) or NO_ADDRESS

    def get_reset_password_from_key_url(self, key: str) -> str:
        uid, _dash, secret = key.partition("-")
        names = {"uidb36": uid, "key": secret}
        return absolute(reverse("account_reset_password_from_key", kwargs=names))

    def send_account_already_exists_mail(self, email: str) -> None:
        """As long as a sign-up takes that makes an account: its password is hashed."""
        make_password(secrets.token_urlsafe(12))
        super().send_account_already_exists_mail(email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        kind = template_prefix.rpartition("/")[2]
        at, person = context.get("timestamp") or timezone.now(), context.get("user")
        with dates.read_by(None, person if isinstance(person, User) else None):
            when = dates.moment(at, "H:i T")
        values = {
            **context,
            "reset_url": absolute(reverse("account_reset_password")),
            "when": when,
            "provider": getattr(context.get("provider"), "name", ""),
        }
        subject, text, html = written(kind, values)
        add_mail(kind, email, subject, text, html=html, tenant=None)

    @transaction.atomic
    def send_notification_mail(
        self,
        template_prefix: str,
        user: Any,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell the person, and write down, that something about their sign-in has changed."""
        name = template_prefix.rpartition("/")[2]
        audit.record(f"user.{name}", user, tenant=None, actor=user)
        super().send_notification_mail(template_prefix, user, context, email)


class MFAAdapter(DefaultMFAAdapter):
    """Second factors, whose secrets are sealed."""

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        count = Authenticator.objects.filter(user=user, type=type).count()
        return gettext("Passkey") if not count else gettext("Passkey %(n)d") % {"n": count + 1}

    def encrypt(self, text: str) -> str:
        return vault.seal(text.encode(), FACTOR_PLACE).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return vault.unseal(encrypted_text.encode(), FACTOR_PLACE).decode()

    def build_totp_svg(self, url: str) -> str:
        """Black on white in every theme: a camera reads it."""
        picture: str = segno.make(url, error="m").svg_inline(border=3, light="#fff", omitsize=True)
        return picture.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)

    def _get_site_name(self) -> str:
        return "LinkPro"


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Providers of the installation's settings; none stands in the database."""

    def list_apps(
        self,
        request: HttpRequest | None,
        provider: str | None = None,
        client_id: str | None = None,
    ) -> list[SocialApp]:
        return [
            app
            for app in oauth.apps()
            if (not provider or provider in (app.provider, app.provider_id))
            and (not client_id or client_id == app.client_id)
        ]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        told = sociallogin.email_addresses
        if not told:  # the form asks for one, see `views.SocialSignUp`
            return signing_up.is_open_for(request)
        return any(
            signing_up.is_open_to(request, found.email, proven=found.verified) for found in told
        )

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> Any:
        """The person who signed up by a provider, written down."""
        saved: Any = super().save_user(request, sociallogin, form)
        audit.record("user.signed_up", saved, tenant=None, actor=saved)
        return saved

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """An identity counts for the sign-in that it was asked for and for no other."""
        kept = sociallogin.account.extra_data
        claims = kept.get("id_token") or kept
        if not sociallogin.state.get("nonce") or claims.get("nonce") != sociallogin.state["nonce"]:
            page = render(request, "socialaccount/authentication_error.html", status=400)
            raise ImmediateHttpResponse(page)

    def populate_user(
        self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]
    ) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        user.email = user.email.lower()
        user.name = signing_up.clean_name(data.get("name") or "")
        return user
