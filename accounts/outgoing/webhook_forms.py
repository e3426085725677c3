"""Forms of the pages about webhooks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import WebhookEndpoint
from accounts.outgoing import events, http
from accounts.outgoing.public import OutgoingError
from accounts.outgoing.targets import MAX_URL
from accounts.zones import Clock


def _event_choices() -> list[tuple[str, Any]]:
    told = [(one.type, f"{one.label} ({one.type})") for one in events.EVENTS.values()]
    return [(events.ALL, _("Everything, also what is added later")), *told]


class WebhookForm(forms.ModelForm):
    """Name, address, form and events of a webhook."""

    url = forms.CharField(
        max_length=MAX_URL,
        label=gettext_lazy("Address"),
        help_text=gettext_lazy("Begins with https:// and is reached from the internet."),
        widget=forms.TextInput(attrs={"type": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    events = forms.MultipleChoiceField(
        choices=_event_choices,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("What it is told"),
        error_messages={"required": gettext_lazy("Choose at least one.")},
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("name", "shape", "events")
        help_texts = {
            "name": gettext_lazy("What receives it, such as “Warehouse”."),
            "shape": gettext_lazy("The chats take the address of one of their incoming webhooks."),
        }

    field_order = ("name", "url", "shape", "events")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["url"].initial = self.instance.url

    def clean_url(self) -> str:
        url = self.cleaned_data["url"].strip()
        if self.instance.pk and url == self.instance.url:
            return url
        try:
            return http.check_url(url)
        except OutgoingError as error:
            raise forms.ValidationError(str(error), code=error.code) from None


class SinceForm(forms.Form):
    """From which day on failed deliveries are sent again."""

    since = forms.DateField(
        label=gettext_lazy("From"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )

    def __init__(self, zone: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.clock = Clock(zone)
        self.fields["since"].initial = self.clock.date_of(timezone.now())

    def clean_since(self) -> date:
        day = self.cleaned_data["since"]
        if not 2000 <= day.year <= 9000:
            raise forms.ValidationError(_("Choose a day of this century."), code="out_of_range")
        return day

    def moment(self) -> datetime:
        """The beginning of the day on the zone's clock."""
        return self.clock.bounds(self.cleaned_data["since"])[0]
