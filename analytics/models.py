"""What the events mean, day by day."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from accounts.tenancy import TenantOwned
from tracking.models.events import OfSite


class SiteDay(TenantOwned):
    """The state of one derived day: everything derived compares its version."""

    tenant_path = "site__tenant"
    owner_path = "site__"
    site_path = "site"

    site = models.ForeignKey(Site, models.CASCADE, related_name="+")
    date = models.DateField(_("date"))
    zone = models.CharField(_("time zone"), max_length=64)
    currency = models.CharField(
        _("currency"),
        max_length=3,
        blank=True,
        default="",
        help_text=_("What its revenue is summed in; empty where revenue was not counted yet."),
    )
    version = models.BigIntegerField(_("version"), default=0)
    rebuilt_at = models.DateTimeField(_("rebuilt at"))
    cost_ms = models.IntegerField(_("cost in ms"), default=0)
    sealed_at = models.DateTimeField(
        _("sealed at"),
        null=True,
        blank=True,
        help_text=_("Its rare values are folded, and it is never made anew."),
    )
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    drift = models.IntegerField(
        _("drift"),
        null=True,
        blank=True,
        help_text=_("Rows that differed from a fresh count at the last check; must be 0."),
    )

    class Meta(TenantOwned.Meta):
        verbose_name = _("day of a site")
        verbose_name_plural = _("days of sites")
        constraints = (models.UniqueConstraint(fields=["site", "date"], name="siteday_unique"),)

    def __str__(self) -> str:
        return f"{self.site_id} {self.date} v{self.version}"


class DailyStat(OfSite):
    """Counts of one site, day and value of a dimension; dimension "" is the day's total.

    Partitioned by month, made and replaced by `analytics.rollup` only. `bounces` and
    `duration_seconds` belong to visits, so they are NULL where a row counts single events.
    `revenue` is in the day's currency, in rows of the dimension `currency` in that row's own; NULL
    in rows that are older than the column. The column has no bounds, as an event's value has none
    that a sum could not exceed.
    """

    pk = models.CompositePrimaryKey("site_id", "dimension", "date", "value")
    date = models.DateField()
    dimension = models.TextField()
    value = models.TextField()
    visitors = models.BigIntegerField()
    sessions = models.BigIntegerField()
    page_views = models.BigIntegerField()
    events = models.BigIntegerField()
    clicks = models.BigIntegerField()
    clickers = models.BigIntegerField()
    conversions = models.BigIntegerField()
    bounces = models.BigIntegerField(null=True)
    duration_seconds = models.BigIntegerField(null=True)
    revenue = models.DecimalField(max_digits=40, decimal_places=10, null=True)

    class Meta(OfSite.Meta):
        managed = False

    def __str__(self) -> str:
        return f"{self.site_id} {self.date} {self.dimension}={self.value}"


class ImportedDay(OfSite):
    """Counts that another tool made, of a day before the site's first day here.

    As `DailyStat`, and NULL is what that tool does not tell. Written by `analytics.imported` only.
    """

    date = models.DateField(_("date"))
    dimension = models.CharField(_("dimension"), max_length=32, blank=True)
    value = models.TextField(_("value"), blank=True)
    source = models.CharField(_("source"), max_length=64, help_text=_("The tool it came from."))
    imported_at = models.DateTimeField(_("imported at"))
    visitors = models.BigIntegerField(_("visitors"), null=True)
    sessions = models.BigIntegerField(_("visits"), null=True)
    page_views = models.BigIntegerField(_("page views"), null=True)
    events = models.BigIntegerField(_("events"), null=True)
    clicks = models.BigIntegerField(_("clicks"), null=True)
    clickers = models.BigIntegerField(_("visitors who clicked"), null=True)
    conversions = models.BigIntegerField(_("conversions"), null=True)
    bounces = models.BigIntegerField(_("bounces"), null=True)
    duration_seconds = models.BigIntegerField(_("duration in seconds"), null=True)
    revenue = models.DecimalField(_("revenue"), max_digits=40, decimal_places=10, null=True)
    currency = models.CharField(_("currency"), max_length=3)
    dimensions = ArrayField(
        models.CharField(max_length=32),
        verbose_name=_("dimensions"),
        default=list,
        help_text=_("Of a day's total: what else the tool tells of the day."),
    )

    class Meta(OfSite.Meta):
        verbose_name = _("imported day")
        verbose_name_plural = _("imported days")
        constraints = (
            models.UniqueConstraint(
                fields=["site", "dimension", "date", "value", "source"], name="importedday_unique"
            ),
        )

    def __str__(self) -> str:
        return f"{self.site_id} {self.date} {self.dimension}={self.value} ({self.source})"
