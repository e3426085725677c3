"""Forms of a site's settings, one for each section; each changes its own fields only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.domains import valid_network
from accounts.forms import clean_hosts, keep_zone, zone_field
from accounts.models import FUNNEL_STEPS, Site, Team, User
from accounts.sites.funnels import InvalidRules, rules_of

LINES = {"rows": 4, "spellcheck": "false", "autocapitalize": "none"}
STEP_LABELS = {
    "homepage": gettext_lazy("Home page"),
    "vertical": gettext_lazy("Solutions or industries"),
    "pricing": gettext_lazy("Prices"),
    "demo": gettext_lazy("Demo or contact"),
}


def lines_field(**options: Any) -> forms.CharField:
    """Text of one thing a line."""
    widget = forms.Textarea(attrs=LINES)
    return forms.CharField(required=False, max_length=60_000, widget=widget, **options)


def nonempty(text: str) -> list[str]:
    """The lines of a text, each once; commas part lines, too."""
    lines = (line.strip() for line in text.replace(",", "\n").splitlines())
    return list(dict.fromkeys(line for line in lines if line))


def all_errors(check: Any, lines: Iterable[str]) -> None:
    """Check every line. Raises one `ValidationError` that tells of each wrong one."""
    errors = []
    for line in lines:
        try:
            check(line)
        except forms.ValidationError as error:
            errors.append(error)
    if errors:
        raise forms.ValidationError(errors[:5])


class GeneralForm(forms.ModelForm):
    """What a site is called, its clock and its money, and whose it is."""

    time_zone = zone_field()

    class Meta:
        model = Site
        fields = ("name", "time_zone", "currency", "owner", "team")
        labels = {"owner": gettext_lazy("Owner"), "team": gettext_lazy("Team")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        tenant = self.instance.tenant_id
        owner = cast(forms.ModelChoiceField, self.fields["owner"])
        team = cast(forms.ModelChoiceField, self.fields["team"])
        people = User.objects.filter(memberships__tenant=tenant, is_active=True)
        owner.queryset = people.order_by("name", "email")
        owner.label_from_instance = User.told_apart  # type: ignore[method-assign, assignment]
        owner.empty_label = _("Nobody")
        owner.help_text = _("Members who see only what is their own see the sites they own.")
        team.queryset = Team.objects.for_tenant(tenant)
        team.empty_label = _("No team")
        team.help_text = _("The members of the team see the site, too.")
        self.fields["currency"].required = False
        keep_zone(self, self.instance.time_zone)

    def clean_currency(self) -> str:
        return self.cleaned_data["currency"].strip().upper() or self.initial["currency"]

    def save(self, commit: bool = True) -> Site:
        before = Site.plain.get(pk=self.instance.pk)
        self.instance.keep_days_of(before, timezone.now())
        return super().save(commit)


class ScriptForm(forms.ModelForm):
    """Under which name of its own a site's script is served."""

    class Meta:
        model = Site
        fields = ("script_name",)
        labels = {"script_name": gettext_lazy("A name of your own for the script")}
        error_messages = {
            "script_name": {"unique": gettext_lazy("Another site has this name: choose another.")}
        }

    def clean_script_name(self) -> str | None:
        return self.cleaned_data["script_name"] or None


class DomainsForm(forms.ModelForm):
    """At which hosts the pages of a site live, and whether others may send events."""

    domains = lines_field(
        label=gettext_lazy("Domains"),
        help_text=gettext_lazy(
            "One host a line, such as example.com; with or without www is the same."
        ),
    )

    class Meta:
        model = Site
        fields = ("domains", "own_hosts_only")
        labels = {"own_hosts_only": gettext_lazy("Refuse events of pages on other hosts")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["domains"] = "\n".join(self.instance.domains)
        self.fields["own_hosts_only"].help_text = _("They are counted as “host_foreign”.")

    def clean_domains(self) -> list[str]:
        return clean_hosts(self.cleaned_data["domains"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("own_hosts_only") and cleaned.get("domains") == []:
            told = _("Name a domain first: without any, every event would be refused.")
            self.add_error("own_hosts_only", told)
        return cleaned


class AddressesForm(forms.ModelForm):
    """What is kept of visitors' addresses, and for how long."""

    class Meta:
        model = Site
        fields = ("addresses", "address_days")
        widgets = {"addresses": forms.RadioSelect}
        labels = {
            "addresses": gettext_lazy("What is stored of an address"),
            "address_days": gettext_lazy("For how many days"),
        }
        help_texts = {"addresses": ""}


class ExclusionsForm(forms.ModelForm):
    """Whose visits, and which pages, are not counted."""

    excluded_networks = lines_field(
        label=gettext_lazy("Networks"),
        help_text=gettext_lazy("One address or network a line: 203.0.113.7 or 2001:db8::/48."),
    )
    excluded_paths = lines_field(
        label=gettext_lazy("Pages"),
        help_text=gettext_lazy("One path a line; * stands for anything: /admin/*."),
    )

    class Meta:
        model = Site
        fields = ("excluded_networks", "excluded_paths")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in self.Meta.fields:
            self.initial[name] = "\n".join(getattr(self.instance, name))

    def clean_excluded_networks(self) -> list[str]:
        networks = nonempty(self.cleaned_data["excluded_networks"])
        all_errors(valid_network, networks)
        return networks

    def clean_excluded_paths(self) -> list[str]:
        return _rules(self.cleaned_data["excluded_paths"])


def _rules(text: str) -> list[str]:
    """`rules_of` with a form's error."""
    try:
        return rules_of(text)
    except InvalidRules as error:
        raise forms.ValidationError(str(error), code="invalid_path") from error


class FunnelForm(forms.Form):
    """The paths that belong to each step of a funnel; `save` writes them to the site."""

    def __init__(self, *args: Any, site: Site, **options: Any) -> None:
        super().__init__(*args, **options)
        self.instance = site
        for step in FUNNEL_STEPS:
            rules = site.funnel_pages.get(step, [])
            self.fields[step] = lines_field(label=STEP_LABELS[step], initial="\n".join(rules))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for step in FUNNEL_STEPS:
            try:
                cleaned[step] = _rules(cleaned.get(step, ""))
            except forms.ValidationError as error:
                self.add_error(step, error)
        return cleaned

    def save(self) -> Site:
        """Write the paths to the site."""
        self.instance.funnel_pages = {step: self.cleaned_data[step] for step in FUNNEL_STEPS}
        self.instance.save(update_fields=["funnel_pages", "updated_at"])
        return self.instance


class ConfirmForm(forms.Form):
    """The site's name, typed by somebody who is sure."""

    name = forms.CharField(
        max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )

    def __init__(self, *args: Any, site: Site, **options: Any) -> None:
        super().__init__(*args, **options)
        self.site_name = site.name
        told = _("Type “%(name)s” to confirm") % {"name": site.name}
        self.fields["name"].label = told

    def clean_name(self) -> str:
        given = " ".join(self.cleaned_data["name"].split())
        if given != " ".join(self.site_name.split()):
            raise forms.ValidationError(_("This is not the name of the site."))
        return given


class OfferForm(forms.Form):
    """To whom a site is offered."""

    email = forms.EmailField(
        max_length=254,
        label=gettext_lazy("E-mail address"),
        help_text=gettext_lazy("The address with which they sign in here."),
    )
