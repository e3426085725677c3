"""The pages where customers read their numbers."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import onboarding
from accounts.models import Membership, Site
from accounts.pages import member_required, site_or_404
from analytics import overview as parts
from analytics import queries


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
        return render(request, "analytics/overview.html", waiting(site))
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


def waiting(site: Site) -> dict[str, Any]:
    """What the page shows of a site whose first event has not come."""
    return _page(site, received=False, received_url=reverse("received", args=[site.key]))
