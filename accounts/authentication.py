"""Who is asking: an API token or a person's program as a bearer, or a signed-in person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import structlog
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from accounts.models import (
    TOKEN_PREFIX,
    ApiToken,
    Membership,
    SignIn,
    StaffAccess,
    User,
    token_digest,
)
from accounts.sign_in import jwt

TENANT_HEADER = "X-Tenant-Id"
# Where a session remembers which tenant its pages show.
SESSION_TENANT = "tenant"
# Organisations of a person that are offered to switch to.
MOST_LISTED = 100
MAX_TOKEN = 100
# A token's last use is told to the minute: a write on every request would cost more than the read.
LAST_USE_STEP = timedelta(minutes=1)


def bearer(header: str) -> str | None:
    """The credentials of an `Authorization: Bearer …` header, or None."""
    kind, _space, text = header.partition(" ")
    return text.strip() if kind.lower() == "bearer" and text.strip() else None


def looks_like_token(text: str) -> bool:
    """Whether a text may be a token at all."""
    return text.startswith(TOKEN_PREFIX) and len(text) <= MAX_TOKEN and text.isascii()


def find_tokens(texts: Iterable[str]) -> dict[str, ApiToken]:
    """The living tokens with these texts, with their members, users and tenants loaded."""
    by_digest = {token_digest(text): text for text in texts if looks_like_token(text)}
    tokens = ApiToken.objects.unscoped("the token itself says whose it is")
    rows = tokens.filter(digest__in=list(by_digest)).order_by()
    found = rows.select_related("member__user", "member__tenant")
    now = timezone.now()
    return {by_digest[bytes(token.digest)]: token for token in found if token.is_alive(now)}


def find_token(text: str) -> ApiToken | None:
    """The living token with this text, with its member, user and tenant loaded."""
    return find_tokens([text]).get(text)


def note_use(token: ApiToken) -> None:
    """Keep when the token was last used, to the minute."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > LAST_USE_STEP:
        ApiToken.objects.unscoped("by primary key").filter(pk=token.pk).update(last_used_at=now)


def memberships_of(user: User) -> QuerySet[Membership]:
    """The user's memberships that open something now, the oldest first."""
    rows = Membership.objects.unscoped("the user's own memberships")
    live = rows.filter(user__is_active=True, suspended_at=None, tenant__suspended_at=None)
    return live.filter(user=user).select_related("tenant", "user").order_by("created_at", "pk")


def find_member(user: User, wanted: str) -> Membership | None:
    """The user's membership in the tenant `wanted` (its id as text), or their first one.

    Somebody of staff who said why may look into a tenant without being its member.
    """
    if not wanted:
        return memberships_of(user).first()
    try:
        tenant = UUID(wanted)
    except ValueError:
        return None
    member = memberships_of(user).filter(tenant_id=tenant).first()
    return member or (_staff_member(user, tenant) if user.is_staff else None)


def _staff_member(user: User, tenant: UUID) -> Membership | None:
    """Staff in a tenant that they are looking into; the tenant may be suspended."""
    opened = StaffAccess.objects.for_tenant(tenant).filter(user=user, ends_at__gt=timezone.now())
    access = opened.select_related("user", "tenant").first()
    return access.member() if access and access.is_open(timezone.now()) else None


def member_of(request: HttpRequest) -> Membership | None:
    """The signed-in person's membership: in the tenant of `X-Tenant-Id`, or of their choice.

    Without the header it is the tenant that the session remembers, while they are in it, else the
    first one; `request.memberships` are all there are to choose from.
    """
    if not isinstance(request.user, User):
        return None
    if wanted := request.headers.get(TENANT_HEADER):
        return find_member(request.user, wanted)
    own = list(memberships_of(request.user)[:MOST_LISTED])
    request.memberships = own  # type: ignore[attr-defined]
    chosen = request.session.get(SESSION_TENANT, "")
    if not chosen:
        return own[0] if own else None
    found = next((row for row in own if str(row.tenant_id) == chosen), None)
    return found or find_member(request.user, chosen) or (own[0] if own else None)


def refuse_misplaced(request: Request) -> None:
    """Tell who brings credentials in another way that there is one way only.

    A token in an address ends in logs and histories. `Basic` may be meant for a proxy before us.
    Raises `AuthenticationFailed`.
    """
    scheme = request.headers.get("Authorization", "").partition(" ")[0].lower()
    if scheme not in ("", "basic"):
        told = _("Write the header as “Authorization: Bearer” and your token.")
        raise exceptions.AuthenticationFailed(told, code="scheme_unknown")
    if any(looks_like_token(str(value)) for value in request.query_params.values()):
        told = _("A token in an address can be read in logs: send it in the header, and revoke it.")
        raise exceptions.AuthenticationFailed(told, code="token_in_address")


def as_person(request: Request, text: str) -> tuple[User, SignIn]:
    """The person whose program sends a JWT, in the tenant of `X-Tenant-Id` or their first one.

    Raises `AuthenticationFailed`, and `NotFound` for a tenant that is not theirs.
    """
    sign_in = jwt.find_sign_in(text)
    if sign_in is None:
        raise exceptions.AuthenticationFailed(
            _("This token is unknown, expired or signed out."), code="token_invalid"
        )
    wanted = request.headers.get(TENANT_HEADER, "")
    member = find_member(sign_in.user, wanted)
    if wanted and member is None:
        raise exceptions.NotFound(_("You are not a member of such a tenant."))
    request._request.member = member  # type: ignore[attr-defined]
    return sign_in.user, sign_in


class BearerAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer`, an API token (`lp_…`) or a JWT. A bearer wins over the session."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken | SignIn] | None:
        text = bearer(request.headers.get("Authorization", ""))
        if text is None:
            refuse_misplaced(request)
            return None
        if not text.startswith(TOKEN_PREFIX):
            return as_person(request, text)
        token = find_token(text)
        if token is None:
            raise exceptions.AuthenticationFailed(
                _("This token is unknown, expired or revoked."), code="token_invalid"
            )
        wanted = request.headers.get(TENANT_HEADER)
        if wanted and wanted.lower() != str(token.member.tenant_id):
            raise exceptions.NotFound(_("There is no such tenant for this token."))
        note_use(token)
        structlog.contextvars.bind_contextvars(token_id=token.pk)
        request._request.member = token.member  # type: ignore[attr-defined]
        return token.member.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
