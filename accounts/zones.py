"""Time zones by their IANA names, and the clocks by which days are cut."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# Names that are no places: fixed offsets, legacy spellings, and files of the database itself.
_NOT_OFFERED = ("Etc/", "SystemV/", "posix/", "right/", "US/")


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """The zones offered to people: UTC first, then places in alphabetical order."""
    places = {
        name for name in available_timezones() if "/" in name and not name.startswith(_NOT_OFFERED)
    }
    return ("UTC", *sorted(places))


@lru_cache(maxsize=1)
def _known_zones() -> frozenset[str]:
    """The names that PostgreSQL knows as well: no files of the machine such as `localtime`."""
    odd = ("posix", "right/", "SystemV/", "localtime", "Factory")
    return frozenset(name for name in available_timezones() if not name.startswith(odd))


def valid_zone(name: str) -> None:
    """Raise `ValidationError` unless the name is a zone that everything here knows."""
    if name not in _known_zones():
        raise ValidationError(
            _("“%(name)s” is no time zone. Use a name such as Europe/Berlin."),
            code="unknown_zone",
            params={"name": name.encode("utf-8", "backslashreplace").decode()[:80]},
        )


@lru_cache(maxsize=4_096)
def midnight(day: date, zone: str) -> datetime:
    """When a day begins on a clock, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """How the days of a site are cut: its time zone, and the ones it had before.

    `earlier` are (last day, zone) in order. A change takes effect at the next midnight of the old
    clock, and days that were cut are never cut again: the first day on the new clock begins where
    the last one on the old ended, so it has a few hours more or less than others.
    """

    zone: str
    earlier: tuple[tuple[date, str], ...] = ()

    def zone_on(self, day: date) -> str:
        """The time zone of a day."""
        for last, zone in self.earlier:
            if day <= last:
                return zone
        return self.zone

    def bounds(self, day: date) -> tuple[datetime, datetime]:
        """Where a day begins and ends, in UTC: as a rule 23, 24 or 25 hours apart."""
        before = self.zone_on(day - timedelta(days=1)) if self.earlier else self.zone
        return midnight(day, before), midnight(day + timedelta(days=1), self.zone_on(day))

    def date_of(self, at: datetime) -> date:
        """The day that a moment belongs to."""
        first = date.min
        for last, zone in self.earlier:
            if at < midnight(last + timedelta(days=1), zone):
                return max(first, at.astimezone(ZoneInfo(zone)).date())
            first = last + timedelta(days=1)
        return max(first, at.astimezone(ZoneInfo(self.zone)).date())

    def changed(self, zone: str, now: datetime) -> Clock:
        """The clock after a change at `now`."""
        if zone == self.zone:
            return self
        last = self.date_of(now)
        following = last + timedelta(days=1)
        # Half around the world the first new day would end before it began: then a day later.
        if midnight(following + timedelta(days=1), zone) <= midnight(following, self.zone):
            last = following
        if self.earlier and self.earlier[-1][0] >= last:  # the change before has not come true yet
            return Clock(zone, self.earlier)
        return Clock(zone, (*self.earlier, (last, self.zone)))
