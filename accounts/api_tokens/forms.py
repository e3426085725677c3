"""The form by which somebody makes an API token."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.api_tokens import tokens
from accounts.models import Membership, Site
from accounts.roles import TokenScope
from accounts.zones import Clock

LIFETIMES = {
    "30": gettext_lazy("30 days"),
    "90": gettext_lazy("90 days"),
    "365": gettext_lazy("A year"),
    "date": gettext_lazy("Until the day below"),
    "never": gettext_lazy("No end"),
}
LONGEST = timedelta(days=3650)


def end_of(day: date, zone: str) -> datetime:
    """The end of a day on a zone's clock. Raises `ValidationError` for one past or far away."""
    today = Clock(zone).date_of(timezone.now())
    if not today <= day <= today + LONGEST:
        raise forms.ValidationError(
            _("Choose a day from today on, at most ten years ahead."), code="out_of_range"
        )
    return Clock(zone).bounds(day)[1]


class TokenForm(forms.Form):
    """Name, scopes, sites and end of a new token; offers only what the member may give."""

    name = forms.CharField(
        max_length=200,
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("What will use it, such as “Nightly report”."),
    )
    scopes = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, label=gettext_lazy("What it may do")
    )
    sites = forms.ModelMultipleChoiceField(
        queryset=Site.plain.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Which sites"),
        help_text=gettext_lazy("None ticked: all that you see, later ones too."),
    )
    lifetime = forms.ChoiceField(
        choices=list(LIFETIMES.items()), initial="90", label=gettext_lazy("Ends after")
    )
    ends_on = forms.DateField(
        required=False,
        label=gettext_lazy("Last day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )

    def __init__(self, member: Membership, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.member = member
        scopes = cast(forms.MultipleChoiceField, self.fields["scopes"])
        scopes.choices = [
            (scope.value, f"{scope.label}: {tokens.SCOPE_MEANINGS[scope]}")
            for scope in tokens.scopes_for(member)
        ]
        scopes.initial = [TokenScope.READ.value]
        sites = cast(forms.ModelMultipleChoiceField, self.fields["sites"])
        sites.queryset = Site.objects.visible_to(member.scope()).order_by("name", "pk")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["expires_at"] = self._expires_at(cleaned)
        return cleaned

    def _expires_at(self, cleaned: dict[str, Any]) -> datetime | None:
        chosen, day = cleaned.get("lifetime", ""), cleaned.get("ends_on")
        if chosen != "date" and day is not None:
            told = _("Choose “%(until)s” above, or leave this empty.")
            self.add_error("ends_on", told % {"until": LIFETIMES["date"]})
        if chosen.isdigit():
            return timezone.now() + timedelta(days=int(chosen))
        if chosen == "date" and day is None and "ends_on" not in self.errors:
            self.add_error("ends_on", _("Choose a day."))
        if chosen != "date" or day is None:
            return None
        try:
            return end_of(day, self.member.tenant.time_zone)
        except forms.ValidationError as error:
            self.add_error("ends_on", error)
            return None
