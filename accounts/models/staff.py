"""Staff of the installation who look into an organisation, and why."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from accounts.models.tenants import Membership, Tenant
from accounts.roles import AccessLevel, Role
from accounts.tenancy import TenantOwned


class StaffAccess(TenantOwned):
    """For a while, and for a reason that the tenant can read, a person of staff sees it all."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    reason = models.CharField(_("reason"), max_length=500)
    started_at = models.DateTimeField(_("started at"), auto_now_add=True)
    ends_at = models.DateTimeField(_("ends at"))

    class Meta(TenantOwned.Meta):
        verbose_name = _("access of staff")
        verbose_name_plural = _("accesses of staff")
        ordering = ("-started_at",)

    def __str__(self) -> str:
        return f"{self.user_id} → {self.tenant_id}"

    def is_open(self, now: datetime) -> bool:
        """Whether the person may look now."""
        return self.ends_at > now and self.user.is_active and self.user.is_staff

    def member(self) -> Membership:
        """The person as a viewer of the whole tenant; this membership is in no table."""
        role, level = Role.VIEWER, AccessLevel.ALL
        made = Membership(user=self.user, tenant=self.tenant, role=role, level=level)
        made.access = self  # type: ignore[attr-defined]
        return made
