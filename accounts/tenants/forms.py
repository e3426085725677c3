"""Forms of an organisation's settings, one for each section."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import pictures
from accounts.forms import BeginsOnBrowsersClock, keep_zone, zone_field
from accounts.models import Tenant
from accounts.sites.forms import lines_field, nonempty
from accounts.tenants import colours, organisation

# The colour that the picker begins with: our own accent.
FIRST_COLOUR = "#0a6a7b"


class OrganisationForm(forms.ModelForm):
    """What an organisation is called, its clock, its dates, and how long it keeps events."""

    time_zone = zone_field(
        help_text=gettext_lazy(
            "New sites begin with it, and moments are shown in it to those who chose no other."
        )
    )

    class Meta:
        model = Tenant
        fields = ("name", "time_zone", "date_format", "retention_days")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        keep_zone(self, self.instance.time_zone)


class BrandingForm(forms.Form):
    """The colour and the picture of an organisation."""

    own_colour = forms.BooleanField(required=False, label=gettext_lazy("Use a colour of your own"))
    colour = forms.CharField(
        max_length=7,
        required=False,
        label=gettext_lazy("Colour"),
        widget=forms.TextInput(attrs={"type": "color"}),
        help_text=gettext_lazy("Where it could not be read, a lighter or darker shade is used."),
    )
    logo = forms.FileField(
        required=False,
        label=gettext_lazy("Logo"),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
        help_text=gettext_lazy("PNG, JPEG, WebP or GIF of at most 5 MB; best is a clear ground."),
    )
    remove_logo = forms.BooleanField(required=False, label=gettext_lazy("Take the logo away"))

    def clean_colour(self) -> str:
        colour = self.cleaned_data["colour"].strip().lower()
        if not self.cleaned_data.get("own_colour"):
            return ""
        if not colours.COLOUR.fullmatch(colour):
            raise forms.ValidationError(_("Write it like #0e6e86."), code="invalid_colour")
        return colour

    def clean_logo(self) -> bytes | None:
        upload = self.cleaned_data["logo"]
        return pictures.logo(upload) if upload else None


class RecipientsForm(forms.Form):
    """To which domains the organisation's mail may go."""

    recipient_domains = lines_field(
        label=gettext_lazy("Domains that mail may go to"),
        help_text=gettext_lazy(
            "One a line, such as example.com; without one, mail may go anywhere."
            " What lies below a domain is another one."
        ),
    )

    def clean_recipient_domains(self) -> list[str]:
        return organisation.checked_domains(nonempty(self.cleaned_data["recipient_domains"]))


class ConfirmTenantForm(forms.Form):
    """The organisation's name, typed by somebody who is sure."""

    name = forms.CharField(
        max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )

    def __init__(self, *args: Any, tenant: Tenant, **options: Any) -> None:
        super().__init__(*args, **options)
        self.tenant_name = tenant.name
        self.fields["name"].label = _("Type “%(name)s” to confirm") % {"name": tenant.name}

    def clean_name(self) -> str:
        given = " ".join(self.cleaned_data["name"].split())
        if given != " ".join(self.tenant_name.split()):
            raise forms.ValidationError(_("This is not the name of the organisation."))
        return given


class NewOrganisationForm(BeginsOnBrowsersClock):
    """A further organisation of somebody who is signed in."""

    name = forms.CharField(max_length=200, label=gettext_lazy("Name of the organisation"))
    time_zone = zone_field(
        help_text=gettext_lazy("New sites begin with it; it can be changed later.")
    )
