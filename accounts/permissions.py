"""Who may: the asking member, what they may read, and the role a view asks for.

Apart from `accounts.api`, since REST framework loads its default classes before its views exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, permissions

from accounts.models import ApiToken, Membership, User
from accounts.roles import TokenScope
from accounts.tenancy import Scope

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


def member_or_403(request: Request) -> Membership:
    """The asking member; `PermissionDenied` for somebody who is in no tenant."""
    member = getattr(request._request, "member", None)
    if not member:
        raise exceptions.PermissionDenied(_("You are not a member of this tenant."))
    return cast(Membership, member)


def scope_of(request: Request) -> Scope:
    """What the request may read: the token's part of its maker's rights, or the member's."""
    if isinstance(request.auth, ApiToken):
        return request.auth.scope()
    return member_or_403(request).scope()


class RolePermission(permissions.BasePermission):
    """The view names `read_role` and `write_role`; a token also needs the scope for it.

    That is `read` or `write`, or the one that the view names as `token_scope`.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.user, User):
            return False
        reads = request.method in permissions.SAFE_METHODS
        if isinstance(request.auth, ApiToken):
            needed = getattr(view, "token_scope", None)
            needed = needed or (TokenScope.READ if reads else TokenScope.WRITE)
            if not request.auth.may(needed):
                return False
        member = getattr(request._request, "member", None)
        if not reads and getattr(member, "access", None):
            return False  # staff who look into an organisation change nothing of it
        role = getattr(view, "read_role" if reads else "write_role", None)
        return role is not None and member_or_403(request).may(role)
