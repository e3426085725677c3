"""Staff who look into an organisation: for a while, for a reason, and reading only.

Whoever does is nobody's member: `StaffAccess.member` is in no table. Each page they look at stands
in the organisation's audit log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject, empty
from django.utils.translation import gettext as _

from accounts import audit
from accounts.authentication import SESSION_TENANT, memberships_of
from accounts.models import AuditEntry, Membership, StaffAccess, Tenant, User
from accounts.permissions import STAFF_READ_ONLY

# Where a session remembers by which access it looks.
SESSION_ACCESS = "staff_access"
# A page that is looked at again and again is written down once in this time.
READ_STEP = timedelta(minutes=1)
MOST_PATH = 500
ADMIN_PATH = "/admin/"
# What is nobody's organisation's: signing out, the own account, these accesses themselves.
OWN_PATHS = (ADMIN_PATH, "/account", "/auth/", "/staff", "/organisations/")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")


class Refused(ValueError):
    """It cannot be done as things stand; the message says why to people."""


def may_look(user: Any) -> bool:
    """Whether somebody is of the staff who see organisations in the admin."""
    return isinstance(user, User) and user.is_staff and user.has_perm("accounts.view_tenant")


def access_of(member: Any) -> StaffAccess | None:
    """By which access somebody is in the tenant; None for its real members."""
    return getattr(member, "access", None) if member else None


def _as_staff() -> Any:
    """Within it, what is written down was done as staff."""
    return structlog.contextvars.bound_contextvars(staff=True)


# --- Begin, look, end -------------------------------------------------------------------------


@transaction.atomic
def begin(user: User, tenant: Tenant, reason: str, now: datetime) -> StaffAccess:
    """Let a person of staff look for `STAFF_ACCESS_MINUTES`; an open access of theirs here ends.

    The reason stands in the tenant's audit log. Raises `Refused` for members of the tenant.
    """
    if memberships_of(user).filter(tenant=tenant).exists():
        raise Refused(_("You are a member of this organisation: switch to it instead."))
    for former in open_accesses(now).filter(user=user, tenant=tenant):
        end(former, user, now)
    ends_at = now + timedelta(minutes=settings.STAFF_ACCESS_MINUTES)
    made = StaffAccess.objects.create(tenant=tenant, user=user, reason=reason, ends_at=ends_at)
    changes = {"ends_at": [None, str(ends_at)]}
    with _as_staff():
        audit.record("staff.began", made, tenant=tenant, actor=user, changes=changes, reason=reason)
    return made


@transaction.atomic
def end(access: StaffAccess, actor: User, now: datetime) -> bool:
    """End an access before its time; False where it was over already."""
    rows = StaffAccess.objects.unscoped("by primary key").filter(pk=access.pk, ends_at__gt=now)
    if not rows.update(ends_at=now):
        return False
    changes = {"ends_at": [str(access.ends_at), str(now)]}
    with _as_staff():
        audit.record("staff.ended", access, tenant=access.tenant, actor=actor, changes=changes)
    return True


def open_accesses(now: datetime) -> QuerySet[StaffAccess]:
    """All accesses that are open, of staff who may still look; the newest first."""
    rows = StaffAccess.objects.unscoped("staff see who of them looks where")
    current = rows.filter(ends_at__gt=now, user__is_active=True, user__is_staff=True)
    return current.select_related("tenant", "user")


@transaction.atomic
def note_read(access: StaffAccess, path: str, now: datetime) -> bool:
    """Write down that a page was looked at; False where that is written within `READ_STEP`."""
    StaffAccess.objects.unscoped("by primary key").select_for_update().get(pk=access.pk)
    told = {"path": path[:MOST_PATH]}
    entries = AuditEntry.objects.for_tenant(access.tenant_id)
    if entries.filter(
        created_at__gt=now - READ_STEP,
        action="staff.read",
        target_id=str(access.pk),
        changes__path=told["path"],
    ).exists():
        return False
    with _as_staff():
        audit.record("staff.read", access, tenant=access.tenant, actor=access.user, changes=told)
    return True


# --- What pages show of it --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """An access that the session is by, and whether it is still open."""

    access: StaffAccess
    open: bool


def look_of(request: HttpRequest) -> Look | None:
    """Of staff: what the banner of a page says. Costs others nothing."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_staff:
        return None
    if access := access_of(request.member):  # type: ignore[attr-defined]
        return Look(access, open=True)
    pk = request.session.get(SESSION_ACCESS)
    if pk is None:
        return None
    accesses = StaffAccess.objects.unscoped("the person's own")
    found = accesses.filter(pk=pk, user=user).select_related("tenant").first()
    if found is None or str(found.tenant_id) != request.session.get(SESSION_TENANT):
        return None
    return Look(found, open=False)


def forget(request: HttpRequest) -> None:
    """Show the person's own organisation again."""
    if request.session.pop(SESSION_ACCESS, None) is not None:
        request.session.pop(SESSION_TENANT, None)


# --- Every request ----------------------------------------------------------------------------


def _is_own(path: str) -> bool:
    return path.startswith(OWN_PATHS)


def _known_member(request: HttpRequest) -> Membership | None:
    """The member, if anybody asked who that is; nothing is read for this."""
    member = getattr(request, "member", None)
    unread = isinstance(member, SimpleLazyObject) and member._wrapped is empty  # type: ignore[attr-defined]
    return None if unread else member


def _refusal(request: HttpRequest) -> HttpResponse:
    if not request.path.startswith("/api/"):
        raise PermissionDenied(STAFF_READ_ONLY)
    body = {"type": "about:blank", "title": "Forbidden", "status": 403}
    body |= {"code": "staff_only_read", "detail": str(STAFF_READ_ONLY)}
    return JsonResponse(body, status=403, content_type="application/problem+json")


class StaffLooking:
    """Hold staff who look into an organisation to reading, and write down what they read.

    In the admin it says that what is done there is done as staff.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(ADMIN_PATH):
            with _as_staff():
                return self.get_response(request)
        response = self.get_response(request)
        access = access_of(_known_member(request))
        if access is not None and not _is_own(request.path):
            note_read(access, request.path, timezone.now())
        return response

    def process_view(self, request: HttpRequest, view: Any, *arguments: Any) -> HttpResponse | None:
        """Refuse changes before they begin; programs are held back by `RolePermission`."""
        if request.method in SAFE_METHODS or _is_own(request.path):
            return None
        is_program = "Authorization" in request.headers and hasattr(view, "cls")
        if is_program or not request.user.is_authenticated:
            return None
        looks = request.user.is_staff and access_of(request.member)  # type: ignore[attr-defined]
        return _refusal(request) if looks else None
