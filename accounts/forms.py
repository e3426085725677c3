"""Forms of accounts' pages."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.domains import InvalidDomain, host_name
from accounts.models import Site, User
from accounts.zones import zone_names


def zone_field(**options: Any) -> forms.ChoiceField:
    """A choice of IANA time zones."""
    choices = [(name, name.replace("_", " ")) for name in zone_names()]
    return forms.ChoiceField(choices=choices, initial="UTC", label=_("Time zone"), **options)


def keep_zone(form: forms.BaseForm, zone: str) -> None:
    """Offer the zone that a row has, too, though the list of zones may have lost it."""
    field = cast(forms.ChoiceField, form.fields["time_zone"])
    choices = list(cast(Iterable[tuple[str, str]], field.choices))
    if zone and zone not in dict(choices):
        field.choices = [*choices, (zone, zone)]


class BeginsOnBrowsersClock(forms.Form):
    """A form whose `time_zone` a script sets to the browser's, until somebody has sent it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self.is_bound:
            self.fields["time_zone"].widget.attrs["data-browser-zone"] = ""


def clean_host(text: str) -> str:
    """`host_name` with a form's error."""
    try:
        return host_name(text) if text else ""
    except InvalidDomain as error:
        raise forms.ValidationError(str(error), code="invalid_domain") from error


MOST_HOSTS = 100


def clean_hosts(text: str) -> list[str]:
    """The hosts of a text, one a line or parted by commas, each once, with a form's error."""
    lines = text.replace(",", "\n").split("\n")
    hosts = list(dict.fromkeys(clean_host(line) for line in lines if line.strip()))
    if len(hosts) > MOST_HOSTS:
        told = gettext("At most %(most)d domains, please.") % {"most": MOST_HOSTS}
        raise forms.ValidationError(told, code="too_many")
    return hosts


class FirstRunForm(BeginsOnBrowsersClock):
    """The first organisation of an installation, its owner, and the site to count."""

    organisation = forms.CharField(max_length=200, label=_("Organisation"))
    name = forms.CharField(max_length=150, required=False, label=_("Your name"))
    email = forms.EmailField(label=_("Your e-mail address"))
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), label=_("Password")
    )
    site_name = forms.CharField(max_length=200, label=_("Name of the site"))
    domain = forms.CharField(
        max_length=300,
        required=False,
        label=_("Domain"),
        help_text=_("Where its pages live, such as example.com."),
    )
    time_zone = zone_field(help_text=_("The clock by which the site's days begin and end."))

    def clean_domain(self) -> str:
        return clean_host(self.cleaned_data["domain"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if password := cleaned.get("password"):
            person = User(email=cleaned.get("email", ""), name=cleaned.get("name", ""))
            try:
                validate_password(password, person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned


class SiteForm(forms.ModelForm):
    """Name, domains, clock and currency of a new site."""

    domains = forms.CharField(
        required=False,
        label=_("Domains"),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_("One host a line, such as example.com and www.example.com."),
    )
    time_zone = zone_field(help_text=_("The clock by which the site's days begin and end."))

    class Meta:
        model = Site
        fields = ("name", "domains", "time_zone", "currency")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["domains"] = "\n".join(self.instance.domains)
        self.fields["currency"].required = False

    def clean_currency(self) -> str:
        return self.cleaned_data["currency"].upper() or self.instance.currency

    def clean_domains(self) -> list[str]:
        return clean_hosts(self.cleaned_data["domains"])
