"""What somebody changed."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from accounts.models.tenants import Tenant
from accounts.tenancy import TenantOwned


class AuditEntry(TenantOwned):
    """Something that somebody changed. Written by `accounts.audit`, never changed."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, null=True, related_name="+")
    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    actor_label = models.CharField(_("actor"), max_length=254)
    action = models.CharField(_("action"), max_length=64)
    target_type = models.CharField(_("kind of target"), max_length=64)
    target_id = models.CharField(_("target"), max_length=64)
    changes = models.JSONField(_("changes"), default=dict)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta(TenantOwned.Meta):
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=["tenant", "-created_at"], name="audit_by_tenant"),)

    def __str__(self) -> str:
        return f"{self.actor_label} {self.action} {self.target_type} {self.target_id}"
