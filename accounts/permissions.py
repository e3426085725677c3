"""Who may: the asking member, what they may read, and the role a view asks for.

Apart from `accounts.api`, since REST framework loads its default classes before its views exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, permissions

from accounts.models import ApiToken, Membership, User
from accounts.roles import TokenScope, lacking
from accounts.tenancy import Scope

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

STAFF_READ_ONLY = _(
    "You are looking into this organisation as staff: nothing of it can be changed."
)


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


def refuse_partial(request: Request) -> None:
    """Refuse a token for certain sites what is the whole tenant's. Raises `PermissionDenied`."""
    if scope_of(request).sites is not None:
        raise exceptions.PermissionDenied(_("This token is for certain sites only."))


class RolePermission(permissions.BasePermission):
    """The view names `read_role` and `write_role`; a token also needs the scope for it.

    That is `read` or `write`, or the one that the view names as `token_scope`. What is missing is
    told as the `message` of the refusal.
    """

    message: Any = None

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.user, User):
            return False
        self.message = self._refusal(request, view)
        return not self.message

    def _refusal(self, request: Request, view: APIView) -> Any:
        """What the asker lacks, in words; "" where nothing."""
        reads = request.method in permissions.SAFE_METHODS
        role = getattr(view, "read_role" if reads else "write_role", None)
        if role is None:
            return _("Nobody may do this.")
        scope = getattr(view, "token_scope", None) or (
            TokenScope.READ if reads else TokenScope.WRITE
        )
        if isinstance(request.auth, ApiToken) and not request.auth.may(scope):
            told = gettext("This needs a token with the scope “%(scope)s”, and a role for it.")
            return told % {"scope": scope.value}
        member = member_or_403(request)
        if not reads and getattr(member, "access", None):
            return STAFF_READ_ONLY
        return "" if member.may(role) else lacking(role)
