"""What every answer of the API says besides its numbers: whose they are, what they rest on."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from accounts.models import Site
from analytics.answers import Coverage
from analytics.metrics import Number
from analytics.period import Period
from analytics.questions import Question


def site_of(site: Site) -> dict[str, Any]:
    """The site that the numbers are of."""
    return {
        "id": site.pk,
        "key": site.key,
        "name": site.name,
        "kind": site.kind,
        "time_zone": site.time_zone,
        "currency": site.currency,
    }


def period_of(period: Period) -> dict[str, Any]:
    """The days, both ends inclusive, on the site's clock."""
    return {
        "name": period.slug,
        "first": period.first,
        "last": period.last,
        "days": period.days,
        "unfinished": period.unfinished,
    }


def coverage_of(coverage: Coverage) -> dict[str, Any]:
    """What the numbers rest on."""
    return asdict(coverage) | {"sources": list(coverage.sources)}


def about(question: Question, coverage: Coverage) -> dict[str, Any]:
    """Site, period and coverage of an answer."""
    return {
        "site": site_of(question.site),
        "period": period_of(question.period),
        "coverage": coverage_of(coverage),
    }


def number(value: Number | None) -> int | float | str | None:
    """A number as JSON holds it: sums of money are text, so that no cent is lost on the way."""
    if isinstance(value, Decimal):
        return format(round(value, 6).normalize(), "f")
    return value


def numbers(values: dict[str, Number | None]) -> dict[str, int | float | str | None]:
    """Numbers by metric as JSON holds them."""
    return {key: number(value) for key, value in values.items()}


def percent(rate: Number | None, digits: int = 1) -> float | None:
    """A rate from 0 to 1 as percent."""
    return None if rate is None else round(float(rate) * 100, digits)


def share(part: Number | None, whole: Number | None) -> float | None:
    """A part of a whole from 0 to 1; None where there is no whole."""
    return None if part is None or not whole else round(float(part) / float(whole), 4)
