"""Numbers as people read them."""

from __future__ import annotations

from django.utils.formats import number_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from analytics.metrics import METRICS, Metric, Number, Unit

MINUS, NARROW_SPACE = "−", "\u202f"


def figure(value: Number | None, unit: Unit, currency: str = "") -> str | None:
    """A metric's value: `12,847`, `41.3 %`, `3.2`, `2m 05s`, `€12.50`; None stays None."""
    if value is None:
        return None
    if unit is Unit.MONEY:
        return money(value, currency)
    if unit is Unit.RATE:
        return f"{number_format(round(float(value) * 100, 1), 1)}{NARROW_SPACE}%"
    if unit is Unit.PER:
        return number_format(round(float(value), 1), 1, force_grouping=True)
    if unit is Unit.SECONDS:
        return duration(round(value))
    return number_format(round(value), 0, force_grouping=True)


def money(value: Number, currency: str) -> str:
    """A sum in its currency as the reader's language writes it, with the currency's own cents."""
    from babel.numbers import format_currency

    return format_currency(value, currency, locale=(get_language() or "en").replace("-", "_"))


def label_of(metric: Metric, currency: str) -> str:
    """A metric's name; that of money says in which currency it is."""
    if metric.unit is not Unit.MONEY:
        return str(metric.label)
    return _("%(name)s in %(currency)s") % {"name": metric.label, "currency": currency}


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
        points = round((float(now) - float(before)) * 100, 1)
        text = number_format(abs(points), 1)
        return _sign(points) + ngettext("%s point", "%s points", 1 if points == 1 else 2) % text
    if not before:
        return _("new") if now else None
    percent = round((float(now) - float(before)) / float(before) * 100)
    return f"{_sign(percent)}{number_format(abs(percent), 0, force_grouping=True)}{NARROW_SPACE}%"


def _sign(number: float) -> str:
    return "+" if number > 0 else MINUS if number < 0 else ""


def direction(now: Number | None, before: Number | None) -> str | None:
    """`up`, `down` or `flat`; None where there is nothing to compare."""
    if now is None or before is None:
        return None
    return "up" if now > before else "down" if now < before else "flat"
