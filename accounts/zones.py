"""Time zones by their IANA names."""

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


def valid_zone(name: str) -> None:
    """Raise `ValidationError` unless the name is a zone that this machine knows."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValidationError(
            _("“%(name)s” is no time zone. Use a name such as Europe/Berlin."),
            code="unknown_zone",
            params={"name": name},
        ) from None


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """Where a local day begins and ends, in UTC: 23, 24 or 25 hours apart."""
    clock = ZoneInfo(zone)
    start = datetime.combine(day, time(), clock)
    end = datetime.combine(day + timedelta(days=1), time(), clock)
    return start.astimezone(UTC), end.astimezone(UTC)
