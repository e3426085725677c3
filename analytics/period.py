"""A stretch of whole days on the clock of a site."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from accounts import dates
from accounts.zones import Clock

LONGEST_DAYS = 1_100


class InvalidPeriod(ValueError):
    """The dates make no period; the message says why to people."""


class Interval(StrEnum):
    """The steps of a series."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


MOST_DAILY = 92
MOST_WEEKLY = 200


def _last_of(interval: Interval, day: date) -> date:
    """The last day of the week or month that the day is in, or the day itself."""
    if interval == Interval.WEEK:
        return day + timedelta(days=6 - day.weekday())
    if interval == Interval.MONTH:
        return months_before(day.replace(day=1), -1) - timedelta(days=1)
    return day


def months_before(month: date, n: int) -> date:
    """The first day of the month `n` months earlier."""
    index = month.year * 12 + month.month - 1 - n
    return date(index // 12, index % 12 + 1, 1)


def a_year_before(day: date) -> date:
    """The same day a year earlier; the 28th for the 29th of February."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` to `last`, both inclusive, and the site's own today."""

    first: date
    last: date
    today: date
    slug: str = "custom"

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    @property
    def unfinished(self) -> bool:
        """Whether a part of it is still to come, or still coming in."""
        return self.last >= self.today

    @property
    def dates(self) -> list[date]:
        """Every day of it, in order."""
        return [self.first + timedelta(days=step) for step in range(self.days)]

    def finished(self) -> Period | None:
        """Its days that are over, or None when there are none."""
        if not self.unfinished:
            return self
        yesterday = self.today - timedelta(days=1)
        if yesterday < self.first:
            return None
        return Period(self.first, yesterday, self.today)

    def previous(self) -> Period:
        """What it is compared with: the same days of the month or year before, or as many before.

        A calendar month is compared with the one before it whole, this month with its beginning.
        """
        if self.slug == "12mo":
            return Period(months_before(self.first, 12), a_year_before(self.last), self.today)
        if self.slug in ("month", "last_month"):
            first, last = months_before(self.first, 1), self.first - timedelta(days=1)
            if self.slug == "month":
                last = min(last, first + timedelta(days=self.days - 1))
            return Period(first, last, self.today)
        return Period(
            self.first - timedelta(days=self.days), self.first - timedelta(days=1), self.today
        )

    @property
    def interval(self) -> Interval:
        """The steps in which it is drawn: fine enough to see, few enough to read."""
        if self.days == 1:
            return Interval.HOUR
        if self.days <= MOST_DAILY:
            return Interval.DAY
        return Interval.WEEK if self.days <= MOST_WEEKLY else Interval.MONTH

    def parts(self, interval: Interval) -> list[Period]:
        """Its days, calendar weeks (from Monday) or months, cut at its own ends."""
        parts, first = [], self.first
        while first <= self.last:
            last = min(_last_of(interval, first), self.last)
            parts.append(Period(first, last, self.today))
            first = last + timedelta(days=1)
        return parts

    @property
    def label(self) -> str:
        """The dates as people read them: `14–20 November 2026`."""
        return dates.span(self.first, self.last)


PRESETS = {
    "today": _("Today"),
    "yesterday": _("Yesterday"),
    "7d": _("Last 7 days"),
    "28d": _("Last 28 days"),
    "30d": _("Last 30 days"),
    "month": _("This month"),
    "last_month": _("Last month"),
    "90d": _("Last 90 days"),
    "12mo": _("Last 12 months"),
}
DEFAULT_PRESET = "7d"


def preset(slug: str, now: datetime, clock: Clock) -> Period:
    """The named period on that clock; an unknown name is the default one."""
    today = clock.date_of(now)
    slug = slug if slug in PRESETS else DEFAULT_PRESET
    first_of_month = today.replace(day=1)
    if slug == "yesterday":
        yesterday = today - timedelta(days=1)
        return Period(yesterday, yesterday, today, slug)
    if slug == "last_month":
        last = first_of_month - timedelta(days=1)
        return Period(last.replace(day=1), last, today, slug)
    if slug == "month":
        return Period(first_of_month, today, today, slug)
    if slug == "12mo":
        return Period(months_before(first_of_month, 11), today, today, slug)
    days = 1 if slug == "today" else int(slug.removesuffix("d"))
    return Period(today - timedelta(days=days - 1), today, today, slug)


def custom(first: str, last: str, now: datetime, clock: Clock) -> Period:
    """The period between two dates as `2026-11-01`. Raises `InvalidPeriod`."""
    today = clock.date_of(now)
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise InvalidPeriod(_("Write both dates as year-month-day, such as 2026-11-01.")) from None
    if end < begin:
        raise InvalidPeriod(_("The last day is before the first one."))
    if begin.year < 2000 or end > today:
        raise InvalidPeriod(_("Choose days between the year 2000 and today."))
    if (end - begin).days >= LONGEST_DAYS:
        raise InvalidPeriod(_("Choose at most three years."))
    return Period(begin, end, today)
