"""The settings of a site: a page for each section, and the buttons on them."""

from __future__ import annotations

from copy import copy
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts import audit
from accounts.addresses import address_of
from accounts.domains import InvalidDomain, host_name
from accounts.models import Membership, Site
from accounts.pages import member_required, role_or_403, site_or_404
from accounts.roles import Role
from accounts.sites.forms import (
    AddressesForm,
    DomainsForm,
    ExclusionsForm,
    FunnelForm,
    GeneralForm,
    ScriptForm,
)
from analytics import help, installing, outcomes, rollup, seen

# (section, name of its address, its name, kinds of sites that have it)
SECTIONS = (
    ("general", "site_edit", gettext_lazy("General"), ("web", "bio", "ga4")),
    ("installation", "site_install", gettext_lazy("Installation"), ("web",)),
    ("domains", "site_domains", gettext_lazy("Domains"), ("web",)),
    ("addresses", "site_addresses", gettext_lazy("Visitors' addresses"), ("web", "bio")),
    ("exclusions", "site_exclusions", gettext_lazy("Exclusions"), ("web", "bio")),
    ("funnel", "site_funnel", gettext_lazy("Funnel pages"), ("web",)),
    ("danger", "site_danger", gettext_lazy("Reset, give away, delete"), ("web", "bio", "ga4")),
)


def changeable(member: Membership, key: str) -> Site:
    """The site of a member who may change it. Raises `Http404` or `PermissionDenied`."""
    site = site_or_404(member, key)
    role_or_403(member, Role.MANAGER)
    return site


def page(
    request: HttpRequest, member: Membership, site: Site, section: str, **context: Any
) -> HttpResponse:
    """A section's page; the sections that the site has stand beside it."""
    kinds = {name: kinds for name, _url, _label, kinds in SECTIONS}
    if site.kind not in kinds[section]:
        raise Http404
    sections = [
        {"url_name": url, "label": label, "current": name == section}
        for name, url, label, kinds in SECTIONS
        if site.kind in kinds and (member.may(Role.MANAGER) or name == "installation")
    ]
    shown = {"site": site, "sections": sections, "may_change": member.may(Role.MANAGER)}
    shown["tab"] = "install" if section == "installation" else "settings"
    return render(request, f"analytics/site_settings_{section}.html", {**shown, **context})


def note_change(member: Membership, before: Site, after: Site, fields: list[str]) -> None:
    """Audit what differs, if anything does."""
    if changes := audit.differences(before, after, fields):
        audit.record(
            "site.changed", after, tenant=member.tenant, actor=member.user, changes=changes
        )


Form = type[forms.ModelForm]


def _form_page(
    request: HttpRequest, member: Membership, key: str, section: str, make: Form, **more: Any
) -> HttpResponse | tuple[Site, forms.ModelForm]:
    """Save the form of a section and come back to it; else the site, and the form to show."""
    site = changeable(member, key)
    before = copy(site)
    form = make(request.POST or None, instance=site)
    if request.method == "POST" and form.is_valid():
        _save(member, before, form)
        messages.success(request, _("Saved."))
        url = next(url for name, url, _label, _kinds in SECTIONS if name == section)
        return redirect(url, key=key)
    return before, form


def _save(member: Membership, before: Site, form: forms.ModelForm) -> None:
    """Store and audit what differs; a form that was sent as it came is left at that."""
    if not audit.differences(before, form.instance, list(form.cleaned_data)):
        return
    saved = form.save()
    if saved.currency != before.currency:
        rollup.mark_other_currencies(saved)
    note_change(member, before, saved, list(form.cleaned_data))


@member_required
@transaction.atomic
def general(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """Name, clock, currency, owner and team."""
    found = _form_page(request, member, key, "general", GeneralForm)
    if isinstance(found, HttpResponse):
        still = Site.objects.visible_to(member.scope()).filter(key=key)
        return found if still.exists() else redirect("sites")
    site, form = found
    zones = seen.zones(site, timezone.now())
    return page(request, member, site, "general", form=form, zones=zones)


@member_required
@transaction.atomic
def installation(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """The snippet and its options; managers name the script."""
    site = site_or_404(member, key)
    before = copy(site)
    form = ScriptForm(request.POST or None, instance=site)
    if request.method == "POST":
        role_or_403(member, Role.MANAGER)
        if form.is_valid():
            _save(member, before, form)
            messages.success(request, _("Saved."))
            return redirect("site_install", key=key)
    options = installing.Options.of(request.GET)
    last = outcomes.last_events(member.scope(), before, 1)
    context = {
        "form": form,
        "options": options,
        "snippet": installing.snippet(before, options),
        "pixel": installing.pixel(before),
        "policy": installing.policy(),
        "last": seen.event(before, last[0]) if last else None,
        "guides": help.GUIDES.values(),
    }
    return page(request, member, before, "installation", **context)


@require_safe
@member_required
def old_installation(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """Where the snippet was before it became a part of the settings."""
    return redirect("site_install", key=site_or_404(member, key).key)


@member_required
@transaction.atomic
def domains(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """The hosts of a site, and those that events came from though nobody has named them."""
    found = _form_page(request, member, key, "domains", DomainsForm)
    if isinstance(found, HttpResponse):
        return found
    site, form = found
    hosts = seen.foreign_hosts(member.scope(), site)
    return page(request, member, site, "domains", form=form, hosts=hosts)


@require_POST
@member_required
@transaction.atomic
def domain_add(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """Add one of the hosts that were seen."""
    site = changeable(member, key)
    before = copy(site)
    try:
        host = host_name(request.POST.get("host", ""))
    except InvalidDomain as error:
        messages.error(request, str(error))
        return redirect("site_domains", key=key)
    if host not in site.domains:
        site.domains = [*site.domains, host]
        site.save(update_fields=["domains", "updated_at"])
        note_change(member, before, site, ["domains"])
    messages.success(request, _("%(host)s is one of the site's domains now.") % {"host": host})
    return redirect("site_domains", key=key)


@member_required
@transaction.atomic
def addresses(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """What is kept of visitors' addresses."""
    found = _form_page(request, member, key, "addresses", AddressesForm)
    if isinstance(found, HttpResponse):
        return found
    return page(request, member, found[0], "addresses", form=found[1])


@member_required
@transaction.atomic
def exclusions(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """Networks and pages that are not counted, and a field to try a path."""
    found = _form_page(request, member, key, "exclusions", ExclusionsForm)
    if isinstance(found, HttpResponse):
        return found
    site, form = found
    address = address_of(request)
    context = {
        "form": form,
        "address": address,
        "address_excluded": seen.is_excluded(site, address),
        "tried": seen.tried(site, request.GET.get("path", "")),
    }
    return page(request, member, site, "exclusions", **context)


@require_safe
@member_required
def path_test(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """Whether a path would be counted: the answer alone, for a page that asks as one types."""
    tried = seen.tried(changeable(member, key), request.GET.get("path", ""))
    return render(request, "analytics/_path_tried.html", {"tried": tried})


@require_POST
@member_required
@transaction.atomic
def network_add(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """Exclude the address from which one is asking."""
    site = changeable(member, key)
    before, address = copy(site), address_of(request)
    if not address:
        messages.error(request, _("Your address is not known here: write it into the list."))
    elif not seen.is_excluded(site, address):
        site.excluded_networks = [*site.excluded_networks, address]
        site.full_clean(exclude=["owner", "team", "tenant"])
        site.save(update_fields=["excluded_networks", "updated_at"])
        note_change(member, before, site, ["excluded_networks"])
        told = {"address": address}
        messages.success(request, _("Visits from %(address)s are not counted any more.") % told)
    return redirect("site_exclusions", key=key)


@member_required
@transaction.atomic
def funnel(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """The pages of each step, with what was counted there in the last 30 days."""
    site = changeable(member, key)
    before = copy(site)
    form = FunnelForm(request.POST or None, site=site)
    if request.method == "POST" and form.is_valid():
        note_change(member, before, form.save(), ["funnel_pages"])
        messages.success(request, _("Saved."))
        return redirect("site_funnel", key=key)
    steps = seen.funnel_steps(member.scope(), before, timezone.now())
    fields = [{"field": form[step.key], "step": step} for step in steps]
    return page(request, member, before, "funnel", form=form, fields=fields)
