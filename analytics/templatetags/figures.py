"""Figures as templates need them: lines for inline SVG, drawn before (or without) any script."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template

from analytics.metrics import METRICS, Metric

register = template.Library()

WIDTH, HEIGHT = 100.0, 30.0
Values = Sequence[float | None]


@register.filter
def lines(values: Values | None) -> list[str]:
    """The numbers as polylines in a box of 100 by 30, a run without gap each; zero at its foot."""
    return polylines(values or [], highest(values or []))


@register.simple_tag
def chart_lines(chart: Mapping[str, Any]) -> dict[str, list[str]]:
    """The polylines of a chart's `current` and `previous` numbers, both on one scale."""
    series = {name: chart.get(name) or [] for name in ("current", "previous")}
    top = highest([*series["current"], *series["previous"]])
    return {name: polylines(values, top) for name, values in series.items()}


def highest(values: Iterable[float | None]) -> float:
    """The largest number, and 1 where none is larger than zero."""
    return max((value for value in values if value), default=0) or 1.0


def polylines(values: Values, top: float) -> list[str]:
    """`points` attributes for an SVG box of 100 by 30; a number between two gaps is a dot."""
    step = WIDTH / max(len(values) - 1, 1)
    runs: list[list[str]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{index * step:.2f},{HEIGHT - value / top * HEIGHT:.2f}")
    return [" ".join(run if len(run) > 1 else run * 2) for run in runs if run]


@register.simple_tag
def metric_helps() -> list[Metric]:
    """Every metric of the catalogue, for the texts that say what each means."""
    return list(METRICS.values())
