"""Days and moments in templates; see `accounts.dates`."""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import dates

register = template.Library()


@register.filter
def day(value: date | None) -> str:
    """`{{ at|day }}`: 23 November 2026."""
    return dates.day(value) if value else ""


@register.filter
def short_day(value: date | None) -> str:
    """`{{ at|short_day }}`: 23 Nov."""
    return dates.short_day(value) if value else ""


@register.filter
def moment(at: datetime | None, clock: str = "H:i") -> str:
    """`{{ at|moment }}`: 23 November 2026, 14:05."""
    return dates.moment(at, clock) if at else ""


@register.simple_tag
def span(first: date, last: date) -> str:
    """`{% span period.first period.last %}`: 14–20 November 2026."""
    return dates.span(first, last)


@register.simple_tag
def timestamp(at: datetime | None) -> SafeString:
    """`{% timestamp at %}`: a `<time>` whose title names the zone; nothing where there is none."""
    if at is None:
        return SafeString("")
    zone = dates.reader().zone
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), zone, dates.moment(at)
    )


@register.simple_tag
def reader_zone() -> str:
    """The zone that moments on this page are shown in, for where it matters."""
    return dates.reader().zone.replace("_", " ")
