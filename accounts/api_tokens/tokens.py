"""Making and revoking API tokens, and saying which there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import SCOPE_ROLES, ApiToken, Membership, User
from accounts.roles import Role, TokenScope

# What each scope lets a program do, in one sentence.
SCOPE_MEANINGS = {
    TokenScope.READ: _("Read statistics, sites, links and settings."),
    TokenScope.WRITE: _("Add, change and delete what you may change yourself."),
    TokenScope.EXPORT: _("Download raw data."),
    TokenScope.INGEST: _("Send events of any day, whose addresses and times are believed."),
}
MOST_TOKENS = 200


class TooManyTokens(Exception):
    """The member has as many tokens as anybody needs."""


def scopes_for(member: Membership) -> list[TokenScope]:
    """The scopes that the member's tokens may have."""
    return [scope for scope, role in SCOPE_ROLES.items() if member.may(role)]


def may_make(member: Membership) -> bool:
    """Whether a token can be of this membership; staff who look in are members of nothing."""
    return member.pk is not None


def tokens_of(member: Membership) -> QuerySet[ApiToken]:
    """The member's own tokens: the living first, those without an end before the others."""
    return tokens_of_tenant(member).filter(member_id=member.pk)


def tokens_of_tenant(member: Membership) -> QuerySet[ApiToken]:
    """All tokens of the member's tenant, in the same order."""
    rows = ApiToken.objects.for_tenant(member.tenant_id).select_related(
        "member__user", "member__tenant"
    )
    ended = Coalesce("revoked_at", "expires_at")
    return rows.order_by(ended.desc(nulls_first=True), "-created_at", "-pk")


def tokens_for(member: Membership) -> QuerySet[ApiToken]:
    """The tokens that the member may see and revoke: admins all of the tenant, others their own."""
    return tokens_of_tenant(member) if member.may(Role.ADMIN) else tokens_of(member)


def living(rows: QuerySet[ApiToken], now: datetime) -> QuerySet[ApiToken]:
    """Those that are neither revoked nor expired; their maker may be suspended."""
    return rows.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)


def state_of(token: ApiToken, now: datetime) -> str:
    """`live`, `revoked`, `expired`, or `stopped` while its maker or their tenant is suspended."""
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at is not None and token.expires_at <= now:
        return "expired"
    return "live" if token.is_alive(now) else "stopped"


@transaction.atomic
def make(
    member: Membership,
    *,
    name: str,
    scopes: Collection[str],
    site_ids: Iterable[int] | None,
    expires_at: datetime | None,
) -> tuple[ApiToken, str]:
    """A new token and its text, which nobody can read again. Without `site_ids` it is every site's.

    Raises `TooManyTokens`. What the member may give has been judged by the form or the serializer.
    """
    # Whoever asks twice at once waits here, so that both are counted.
    Membership.objects.for_tenant(member.tenant_id).select_for_update().get(pk=member.pk)
    if living(tokens_of(member), timezone.now()).count() >= MOST_TOKENS:
        raise TooManyTokens
    token, text = ApiToken.new(
        member,
        name=name,
        scopes=sorted(scopes, key=list(TokenScope).index),
        site_ids=None if site_ids is None else sorted(site_ids),
        expires_at=expires_at,
    )
    token.save()
    told = audit.differences(None, token, ["scopes", "site_ids", "expires_at"])
    audit.record("apitoken.created", token, tenant=member.tenant, actor=member.user, changes=told)
    return token, text


@transaction.atomic
def revoke(token: ApiToken, actor: User) -> bool:
    """The token opens nothing from now on; False if it was revoked before."""
    now = timezone.now()
    rows = ApiToken.objects.for_tenant(token.member.tenant_id).filter(pk=token.pk, revoked_at=None)
    if not rows.update(revoked_at=now):
        return False
    token.revoked_at = now
    changes = {"revoked_at": [None, now.isoformat()]}
    audit.record(
        "apitoken.revoked", token, tenant=token.member.tenant, actor=actor, changes=changes
    )
    return True
