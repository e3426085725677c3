"""What is counted, and by which rules."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.domains import valid_network
from accounts.models.people import User
from accounts.models.tenants import Team, Tenant
from accounts.tenancy import TenantOwned
from accounts.zones import Clock, valid_zone


def new_site_key() -> str:
    return secrets.token_hex(6)


# The steps of seed 003's funnel before a conversion, in their order.
FUNNEL_STEPS = ("homepage", "vertical", "pricing", "demo")


def funnel_pages() -> dict[str, list[str]]:
    """The paths by step that a site begins with."""
    return {
        "homepage": ["/"],
        "vertical": ["/vertical*", "/solutions*", "/industries*"],
        "pricing": ["/pricing*"],
        "demo": ["/demo*"],
    }


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
    funnel_pages = models.JSONField(
        _("pages of the funnel"),
        default=funnel_pages,
        blank=True,
        help_text=_("The paths that belong to each step; * stands for anything."),
    )
    script_name = models.CharField(
        _("name of the script"),
        max_length=32,
        null=True,
        blank=True,
        unique=True,
        validators=[
            RegexValidator(
                r"^(?!analytics\Z)[a-z0-9][a-z0-9_-]{2,31}\Z",
                _("Use 3 to 32 of a-z, 0-9, - and _; “analytics” is every site's."),
            )
        ],
        help_text=_("The tracker also answers at /js/NAME.js; choose what no blocker lists."),
    )
    reset_at = models.DateTimeField(
        _("reset at"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("What was received before is being erased."),
    )
    delete_at = models.DateTimeField(
        _("to be deleted at"),
        null=True,
        blank=True,
        help_text=_("Until then it counts on, and the deletion can be taken back."),
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


class SiteTransfer(TenantOwned):
    """A site that is offered to the tenant of another person, until they take it or it expires."""

    tenant_path = "site__tenant"
    owner_path = "site__"
    site_path = "site"

    site = models.OneToOneField(Site, models.CASCADE, related_name="transfer")
    email = models.EmailField(_("offered to"))
    offered_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires at"))

    class Meta(TenantOwned.Meta):
        verbose_name = _("transfer of a site")
        verbose_name_plural = _("transfers of sites")

    def __str__(self) -> str:
        return f"{self.site} → {self.email}"
