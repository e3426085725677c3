"""What the pages of signed-in people share: the member who asks, and the site that they ask for."""

from __future__ import annotations

from contextlib import nullcontext
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.authentication import memberships_of
from accounts.members import invitations
from accounts.models import Membership, Site, Tenant, User
from accounts.roles import Role, lacking, role_for
from accounts.tenancy import tenant_transaction


class Elsewhere(Http404):
    """What is asked for lies in another of the person's own organisations, which it names."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__()
        self.tenant = tenant


def member_required(view: Any) -> Any:
    """The view gets the signed-in member.

    Somebody in no tenant is told so, or who invites them; somebody who asks for a site of another
    of their own organisations may switch to it.
    """

    @login_required
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        member = cast(Membership | None, getattr(request, "member", None))
        if not member:
            if invitations.waiting_for(cast(User, request.user), timezone.now()):
                return redirect("waiting_invitations")
            shown = {"closed": closed_to(cast(User, request.user))}
            return render(request, "accounts/no_organisation.html", shown, status=403)
        try:
            with tenant_transaction(member.tenant_id) if settings.ROW_SECURITY else nullcontext():
                return view(request, member, *args, **options)
        except Elsewhere as elsewhere:
            back = request.get_full_path() if request.method == "GET" else ""
            there = {"tenant": elsewhere.tenant, "path": back}
            return render(request, "accounts/elsewhere.html", there, status=404)

    return checked


def closed_to(user: User) -> list[Tenant]:
    """Organisations of the person that are closed to them for now: they or it were suspended."""
    own = Membership.objects.unscoped("the person's own memberships").filter(user=user)
    closed = own.exclude(suspended_at=None, tenant__suspended_at=None)
    return [row.tenant for row in closed.select_related("tenant").order_by("tenant__name")]


def role_or_403(member: Membership, role: Role) -> None:
    """Let only those pass who may do what the role may. Raises `PermissionDenied`."""
    if not member.may(role):
        raise PermissionDenied(lacking(role))


def permission_or_403(member: Membership, permission: str) -> None:
    """Let only those pass who have a permission of `accounts.roles`. Raises `PermissionDenied`."""
    role_or_403(member, role_for(permission))


def site_or_404(member: Membership, key: str) -> Site:
    """The member's site; one that they do not see does not exist. Raises `Http404`."""
    site = Site.objects.visible_to(member.scope()).filter(key=key).first()
    if site is None:
        raise no_such_site(member, key)
    return site


def no_such_site(member: Membership, key: str) -> Http404:
    """What to raise: `Elsewhere` for a site that the person sees in another tenant of theirs."""
    sites = Site.objects.unscoped("which of the person's own organisations has the site")
    tenants = sites.filter(key=key).exclude(tenant=member.tenant_id).values("tenant")
    home = memberships_of(member.user).filter(tenant__in=tenants).first()
    if home and Site.objects.visible_to(home.scope()).filter(key=key).exists():
        return Elsewhere(home.tenant)
    return Http404()
