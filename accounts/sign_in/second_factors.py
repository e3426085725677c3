"""Codes of a second factor: asked for by pages and programs alike, and each taken once."""

from __future__ import annotations

from http import HTTPStatus

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.utils import decrypt, is_mfa_enabled
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.sign_in.proofs import Refused, too_often

# Recovery codes stand in for one of these and are no factor by themselves.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def check_second_factor(user: User, code: str) -> None:
    """Let nobody pass who has a second factor and does not show it. Raises `Refused`.

    It is asked for after a provider's word too, as on the pages. Programs cannot use a passkey:
    they take a code of the app or a recovery code.
    """
    if not is_mfa_enabled(user, FACTORS):
        return
    if not code:
        raise Refused(
            "second_factor_required",
            HTTPStatus.UNAUTHORIZED,
            _("Send a code of your authenticator app, or a recovery code, as `otp`."),
        )
    try:
        forgive = check_rate_limit(user)
    except ValidationError as error:
        raise too_often() from error
    for factor in Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.WEBAUTHN):
        if factor.wrap().validate_code(code) and is_first_use(factor, code):
            forgive()
            factor.record_usage()
            return
    raise Refused(
        "second_factor_invalid",
        HTTPStatus.UNAUTHORIZED,
        _("This is not the code, or it was used already."),
    )


def is_first_use(factor: Authenticator, code: str) -> bool:
    """Whether a code that fits was not taken before; from now on it was, with all earlier ones.

    Allauth remembers a code of an app for 30 seconds, in the cache, and takes it for up to 90
    (`MFA_TOTP_TOLERANCE`). Recovery codes it marks itself.
    """
    if factor.type != Authenticator.Type.TOTP:
        return True
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().get(pk=factor.pk)
        secret, taken = decrypt(row.data["secret"]), row.data.get("taken", 0)
        fits = [
            counter
            for counter in yield_hotp_counters_from_time()
            if counter > taken
            and compare_user_code(
                actual=code, expected=format_hotp_value(hotp_value(secret, counter))
            )
        ]
        if fits:
            row.data["taken"] = max(fits)
            row.save(update_fields=["data"])
    return bool(fits)
