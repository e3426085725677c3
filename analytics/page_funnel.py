"""The funnel of a site's pages: how often each step's pages were opened, and the conversions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from accounts.models.sites import FUNNEL_STEPS
from accounts.tenancy import Scope
from analytics import queries
from analytics.answers import Coverage, Days
from analytics.breakdowns import rows_of
from analytics.metrics import Number
from analytics.period import Period

LABELS = {
    "homepage": _("Homepage"),
    "vertical": _("Vertical pages"),
    "pricing": _("Pricing"),
    "demo": _("Demo"),
    "conversions": _("Conversions"),
}
LAST = "conversions"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its pages, how often they were opened, and that as parts of earlier steps.

    `count` is None where it was not measured or the site names no pages for the step. A rate may
    pass 1: pages are counted, not people, and not everybody begins at the first step.
    """

    key: str
    paths: tuple[str, ...]
    count: Number | None
    rate: float | None
    step_rate: float | None

    @property
    def label(self) -> str:
        """The step's name for people."""
        return str(LABELS[self.key])


@dataclass(frozen=True, slots=True)
class PageFunnel:
    """The steps in their order, the conversions last."""

    steps: tuple[Step, ...]
    coverage: Coverage

    @property
    def configured(self) -> bool:
        """Whether every step has pages."""
        return all(step.paths for step in self.steps if step.key != LAST)


def matching(paths: Sequence[str]) -> Q:
    """The values that one of the paths stands for; `*` in it stands for anything."""
    found = Q(value__in=[path for path in paths if "*" not in path])
    for path in paths:
        if path.endswith("*") and path.count("*") == 1:
            found |= Q(value__startswith=path[:-1])
        elif "*" in path:
            found |= Q(value__regex="^" + ".*".join(map(re.escape, path.split("*"))) + "$")
    return found


def _views(
    scope: Scope, site: Site, period: Period, known: Days, paths: dict[str, tuple[str, ...]]
) -> dict[str, int | None]:
    """The page views of each step's pages; None where one of their rows does not tell."""
    asked: dict[str, Any] = {}
    for step, found in paths.items():
        match = matching(found)
        asked[f"{step}_sum"] = Sum("page_views", filter=match)
        asked[f"{step}_told"] = Count("page_views", filter=match)
        asked[f"{step}_rows"] = Count("value", filter=match)
    tables = rows_of(scope, site, period, "page", known)
    counted = [rows.aggregate(**asked) for rows in tables]
    return {step: _together(step, counted) for step in paths}


def _together(step: str, counted: list[dict[str, Any]]) -> int | None:
    if any(sums[f"{step}_told"] != sums[f"{step}_rows"] for sums in counted):
        return None
    return sum(sums[f"{step}_sum"] or 0 for sums in counted)


def page_funnel(scope: Scope, site: Site, period: Period, known: Days | None = None) -> PageFunnel:
    """The steps of the period, from statistics.

    `known` are the days of the same question where the caller has read them already.
    """
    known = known or queries.days(scope, site, period.first, period.last)
    rules = {step: tuple(site.funnel_pages.get(step) or ()) for step in FUNNEL_STEPS}
    counts: dict[str, Number | None] = dict.fromkeys((*FUNNEL_STEPS, LAST))
    coverage = known.coverage(period, "page")
    if coverage.since is not None:
        named = {step: paths for step, paths in rules.items() if paths}
        counts |= _views(scope, site, period, known, named) if named else {}
    counts[LAST] = queries.totals(scope, site, period, ["conversions"], known).numbers[LAST]
    return PageFunnel(_steps(counts, rules), coverage)


def _steps(counts: dict[str, Number | None], rules: dict[str, tuple[str, ...]]) -> tuple[Step, ...]:
    first = next((count for count in counts.values() if count is not None), None)
    steps, before = [], None
    for key, count in counts.items():
        steps.append(
            Step(key, rules.get(key, ()), count, _rate(count, first), _rate(count, before))
        )
        before = count if count is not None else before
    return tuple(steps)


def _rate(part: Number | None, whole: Number | None) -> float | None:
    return None if part is None or not whole else round(float(part) / float(whole), 4)
