"""Who somebody is: by a provider's word, or by a password; and the end of it."""

from __future__ import annotations

from http import HTTPStatus

from allauth.account.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import SignIn, User
from accounts.sign_in.oauth import Identity
from accounts.sign_in.signing_up import clean_name, is_invited

MAX_PASSWORD = 1_000


class Refused(Exception):
    """Nobody is signed in: `code` tells programs why, the message tells people."""

    def __init__(self, code: str, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.code, self.status = code, status


# --- By a provider ----------------------------------------------------------------------------


def user_of(identity: Identity) -> User:
    """The account of somebody who came back from a provider, made if the policy lets it.

    An address that the provider calls verified opens an account that has it only where the
    installation says so (`OIDC_TRUSTS_EMAIL`): otherwise whoever runs the provider could enter any
    account. Raises `Refused`.
    """
    known = SocialAccount.objects.select_related("user").filter(
        provider=identity.provider.key, uid=identity.subject
    )
    if account := known.first():
        return _active(account.user)
    if not identity.email or not identity.email_verified:
        raise Refused(
            "email_unverified",
            HTTPStatus.FORBIDDEN,
            _("%(provider)s has not verified your e-mail address. Do that first, then come back.")
            % {"provider": identity.provider.name},
        )
    found = User.objects.filter(email=identity.email).first()
    if found is None:
        return _new_user(identity)
    if identity.provider.trusts_email and found.has_proven(identity.email):
        return _connected(_active(found), identity)
    raise Refused(
        "account_exists",
        HTTPStatus.CONFLICT,
        _(
            "An account has this address. Sign in to it on the page with your password, then"
            " connect %(provider)s under “Connected accounts”."
        )
        % {"provider": identity.provider.name},
    )


def _active(user: User) -> User:
    if not user.is_active:
        raise Refused("account_inactive", HTTPStatus.FORBIDDEN, _("This account is switched off."))
    return user


def _new_user(identity: Identity) -> User:
    waited_for = settings.SIGNUP_POLICY == "invited" and is_invited(identity.email)
    if settings.SIGNUP_POLICY != "open" and not waited_for:
        raise Refused(
            "sign_up_closed",
            HTTPStatus.FORBIDDEN,
            _("Accounts here are made by invitation. Ask somebody of your organisation."),
        )
    try:
        with transaction.atomic():
            user = User.objects.create_user(identity.email, name=clean_name(identity.name))
            audit.record("user.signed_up", user, tenant=None, actor=user)
            return _connected(user, identity)
    except IntegrityError:  # the same person came twice at once
        return user_of(identity)


@transaction.atomic
def _connected(user: User, identity: Identity) -> User:
    told = {"sub": identity.subject, "email": identity.email, "name": identity.name}
    account, fresh = SocialAccount.objects.get_or_create(
        provider=identity.provider.key,
        uid=identity.subject,
        defaults={"user": user, "extra_data": told},
    )
    if fresh:  # and not by another request of theirs a moment ago
        audit.record("user.account_connected", user, tenant=None, actor=user)
    return account.user


# --- By a password ----------------------------------------------------------------------------


def user_by_password(request: HttpRequest, email: str, password: str) -> User:
    """The person with this address and password. Raises `Refused`, alike for both that are wrong.

    Tries are counted with those on the page.
    """
    wrong = Refused(
        "credentials_invalid",
        HTTPStatus.UNAUTHORIZED,
        _("Address and password do not fit together."),
    )
    if "\0" in email + password or len(password) > MAX_PASSWORD:
        raise wrong
    try:
        user = get_adapter().authenticate(request, email=email.strip().lower(), password=password)
    except ValidationError as error:
        raise too_often() from error
    if not isinstance(user, User):
        raise wrong
    if not user.has_proven(user.email):
        raise Refused(
            "email_unverified",
            HTTPStatus.FORBIDDEN,
            _("Verify your e-mail address first: sign in on the page once."),
        )
    return _active(user)


def too_often() -> Refused:
    """The answer to who has guessed too many times."""
    told = _("Too many attempts. Wait five minutes, then try again.")
    return Refused("rate_limited", HTTPStatus.TOO_MANY_REQUESTS, told)


# --- The end of it ----------------------------------------------------------------------------


@transaction.atomic
def end_everywhere(user: User) -> None:
    """Sign a person out of every browser and every program that acts as them.

    API tokens stay: they are no sign-ins but keys of their own, revoked one by one.
    """
    user.end_sessions()
    UserSession.objects.filter(user=user).delete()
    SignIn.objects.filter(user=user).delete()
    audit.record("user.signed_out_everywhere", user, tenant=None, actor=user)
