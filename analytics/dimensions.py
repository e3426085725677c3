"""What people call each dimension and its values, and which numbers tell something of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import names
from analytics.counting import OTHER
from tracking.models.links import Link

OF_VISITS = (
    "visitors", "page_views", "sessions", "views_per_session", "bounce_rate", "session_seconds",
    "clicks", "clickers", "conversions", "conversion_rate", "revenue",
)  # fmt: skip
OF_PAGES = ("visitors", "page_views", "sessions")
OF_EVENTS = ("visitors", "events", "sessions")


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension: `title` of all its values, `label` of one, `name` of a value.

    `columns` are the metrics that tell something of a value, the first two the most. `coded` says
    that a value is stored as a code which people do not search for: they know its name.
    """

    key: str
    title: Promise
    label: Promise
    name: Callable[[str], str]
    columns: tuple[str, ...] = OF_VISITS
    coded: bool = False


# In the groups in which people look for them.
GROUPS: tuple[tuple[Promise, tuple[Dimension, ...]], ...] = (
    (
        _("Pages"),
        (
            Dimension("page", _("Pages"), _("Page"), names.page, OF_PAGES),
            Dimension("entry_page", _("Entry pages"), _("Entry page"), names.page),
            Dimension("exit_page", _("Exit pages"), _("Exit page"), names.page),
        ),
    ),
    (
        _("Sources"),
        (
            Dimension("source", _("Sources"), _("Source"), names.source),
            Dimension("channel", _("Channels"), _("Channel"), names.channel, coded=True),
            Dimension("campaign", _("Campaigns"), _("Campaign"), names.campaign),
            Dimension("medium", _("Mediums"), _("Medium"), names.medium),
            Dimension("term", _("Terms"), _("Term"), names.term),
            Dimension("content", _("Contents"), _("Content"), names.content),
        ),
    ),
    (
        _("Places"),
        (
            Dimension("country", _("Countries"), _("Country"), names.country, coded=True),
            Dimension("region", _("Regions"), _("Region"), names.place),
            Dimension("city", _("Cities"), _("City"), names.place),
        ),
    ),
    (
        _("Technology"),
        (
            Dimension("device", _("Devices"), _("Device"), names.device, coded=True),
            Dimension("browser", _("Browsers"), _("Browser"), names.place),
            Dimension("os", _("Systems"), _("System"), names.place),
            Dimension("screen", _("Screens"), _("Screen"), names.screen),
            Dimension("language", _("Languages"), _("Language"), names.language, coded=True),
        ),
    ),
    (
        _("Actions"),
        (
            Dimension(
                "event",
                _("Events"),
                _("Event"),
                names.event,
                (*OF_EVENTS, "conversions", "revenue"),
                coded=True,
            ),
            Dimension(
                "link",
                _("Links"),
                _("Link"),
                names.place,
                ("clicks", "click_rate", "clickers"),
                coded=True,
            ),
            Dimension("outbound", _("Outbound links"), _("Outbound link"), names.place, OF_EVENTS),
            Dimension("download", _("Downloads"), _("Download"), names.file, OF_EVENTS),
            Dimension("form", _("Forms"), _("Form"), names.form, OF_EVENTS),
        ),
    ),
    (
        _("Times and money"),
        (
            Dimension(
                "hour",
                _("Hours"),
                _("Hour of the day"),
                names.hour,
                (
                    "visitors",
                    "page_views",
                    "sessions",
                    "events",
                    "clicks",
                    "conversions",
                    "revenue",
                ),
                coded=True,
            ),
            Dimension(
                "currency",
                _("Currencies"),
                _("Currency"),
                names.currency,
                ("visitors", "revenue", "events", "conversions"),
                coded=True,
            ),
        ),
    ),
)
BY_KEY = {dimension.key: dimension for _title, group in GROUPS for dimension in group}


@dataclass(frozen=True, slots=True)
class Label:
    """What a value is called, and what to know about it besides."""

    text: str
    note: str = ""


def labels(scope: Scope, site: Site, dimension: str, values: Iterable[str]) -> dict[str, Label]:
    """What the values of a dimension are called; a link by its title, also a deleted one."""
    found = {value: Label(name_of(dimension, value)) for value in values}
    if dimension != "link":
        return found
    ids = [
        int(value) for value in values if value.isascii() and value.isdigit() and len(value) < 10
    ]
    links = Link.objects.visible_to(scope).filter(profile__site=site, pk__in=ids) if ids else ()
    for link in links:
        note = gettext("deleted") if link.deleted_at else ""
        found[str(link.pk)] = Label(link.title, note)
    return found


def name_of(dimension: str, value: str) -> str:
    """What people call a value, as far as it can be told without asking anything."""
    if value == OTHER:
        return gettext("Other")
    if dimension == "link":
        return gettext("Link %(number)s") % {"number": value}
    return BY_KEY[dimension].name(value)
