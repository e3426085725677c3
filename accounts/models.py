"""Who uses LinkPro, what is theirs, and what they did."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.domains import valid_network
from accounts.roles import AccessLevel, Role, TokenScope
from accounts.tenancy import Scope, TenantOwned
from accounts.zones import Clock, valid_zone


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **values: Any) -> User:
        """A person who may sign in; the address is kept in lower case."""
        user = self.model(email=email.strip().lower(), **values)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **values: Any) -> User:
        """A person of the installation's staff, for `manage.py createsuperuser`."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **values)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who logs in. Visitors and customers are no users."""

    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(
        _("staff"), default=False, help_text=_("May sign in to the admin of the installation.")
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = (models.UniqueConstraint(Lower("email"), name="user_email_unique"),)

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        self.email = self.email.strip().lower()

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email


class Tenant(models.Model):
    """An organisation; all data belong to one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=200)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[valid_zone]
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("tenant")
        verbose_name_plural = _("tenants")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


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

    def may(self, needed: Role) -> bool:
        """Whether the member may do what `needed` may."""
        return Role(self.role).covers(needed)

    def people(self) -> frozenset[int] | None:
        """Ids of the users whose rows the member sees; None: everybody's.

        Without a team the team level falls back to oneself, not to everyone without a team.
        """
        if self.level == AccessLevel.ORGANIZATION:
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


def new_site_key() -> str:
    return secrets.token_hex(6)


class Site(TenantOwned):
    """Something that is counted: a web site, a link-in-bio profile, or a GA4 property."""

    class Kind(models.TextChoices):
        WEB = "web", _("Web site")
        BIO = "bio", _("Link in bio")
        GA4 = "ga4", _("GA4 property")

    class Addresses(models.TextChoices):
        NONE = "none", _("Do not keep them")
        TRUNCATED = "truncated", _("Keep their beginning")
        FULL = "full", _("Keep them whole")

    owner_path = ""
    site_path = "pk"

    id = models.AutoField(primary_key=True)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="sites")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.WEB)
    name = models.CharField(_("name"), max_length=200)
    key = models.CharField(
        _("public key"), max_length=32, unique=True, default=new_site_key, editable=False
    )
    domains = ArrayField(
        models.CharField(max_length=253),
        verbose_name=_("domains"),
        default=list,
        blank=True,
        help_text=_("Hosts of the site's pages, such as example.com and www.example.com."),
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[valid_zone]
    )
    earlier_zones = models.JSONField(
        _("earlier time zones"),
        default=list,
        blank=True,
        editable=False,
        help_text=_("Pairs of the last day and its time zone, in order."),
    )
    currency = models.CharField(
        _("currency"),
        max_length=3,
        default="EUR",
        validators=[RegexValidator(r"^[A-Z]{3}\Z", _("Write it like EUR."))],
        help_text=_("What revenue is summed in; sums in other currencies are listed apart."),
    )
    addresses = models.CharField(
        _("visitors' addresses"),
        max_length=16,
        choices=Addresses,
        default=Addresses.NONE,
        help_text=_("What is stored of them; a country and a visitor of the day come of them all."),
    )
    address_days = models.PositiveSmallIntegerField(
        _("days that addresses are kept"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
    )
    excluded_networks = ArrayField(
        models.CharField(max_length=43, validators=[valid_network]),
        verbose_name=_("excluded networks"),
        size=100,
        default=list,
        blank=True,
        help_text=_("Your own addresses, such as 203.0.113.7 or 2001:db8::/48: not counted."),
    )
    excluded_paths = ArrayField(
        models.CharField(max_length=512),
        verbose_name=_("excluded paths"),
        size=100,
        default=list,
        blank=True,
        help_text=_("Pages that are not counted, such as /admin/*; * stands for anything."),
    )
    own_hosts_only = models.BooleanField(
        _("own domains only"),
        default=False,
        help_text=_("Refuse events of pages on other hosts than the site's domains."),
    )
    owner = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        ordering = ("name", "id")
        indexes = (GinIndex(fields=["domains"], name="site_domains"),)

    def __str__(self) -> str:
        return self.name

    @property
    def clock(self) -> Clock:
        """How the site's days are cut."""
        earlier = ((date.fromisoformat(last), zone) for last, zone in self.earlier_zones)
        return Clock(self.time_zone, tuple(earlier))

    def local(self, at: datetime) -> datetime:
        """A moment as the site's clock shows it on that day."""
        return at.astimezone(ZoneInfo(self.clock.zone_on(self.clock.date_of(at))))

    def keep_days_of(self, before: Site, now: datetime) -> None:
        """After a change of `time_zone`: let it take effect at the next midnight of the old one."""
        clock = before.clock.changed(self.time_zone, now)
        self.earlier_zones = [[last.isoformat(), zone] for last, zone in clock.earlier]

    def clean(self) -> None:
        if self.team is not None and self.team.tenant_id != self.tenant_id:
            raise ValidationError({"team": _("This team belongs to another tenant.")})


TOKEN_PREFIX = "lp_"  # noqa: S105  a public prefix, not a secret


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
        return self.revoked_at is None and not expired and self.member.user.is_active

    def scope(self) -> Scope:
        """What the token's maker may read now, narrowed to the token's sites."""
        scope = self.member.scope()
        if self.site_ids is None:
            return scope
        return Scope(scope.tenant, scope.people, scope.teams, sites=frozenset(self.site_ids))


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
