"""Numbers as people read them."""

from __future__ import annotations

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.metrics import METRICS, Number, Unit

MINUS, NARROW_SPACE = "−", "\u202f"


def figure(value: Number | None, unit: Unit) -> str | None:
    """A metric's value: `12,847`, `41.3 %`, `3.2`, `2m 05s`; None stays None."""
    if value is None:
        return None
    if unit is Unit.RATE:
        return f"{number_format(round(value * 100, 1), 1)}{NARROW_SPACE}%"
    if unit is Unit.PER:
        return number_format(round(value, 1), 1, force_grouping=True)
    if unit is Unit.SECONDS:
        return duration(round(value))
    return number_format(round(value), 0, force_grouping=True)


def duration(seconds: int) -> str:
    """`48s`, `2m 05s`, `1h 02m`."""
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m {seconds % 60:02}s"
    return f"{seconds // 3600}h {seconds % 3600 // 60:02}m"


def change_text(key: str, now: Number | None, before: Number | None) -> str | None:
    """The difference as people say it: percent, or percentage points of a rate."""
    if now is None or before is None:
        return None
    if METRICS[key].unit is Unit.RATE:
        points = round((now - before) * 100, 1)
        text = number_format(abs(points), 1)
        return _sign(points) + ngettext("%s point", "%s points", 1 if points == 1 else 2) % text
    if not before:
        return _("new") if now else None
    percent = round((now - before) / before * 100)
    return f"{_sign(percent)}{number_format(abs(percent), 0, force_grouping=True)}{NARROW_SPACE}%"


def _sign(number: float) -> str:
    return "+" if number > 0 else MINUS if number < 0 else ""


def direction(now: Number | None, before: Number | None) -> str | None:
    """`up`, `down` or `flat`; None where there is nothing to compare."""
    if now is None or before is None:
        return None
    return "up" if now > before else "down" if now < before else "flat"
