"""What happened. The tables of `Event`, `EventKey` and `Session` are partitioned by month and made
by SQL (see the first migration); no ORM stands on the way of an event into them."""

from __future__ import annotations

from enum import IntFlag

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from accounts.tenancy import TenantOwned


class OfSite(TenantOwned):
    """A row that follows its site. The database knows no foreign key: rows come in by COPY."""

    tenant_path = "site__tenant"
    owner_path = "site__"
    site_path = "site"

    site = models.ForeignKey(Site, models.DO_NOTHING, related_name="+", db_constraint=False)

    class Meta(TenantOwned.Meta):
        abstract = True


class EventFlag(IntFlag):
    """What to know about an event besides what it says."""

    CLOCK_CLAMPED = 1  # its time was impossible: it is stored at its arrival
    CLOCK_CORRECTED = 2  # its time was moved by the difference between the two clocks
    AUTOMATED = 4  # no person: a crawler, a prefetch, a browser under remote control
    SPEAKS_FOR = 8  # a program sent it and said for whom: its own agent does not make it a bot


class Agent(models.Model):
    """A browser's own description, kept once. Events point here by number."""

    id = models.AutoField(primary_key=True)
    text = models.CharField(_("user agent"), max_length=512)
    browser = models.CharField(_("browser"), max_length=64, blank=True)
    os = models.CharField(_("system"), max_length=64, blank=True)
    device = models.CharField(_("device"), max_length=16, blank=True)
    bot = models.CharField(
        _("bot"), max_length=64, blank=True, help_text=_("Its class; empty for people.")
    )
    lists = models.CharField(
        _("lists"), max_length=64, help_text=_("Versions of the lists it was judged by.")
    )
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    seen_on = models.DateField(_("last seen"), db_default=Now())

    class Meta:
        verbose_name = _("user agent")
        verbose_name_plural = _("user agents")
        constraints = (models.UniqueConstraint(fields=["text"], name="agent_unique"),)

    def __str__(self) -> str:
        return self.text


class Event(OfSite):
    """One thing that happened: a page view, a click, a conversion, or what a client names."""

    pk = models.CompositePrimaryKey("site_id", "event_id")
    event_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    name = models.TextField()
    visitor = models.BigIntegerField(null=True)
    session = models.BigIntegerField(null=True)
    agent = models.ForeignKey(
        Agent, models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    flags = models.SmallIntegerField(default=0)
    ip = models.GenericIPAddressField(null=True)
    host = models.TextField(null=True)
    path = models.TextField(null=True)
    title = models.TextField(null=True)
    link_id = models.IntegerField(null=True)
    referrer_host = models.TextField(null=True)
    source = models.TextField(null=True)
    medium = models.TextField(null=True)
    campaign = models.TextField(null=True)
    term = models.TextField(null=True)
    content = models.TextField(null=True)
    channel = models.TextField(null=True)
    click_id = models.TextField(null=True)
    country = models.TextField(null=True)
    region = models.TextField(null=True)
    city = models.TextField(null=True)
    device = models.TextField(null=True)
    browser = models.TextField(null=True)
    os = models.TextField(null=True)
    language = models.TextField(null=True)
    screen = models.TextField(null=True)
    category = models.TextField(null=True)
    action = models.TextField(null=True)
    label = models.TextField(null=True)
    value = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    currency = models.TextField(null=True)
    props = models.JSONField(null=True)
    import_source = models.TextField(null=True)

    class Meta(OfSite.Meta):
        managed = False

    def __str__(self) -> str:
        return f"{self.name} {self.path or ''} at {self.occurred_at}"


class EventKey(OfSite):
    """The ids already counted: what makes a repeated event count once."""

    pk = models.CompositePrimaryKey("site_id", "event_id")
    event_id = models.UUIDField()
    received_on = models.DateField()

    class Meta(OfSite.Meta):
        managed = False

    def __str__(self) -> str:
        return f"{self.site_id} {self.event_id}"


class Session(OfSite):
    """A visit of one visitor on one day of the site's clock, made by the day's rebuild."""

    pk = models.CompositePrimaryKey("site_id", "date", "key")
    date = models.DateField()
    key = models.BigIntegerField()
    visitor = models.BigIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    entry_page = models.TextField(null=True)
    exit_page = models.TextField(null=True)
    source = models.TextField(null=True)
    medium = models.TextField(null=True)
    campaign = models.TextField(null=True)
    term = models.TextField(null=True)
    content = models.TextField(null=True)
    channel = models.TextField(null=True)
    country = models.TextField(null=True)
    region = models.TextField(null=True)
    city = models.TextField(null=True)
    device = models.TextField(null=True)
    browser = models.TextField(null=True)
    os = models.TextField(null=True)
    language = models.TextField(null=True)
    screen = models.TextField(null=True)
    page_views = models.IntegerField()
    events = models.IntegerField()
    clicks = models.IntegerField()
    conversions = models.IntegerField()
    duration_seconds = models.IntegerField()
    bounced = models.BooleanField()
    continued = models.BooleanField(default=False)

    class Meta(OfSite.Meta):
        managed = False

    def __str__(self) -> str:
        return f"{self.site_id} {self.date} {self.key}"


class DirtyDay(OfSite):
    """A mark: the raw events of this day have changed, its statistics must be made anew.

    Append-only and without a unique constraint, so that marking never waits for a rebuild.
    """

    id = models.BigAutoField(primary_key=True)
    date = models.DateField(_("date"))
    marked_at = models.DateTimeField(_("marked at"), db_default=Now())

    class Meta(OfSite.Meta):
        verbose_name = _("dirty day")
        verbose_name_plural = _("dirty days")
        indexes = (models.Index(fields=["site", "date"], name="dirtyday_by_day"),)

    def __str__(self) -> str:
        return f"{self.site_id} {self.date}"


class Outcome(TenantOwned):
    """How many events of an hour ended how: stored, duplicate, bot, or refused for a reason.

    Appended per batch, folded into one row per site, hour and reason from time to time. A refused
    event that names no known site has none.
    """

    tenant_path = "site__tenant"
    owner_path = "site__"
    site_path = "site"

    id = models.BigAutoField(primary_key=True)
    site = models.ForeignKey(
        Site, models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    hour = models.DateTimeField(_("hour"))
    reason = models.CharField(_("outcome"), max_length=64)
    n = models.BigIntegerField(_("events"))

    class Meta(TenantOwned.Meta):
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        indexes = (models.Index(fields=["site", "hour"], name="outcome_by_hour"),)

    def __str__(self) -> str:
        return f"{self.site_id} {self.hour} {self.reason}: {self.n}"


class Rejected(TenantOwned):
    """A sample of the events that were refused for a reason in an hour, without what is personal.

    All are counted by `Outcome`; a few are kept, so that people see what is wrong with them and can
    send them again once the reason is gone.
    """

    tenant_path = "site__tenant"
    owner_path = "site__"
    site_path = "site"

    id = models.BigAutoField(primary_key=True)
    site = models.ForeignKey(
        Site, models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    hour = models.DateTimeField(_("hour"))
    reason = models.CharField(_("reason"), max_length=64)
    page = models.CharField(_("host of the page"), max_length=253, blank=True)
    sample = models.TextField(_("what came, redacted"))
    size = models.IntegerField(_("size in bytes"))
    received_at = models.DateTimeField(_("received at"), db_default=Now())
    replayed_at = models.DateTimeField(_("sent again at"), null=True, blank=True)
    outcome = models.CharField(_("outcome then"), max_length=64, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("rejected event")
        verbose_name_plural = _("rejected events")
        indexes = (
            models.Index(fields=["hour", "reason"], name="rejected_by_hour"),
            models.Index(fields=["site"], name="rejected_by_site"),
        )

    def __str__(self) -> str:
        return f"{self.reason} {self.received_at}"
