"""The pages where customers read their numbers."""

from __future__ import annotations

from datetime import date, timedelta
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import audit, onboarding
from accounts.forms import SiteForm
from accounts.models import Membership, Site
from accounts.roles import Role
from analytics import overview as parts
from analytics import queries, rollup
from analytics.answers import Days
from analytics.figures import figure
from analytics.metrics import Unit


def member_required(view: Any) -> Any:
    """The view gets the signed-in member; somebody in no tenant is told so."""

    @login_required
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        member = cast(Membership | None, getattr(request, "member", None))
        if not member:
            raise PermissionDenied(_("You are in no organisation yet: ask somebody to add you."))
        return view(request, member, *args, **options)

    return checked


def site_or_404(member: Membership, key: str) -> Site:
    """The member's site; one that they do not see does not exist."""
    site = queries.visible_site(member.scope(), key)
    if site is None:
        raise Http404
    return site


def snippet(site: Site) -> str:
    """The line that goes into the site's pages."""
    return (
        f'<script defer src="{settings.BASE_URL}/js/analytics.js" data-site="{site.key}"></script>'
    )


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The dashboard of the first site; sign-in for strangers, set-up on an empty installation."""
    if not request.user.is_authenticated:
        return redirect("first_run" if onboarding.is_empty_installation() else "account_login")
    member = cast(Membership | None, getattr(request, "member", None))
    first = Site.objects.visible_to(member.scope()).first() if member else None
    if first is None:
        return redirect("sites")
    return redirect("overview", key=first.key)


def _page(site: Site, received: bool, **more: Any) -> dict[str, Any]:
    return {"site": site, "received": received, "snippet": snippet(site), **more}


@require_safe
@member_required
def overview(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """The overview of a site, or what to do until its first event."""
    site, scope, now = site_or_404(member, key), member.scope(), timezone.now()
    ask = parts.asked(request.GET.dict(), now, site)
    if request.GET.get("part") == "head":
        return _head(request, member, site, ask)
    if not queries.has_events(scope, site):
        return render(request, "analytics/overview.html", _waiting(site))
    context = _page(site, received=True, **parts.context(scope, site, ask, now))
    partial = getattr(request, "htmx", None) and request.htmx.target == "report"  # type: ignore[attr-defined]
    return render(request, f"analytics/{'_report' if partial else 'overview'}.html", context)


def _head(request: HttpRequest, member: Membership, site: Site, ask: parts.Asked) -> HttpResponse:
    """The head anew for a page that stays open; 204 while nothing has changed."""
    scope, now = member.scope(), timezone.now()
    live = queries.visitors_now(scope, site, now)
    if request.GET.get("version") == parts.version(scope, site, ask.period, live):
        return HttpResponse(status=204)
    context = _page(site, received=True, **parts.head(scope, site, ask, now))
    return render(request, "analytics/_head.html", context)


def _waiting(site: Site) -> dict[str, Any]:
    return _page(site, received=False, received_url=reverse("received", args=[site.key]))


def _first_event(member: Membership, site: Site) -> dict[str, Any]:
    """The waiting page's context, with the first event once it has come."""
    first = queries.first_event(member.scope(), site)
    if first is None:
        return _waiting(site) | {"received": queries.has_events(member.scope(), site)}
    # Without its zone, or the template would turn it to the zone of the installation.
    at = site.local(first.occurred_at).replace(tzinfo=None)
    told = {"path": first.path or first.name, "at": at}
    return _waiting(site) | {"received": True, "first_event": told}


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
    if not member.may(Role.MANAGER):
        raise PermissionDenied(_("Managers add sites: ask one of them."))
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
    if not member.may(Role.MANAGER):
        raise PermissionDenied(_("Managers change sites: ask one of them."))
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
