"""Organisations, their teams, and who may do what in them."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from accounts.roles import MEMBER_LEVELS, AccessLevel, Role, role_for
from accounts.tenancy import Scope, TenantOwned
from accounts.zones import valid_zone


class Tenant(models.Model):
    """An organisation; all data belong to one."""

    class DateFormat(models.TextChoices):
        ISO = "iso", _("2026-11-23")
        DAY_FIRST = "day_first", _("23/11/2026")
        MONTH_FIRST = "month_first", _("11/23/2026")
        DOTTED = "dotted", _("23.11.2026")
        WORDS = "words", _("23 November 2026")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=200)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[valid_zone]
    )
    date_format = models.CharField(
        _("dates look like"), max_length=16, choices=DateFormat, default=DateFormat.WORDS
    )
    logo_digest = models.CharField(
        max_length=32, blank=True, editable=False, help_text=_("Of its `Logo`; empty: none.")
    )
    colour = models.CharField(
        _("colour"),
        max_length=7,
        blank=True,
        validators=[RegexValidator(r"^#[0-9a-f]{6}\Z", _("Write it like #0e6e86."))],
        help_text=_("Of what is sent and shared in the organisation's name."),
    )
    retention_days = models.PositiveSmallIntegerField(
        _("days that events are kept"),
        default=90,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text=_("Unless a site says otherwise; statistics remain."),
    )
    recipient_domains = ArrayField(
        models.CharField(max_length=253),
        verbose_name=_("domains that mail may go to"),
        size=100,
        default=list,
        blank=True,
        help_text=_("Of reports and invitations, such as example.com; empty: any."),
    )
    suspended_at = models.DateTimeField(_("suspended at"), null=True, blank=True, editable=False)
    delete_at = models.DateTimeField(
        _("to be deleted at"),
        null=True,
        blank=True,
        help_text=_("Until then everything goes on, and the deletion can be taken back."),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("tenant")
        verbose_name_plural = _("tenants")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Logo(TenantOwned):
    """A tenant's picture, as `accounts.pictures` drew it; apart, since tenants are often read."""

    tenant = models.OneToOneField(Tenant, models.CASCADE, primary_key=True, related_name="+")
    picture = models.BinaryField()

    class Meta(TenantOwned.Meta):
        verbose_name = _("logo")
        verbose_name_plural = _("logos")

    def __str__(self) -> str:
        return str(self.tenant_id)


class Team(TenantOwned):
    """Members who see each other's rows."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="teams")
    name = models.CharField(_("name"), max_length=200)

    class Meta(TenantOwned.Meta):
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=["tenant", "name"], name="team_name_unique"),)

    def __str__(self) -> str:
        return self.name


class Membership(TenantOwned):
    """A user in a tenant: what they may do there (role) and whose rows they see (level)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=16, choices=Role, default=Role.VIEWER)
    level = models.CharField(
        _("access level"), max_length=16, choices=AccessLevel, default=AccessLevel.ORGANIZATION
    )
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="memberships"
    )
    suspended_at = models.DateTimeField(_("suspended at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = (
            models.UniqueConstraint(fields=["user", "tenant"], name="membership_unique"),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.tenant} ({self.get_role_display()})"

    def clean(self) -> None:
        if self.team is not None and self.team.tenant_id != self.tenant_id:
            raise ValidationError({"team": _("This team belongs to another tenant.")})
        if self.level not in MEMBER_LEVELS:
            raise ValidationError({"level": _("This level is for staff, who are no members.")})

    def may(self, needed: Role) -> bool:
        """Whether the member may do what `needed` may."""
        return Role(self.role).covers(needed)

    def can(self, permission: str) -> bool:
        """Whether the member has a permission of `accounts.roles.PERMISSIONS`."""
        return self.may(role_for(permission))

    def is_live(self) -> bool:
        """Whether the membership opens anything now: none of person, tenant, itself is stopped."""
        stopped = self.suspended_at or self.tenant.suspended_at
        return stopped is None and self.user.is_active

    def people(self) -> frozenset[int] | None:
        """Ids of the users whose rows the member sees; None: everybody's.

        Without a team the team level falls back to oneself, not to everyone without a team.
        """
        if self.level in (AccessLevel.ORGANIZATION, AccessLevel.ALL):
            return None
        if self.level == AccessLevel.OWN or self.team_id is None:
            return frozenset({self.user_id})
        mates = Membership.objects.for_tenant(self.tenant_id).filter(team_id=self.team_id)
        return frozenset(mates.values_list("user_id", flat=True))

    def scope(self) -> Scope:
        """What the member may read now."""
        in_team = self.level == AccessLevel.TEAM and self.team_id is not None
        return Scope(
            tenant=self.tenant_id,
            people=self.people(),
            teams=frozenset({self.team_id}) if in_team and self.team_id else frozenset(),
        )
