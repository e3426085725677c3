"""The pages where customers read their numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Membership, Site
from accounts.pages import member_required, site_or_404
from accounts.tenants import onboarding
from analytics import installing, queries
from analytics import live as now_parts
from analytics import overview as parts
from analytics.asked import Asked
from analytics.controls import FORM_KEYS, SUGGESTIONS, filter_of_form, values_named
from analytics.dimensions import BY_KEY
from analytics.period import preset
from analytics.segments import InvalidFilter
from tracking import codes


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


def waiting(site: Site) -> dict[str, Any]:
    """What the page shows of a site whose first event has not come."""
    told = {"site": site, "received": False, "received_url": reverse("received", args=[site.key])}
    if site.kind == Site.Kind.BIO:
        return told | {"public_url": codes.address(site.profile)}
    return told | {"snippet": installing.snippet(site)}


def report(read: Callable[..., Asked]) -> Callable[[Any], Any]:
    """A page of numbers of a site, whose address `read` reads with the page's own words.

    The form “Add a filter” comes back as the address that has the filter, or with what is wrong.
    """

    def of(view: Any) -> Any:
        @require_safe
        @member_required
        @wraps(view)
        def page(request: HttpRequest, member: Membership, key: str, **words: str) -> HttpResponse:
            site, scope = site_or_404(member, key), member.scope()
            ask = read(request.GET, timezone.now(), site, **words)
            if FORM_KEYS[0] in request.GET:
                try:
                    item = filter_of_form(scope, site, ask, request.GET)
                except InvalidFilter as problem:
                    ask = ask.with_problem(str(problem))
                else:
                    filters = tuple(dict.fromkeys((*ask.filters, item)))
                    return redirect(request.path + ask.url(filters=filters))
            return view(request, member, site, ask, **words)

        return page

    return of


def shown(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    """A page, or only its report for a reader who has the rest already."""
    htmx = getattr(request, "htmx", None)
    if htmx and htmx.target == "report":
        return render(request, f"analytics/_{name}_report.html", context)
    return render(request, f"analytics/{name}.html", context)


@report(parts.read)
def overview(request: HttpRequest, member: Membership, site: Site, ask: Asked) -> HttpResponse:
    """The overview of a site, or what to do until its first event."""
    scope = member.scope()
    common = {"site": site, "received": True, "page": "overview"}
    if request.GET.get("part") == "head":
        # The head anew for a page that stays open; 204 while nothing has changed.
        if request.GET.get("version") == parts.version(scope, site, ask):
            return HttpResponse(status=204)
        context = common | parts.head(scope, site, ask)
        return render(request, "analytics/_head.html", context)
    if not queries.has_events(scope, site):
        return render(request, "analytics/overview.html", waiting(site))
    return shown(request, "overview", common | parts.context(scope, site, ask))


@report(now_parts.read)
def live(request: HttpRequest, member: Membership, site: Site, ask: Asked) -> HttpResponse:
    """Who is on the site now; `?part=number` is the number in the head of other pages."""
    scope, now = member.scope(), timezone.now()
    common = {"site": site, "page": "live", "live_url": ask.to("live")}
    if request.GET.get("part") == "number":
        number = queries.visitors_now(scope, site, now)
        return render(request, "analytics/_live_number.html", common | {"live": number})
    context = common | now_parts.context(scope, site, now)
    if request.GET.get("part") == "live":
        return render(request, "analytics/_live.html", context)
    return render(request, "analytics/live.html", context)


@require_safe
@member_required
def suggestions(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """Names of values for the form “Add a filter”, as options."""
    site = site_or_404(member, key)
    period = preset(request.GET.get("period", "30d"), timezone.now(), site.clock)
    dimension = request.GET.get("filter_by", "")
    text = request.GET.get("filter_value", "").strip().replace("\0", "")[:512]
    values: list[tuple[str, str]] = []
    if dimension in BY_KEY:
        values = values_named(member.scope(), site, period, dimension, text, SUGGESTIONS)
    return render(request, "analytics/_suggestions.html", {"values": values})
