"""Keys for programs."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.tenants import Membership
from accounts.roles import Role, TokenScope
from accounts.tenancy import Scope, TenantOwned

TOKEN_PREFIX = "lp_"  # noqa: S105  a public prefix, not a secret
# The least role whose tokens may have a scope; judged when a token is made and at each use.
SCOPE_ROLES = {
    TokenScope.READ: Role.VIEWER,
    TokenScope.WRITE: Role.ANALYST,
    TokenScope.EXPORT: Role.ANALYST,
    TokenScope.INGEST: Role.MANAGER,
}


def token_digest(text: str) -> bytes:
    """What is stored of a token: it has 256 random bits, so one round of SHA-256 is enough."""
    return hashlib.sha256(text.encode()).digest()


class ApiToken(TenantOwned):
    """A key for programs, with the rights of its maker or fewer; it dies with the membership."""

    tenant_path = "member__tenant"

    member = models.ForeignKey(Membership, models.CASCADE, related_name="tokens")
    name = models.CharField(_("name"), max_length=200)
    prefix = models.CharField(_("begins with"), max_length=12, editable=False)
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=16, choices=TokenScope), default=list)
    site_ids = ArrayField(models.IntegerField(), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, editable=False)

    class Meta(TenantOwned.Meta):
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def new(cls, member: Membership, **values: Any) -> tuple[ApiToken, str]:
        """A token that is not saved yet, and its text, which is nowhere to be read again."""
        text = TOKEN_PREFIX + secrets.token_urlsafe(32)
        return cls(member=member, prefix=text[:10], digest=token_digest(text), **values), text

    @classmethod
    def issue(
        cls, member: Membership, *, lifetime: timedelta | None = None, **values: Any
    ) -> tuple[ApiToken, str]:
        """A new token of a member (`name`, `scopes`, `site_ids`) and its text."""
        expires_at = timezone.now() + lifetime if lifetime else None
        token, text = cls.new(member, expires_at=expires_at, **values)
        token.save()
        return token, text

    def is_alive(self, now: datetime) -> bool:
        """Whether the token opens anything at the moment `now`."""
        expired = self.expires_at is not None and self.expires_at <= now
        return self.revoked_at is None and not expired and self.member.is_live()

    def may(self, scope: TokenScope) -> bool:
        """Whether the token has the scope, and its maker still the role for it."""
        return scope in self.scopes and self.member.may(SCOPE_ROLES[scope])

    def scope(self) -> Scope:
        """What the token's maker may read now, narrowed to the token's sites."""
        scope = self.member.scope()
        if self.site_ids is None:
            return scope
        return Scope(scope.tenant, scope.people, scope.teams, sites=frozenset(self.site_ids))
