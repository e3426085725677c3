"""Forms about one's own account."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.forms import keep_zone, zone_field
from accounts.models import User
from accounts.oneself.own_account import MAIL_KINDS, MUTABLE


class ProfileForm(forms.ModelForm):
    """What a person is called, and their clock."""

    time_zone = zone_field(
        required=False,
        help_text=gettext_lazy(
            "Moments are shown in it. A site's days keep the clock of the site."
        ),
    )

    class Meta:
        model = User
        fields = ("name", "time_zone")

    def __init__(self, *args: Any, organisation_zone: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        keep_zone(self, self.instance.time_zone)
        clock = cast(forms.ChoiceField, self.fields["time_zone"])
        default = _("As the organisation: %(zone)s") % {"zone": organisation_zone.replace("_", " ")}
        known = cast(Iterable[tuple[str, str]], clock.choices)
        clock.choices = [("", default if organisation_zone else "UTC"), *known]
        self.fields["name"].widget.attrs["autocomplete"] = "name"


class MailsForm(forms.Form):
    """Which kinds of mail a person wants; the others always come."""

    wanted = forms.MultipleChoiceField(
        required=False,
        label=gettext_lazy("Mail me when"),
        widget=forms.CheckboxSelectMultiple,
        choices=[(kind, MAIL_KINDS[kind].label) for kind in MUTABLE],
    )

    @property
    def muted(self) -> list[str]:
        """The kinds that are not wanted."""
        return [kind for kind in MUTABLE if kind not in self.cleaned_data["wanted"]]


class DeleteAccountForm(forms.Form):
    """One's own address, typed by somebody who is sure."""

    email = forms.CharField(
        max_length=254, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.address = user.email
        self.fields["email"].label = _("Type “%(email)s” to confirm") % {"email": user.email}

    def clean_email(self) -> str:
        given = self.cleaned_data["email"].strip().lower()
        if given != self.address.lower():
            raise forms.ValidationError(_("This is not the address of your account."))
        return given
