"""The pages of sites themselves: all of them, a new one, its snippet and its settings."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.forms import SiteForm
from accounts.models import Membership, Site
from accounts.pages import member_required, role_or_403, site_or_404
from accounts.roles import Role
from analytics import queries, rollup
from analytics.answers import Days
from analytics.figures import figure
from analytics.metrics import Unit
from analytics.views import waiting


def _first_event(member: Membership, site: Site) -> dict[str, Any]:
    """The waiting page's context, with the first event once it has come."""
    first = queries.first_event(member.scope(), site)
    if first is None:
        return waiting(site) | {"received": queries.has_events(member.scope(), site)}
    # Without its zone, or the template would turn it to the zone of the installation.
    at = site.local(first.occurred_at).replace(tzinfo=None)
    told = {"path": first.path or first.name, "at": at}
    return waiting(site) | {"received": True, "first_event": told}


@require_safe
@member_required
def received(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """Whether the first event has come; the waiting page asks every two seconds."""
    site = site_or_404(member, key)
    return render(request, "analytics/_received.html", _first_event(member, site))


@require_safe
@member_required
def site_install(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """The snippet of a site."""
    site = site_or_404(member, key)
    return render(request, "analytics/site_install.html", _first_event(member, site))


SPARK_DAYS = 14


@require_safe
@member_required
def sites(request: HttpRequest, member: Membership) -> HttpResponse:
    """All sites the member sees, each with its visitors."""
    scope, now = member.scope(), timezone.now()
    seen = list(Site.objects.visible_to(scope))
    # Around the world it is today, or already tomorrow, or still yesterday.
    first, last = now.date() - timedelta(days=SPARK_DAYS), now.date() + timedelta(days=1)
    known = queries.days_of_sites(scope, seen, first, last)
    cards = [_card(site, known[site.pk], site.clock.date_of(now)) for site in seen]
    return render(request, "analytics/sites.html", {"sites": cards})


def _card(site: Site, known: Days, today: date) -> dict[str, Any]:
    days = [today - timedelta(days=back) for back in range(SPARK_DAYS - 1, -1, -1)]
    spark = [known.of_day(day)["visitors"] for day in days]
    return {
        "name": site.name,
        "key": site.key,
        "domains": site.domains,
        "visitors_today": figure(spark[-1], Unit.COUNT),
        "visitors_yesterday": figure(spark[-2], Unit.COUNT),
        "spark": spark,
    }


@member_required
@transaction.atomic
def site_new(request: HttpRequest, member: Membership) -> HttpResponse:
    """Add a site; managers may."""
    role_or_403(member, Role.MANAGER)
    site = Site(tenant=member.tenant, owner=member.user, time_zone=member.tenant.time_zone)
    form = SiteForm(request.POST or None, instance=site)
    if request.method == "POST" and form.is_valid():
        site = form.save()
        audit.record("site.created", site, tenant=member.tenant, actor=member.user)
        return redirect("overview", key=site.key)
    return render(request, "analytics/site_form.html", {"form": form})


@member_required
@transaction.atomic
def site_edit(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """Change a site's name, domains or clock; managers may."""
    site = site_or_404(member, key)
    role_or_403(member, Role.MANAGER)
    before = Site.plain.get(pk=site.pk)
    form = SiteForm(request.POST or None, instance=site)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        if saved.currency != before.currency:
            rollup.mark_other_currencies(saved)
        changes = audit.differences(before, saved, list(form.cleaned_data))
        audit.record(
            "site.changed", saved, tenant=member.tenant, actor=member.user, changes=changes
        )
        messages.success(request, _("The site was saved."))
        return redirect("overview", key=site.key)
    return render(request, "analytics/site_form.html", {"form": form, "site": before})
