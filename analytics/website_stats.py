"""The numbers of a small website in one answer: people, sources, the funnel, conversions."""

from __future__ import annotations

from typing import Any

from analytics import names, queries
from analytics.answers import Days
from analytics.metrics import Number
from analytics.page_funnel import LAST, PageFunnel, page_funnel
from analytics.questions import Question
from analytics.recent import recent_conversions
from analytics.telling import about, number, numbers, percent, share

MEASURES = ("visitors", "sessions", "page_views", "conversions")
SHOWN = ("visitors", "conversions", "conversion_rate", "views_per_session")
SOURCES = 10


def metrics(question: Question) -> dict[str, Any]:
    """The answer of `/api/metrics`: percent with one decimal, as the contract has it."""
    scope, site, period = question.scope, question.site, question.period
    known = queries.days(scope, site, period.first, period.last)
    totals = queries.totals(scope, site, period, SHOWN, known)
    found = totals.numbers
    pages = found["views_per_session"]
    return {
        "metrics": {
            "total_visitors": found["visitors"],
            "conversions": found["conversions"],
            "conversion_rate": percent(found["conversion_rate"]),
            "avg_session_pages": None if pages is None else round(float(pages), 1),
        },
        "traffic_sources": traffic_sources(question, known, found["visitors"]),
        "funnel_data": funnel_steps(page_funnel(scope, site, period, known)),
        "recent_conversions": recent_conversions(scope, site, period),
        **about(question, totals.coverage),
    }


def traffic_sources(
    question: Question, known: Days, visitors: Number | None
) -> list[dict[str, Any]]:
    """The largest sources by visitors; "" is who came by themselves."""
    scope, site, period = question.scope, question.site, question.period
    found = queries.breakdown(scope, site, period, "source", MEASURES, limit=SOURCES, known=known)
    return [
        {
            "source": row.value or "direct",
            "name": names.source(row.value),
            **numbers(row.numbers),
            "share": share(row.numbers["visitors"], visitors),
        }
        for row in found.rows
    ]


def funnel_steps(funnel: PageFunnel) -> list[dict[str, Any]]:
    """The steps with their rates."""
    return [
        {
            "step": step.key if step.key == LAST else f"{step.key}_views",
            "name": step.label,
            "count": number(step.count),
            "rate": step.rate,
            "step_rate": step.step_rate,
            "paths": list(step.paths),
        }
        for step in funnel.steps
    ]


def funnel(question: Question) -> dict[str, Any]:
    """The answer of `/api/funnel`: five numbers by their names."""
    found = page_funnel(question.scope, question.site, question.period)
    counts = {step["step"]: step["count"] for step in funnel_steps(found)}
    return {
        **counts,
        "funnel_data": funnel_steps(found),
        **about(question, found.coverage),
    }
