"""What somebody changed, exported or looked at."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from accounts.models.tenants import Tenant
from accounts.tenancy import TenantOwned


class AuditEntry(TenantOwned):
    """Something that somebody did. Written by `accounts.audit`; the database lets nobody change it.

    `sequence`, `previous` and `hash` are filled once, by the chain (`accounts.audit_log.chain`).
    The table is partitioned by month of `created_at`. Its rows outlive their tenant and their
    actor, so the references are bare ids, and who somebody is stands in no entry.
    """

    class ActorKind(models.TextChoices):
        PERSON = "person", _("Person")
        TOKEN = "token", _("Program")
        STAFF = "staff", _("Staff")
        SYSTEM = "system", _("LinkPro")

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(
        Tenant, models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    actor = models.ForeignKey(
        User, models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    actor_kind = models.CharField(_("kind of actor"), max_length=8, choices=ActorKind)
    token_id = models.BigIntegerField(_("API token"), null=True)
    action = models.CharField(_("action"), max_length=64)
    target_type = models.CharField(_("kind of target"), max_length=64)
    target_id = models.CharField(_("target"), max_length=64)
    changes = models.JSONField(_("changes"), default=dict)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("at"), default=timezone.now)
    sequence = models.BigIntegerField(_("place in the chain"), null=True, editable=False)
    previous = models.BinaryField(null=True, editable=False)
    hash = models.BinaryField(null=True, editable=False)

    class Meta(TenantOwned.Meta):
        managed = False
        db_table = "accounts_auditentry"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"{self.action} {self.target_type} {self.target_id}"


class AuditHead(TenantOwned):
    """Where a tenant's chain ends now; without it nobody would miss entries cut off its end."""

    tenant_id = models.UUIDField(null=True)
    sequence = models.BigIntegerField(_("place in the chain"))
    hash = models.BinaryField(max_length=32)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    tenant_path = "tenant_id"

    class Meta(TenantOwned.Meta):
        verbose_name = _("end of an audit log")
        verbose_name_plural = _("ends of audit logs")
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id"], name="audit_head_unique", nulls_distinct=False
            ),
        )

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.sequence}"


class AuditAnchor(TenantOwned):
    """A run of entries that ended with their month, as the kept chain needs to know of it.

    It followed on the entry with the hash `previous`; what comes after it follows on `hash`.
    """

    tenant_id = models.UUIDField(null=True)
    first_sequence = models.BigIntegerField(_("first place"))
    previous = models.BinaryField(max_length=32)
    sequence = models.BigIntegerField(_("last place"))
    hash = models.BinaryField(max_length=32)
    ended_month = models.DateField(_("month that ended"))
    created_at = models.DateTimeField(_("ended at"), auto_now_add=True)

    tenant_path = "tenant_id"

    class Meta(TenantOwned.Meta):
        verbose_name = _("anchor of the audit log")
        verbose_name_plural = _("anchors of the audit log")
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "sequence"],
                name="audit_anchor_unique",
                nulls_distinct=False,
            ),
        )

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.first_sequence}–{self.sequence}"
