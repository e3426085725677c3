"""The forms that ask for a code of a second factor; allauth shows them."""

from __future__ import annotations

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms

from accounts.sign_in.second_factors import is_first_use


class TakenOnce(forms.BaseAuthenticateForm):
    """A code that was taken before is none any more."""

    def clean_code(self) -> str:
        code: str = super().clean_code()
        if not is_first_use(self.authenticator, code):
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(TakenOnce, forms.AuthenticateForm):
    """The second step of signing in."""


class CodeAgainForm(TakenOnce, forms.ReauthenticateForm):
    """A code once more, before something important changes."""
