"""What the pages of signed-in people share: the member who asks, and the site that they ask for."""

from __future__ import annotations

from functools import wraps
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from accounts.models import Membership, Site
from accounts.roles import Role, role_for


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


def role_or_403(member: Membership, role: Role) -> None:
    """Let only those pass who may do what the role may. Raises `PermissionDenied`."""
    if not member.may(role):
        raise PermissionDenied(
            _("This needs the role “%(role)s”: ask an admin of your organisation.")
            % {"role": role.label}
        )


def permission_or_403(member: Membership, permission: str) -> None:
    """Let only those pass who have a permission of `accounts.roles`. Raises `PermissionDenied`."""
    role_or_403(member, role_for(permission))


def site_or_404(member: Membership, key: str) -> Site:
    """The member's site; one that they do not see does not exist. Raises `Http404`."""
    site = Site.objects.visible_to(member.scope()).filter(key=key).first()
    if site is None:
        raise Http404
    return site
