"""The pages of sites themselves: all of them, a new one, and whether its first event has come."""

from __future__ import annotations

from typing import Any, cast

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.forms import SiteForm
from accounts.models import Membership, Site, User
from accounts.pages import member_required, role_or_403, site_or_404
from accounts.roles import Role
from accounts.sites import lifecycle
from analytics import queries, site_list
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
def sites(request: HttpRequest, member: Membership) -> HttpResponse:
    """All sites the member sees, with their numbers; and what others offer them."""
    now = timezone.now()
    seen = list(Site.objects.visible_to(member.scope()))
    context = site_list.context(member.scope(), seen, site_list.asked(request.GET), now)
    partial = getattr(request, "htmx", None) and request.htmx.target == "sites-list"  # type: ignore[attr-defined]
    if partial:
        return render(request, "analytics/_sites.html", context)
    context["may_add"] = member.may(Role.MANAGER)
    context["offers"] = _offers(cast(User, request.user))
    return render(request, "analytics/sites.html", context)


def _offers(user: User) -> list[dict[str, Any]]:
    """The sites that others offer, each with the organisations that could take it."""
    return [
        {
            "id": offer.pk,
            "name": offer.site.name,
            "domains": offer.site.domains,
            "tenant": offer.site.tenant.name,
            "giver": offer.offered_by.get_full_name(),
            "expires_at": offer.expires_at,
            "homes": lifecycle.homes(user, but=offer.site),
        }
        for offer in lifecycle.offers_to(user, timezone.now())
    ]


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
