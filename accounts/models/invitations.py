"""Who is asked to join an organisation."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from accounts.models.tenants import Team, Tenant
from accounts.roles import MEMBER_LEVELS, AccessLevel, Role
from accounts.tenancy import TenantOwned


class Invitation(TenantOwned):
    """An address that may join a tenant once, until it expires or is revoked."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail"))
    role = models.CharField(_("role"), max_length=16, choices=Role, default=Role.VIEWER)
    level = models.CharField(
        _("access level"),
        max_length=16,
        choices=[(level.value, level.label) for level in MEMBER_LEVELS],
        default=AccessLevel.ORGANIZATION,
    )
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, editable=False)
    expires_at = models.DateTimeField(_("expires at"))
    accepted_at = models.DateTimeField(_("accepted at"), null=True, editable=False)
    accepted_by = models.ForeignKey(
        User, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    revoked_at = models.DateTimeField(_("revoked at"), null=True, editable=False)

    class Meta(TenantOwned.Meta):
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "email"],
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_open_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.email} → {self.tenant}"

    def clean(self) -> None:
        if self.team is not None and self.team.tenant_id != self.tenant_id:
            raise ValidationError({"team": _("This team belongs to another tenant.")})

    def state(self, now: datetime) -> str:
        """`open`, `accepted`, `revoked` or `expired`."""
        if self.accepted_at is not None:
            return "accepted"
        if self.revoked_at is not None:
            return "revoked"
        return "open" if self.expires_at > now else "expired"

    def is_open(self, now: datetime) -> bool:
        """Whether somebody may still join by it."""
        return self.state(now) == "open"
