"""What a link profile's numbers say: its links, where people came from, when, and what changed.

A profile's numbers are those of its site. CTR is clicks divided by views of the profile's page, in
percent; `click_rate` is the same ratio from 0 to 1. Nothing here reads raw events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from analytics import names, queries
from analytics.answers import Days, Row
from analytics.asked import compared
from analytics.metrics import Number
from analytics.period import Period
from analytics.questions import Question
from analytics.telling import about, number, percent, period_of, share
from tracking.models import Link, LinkProfile

BASIC = ("clicks", "page_views", "click_rate", "visitors", "clickers", "sessions")
PARTS = ("visitors", "page_views", "clicks", "click_rate")
MOST_VALUES, MOST_LINKS = 10, 1_000
# The sources that link pages live on, by the names that statistics give them.
PLATFORMS = {
    "instagram": ("Instagram", "ig"),
    "tiktok": ("TikTok",),
    "twitter": ("Twitter", "x", "x.com"),
    "facebook": ("Facebook", "fb"),
    "youtube": ("YouTube",),
    "linkedin": ("LinkedIn",),
    "direct": ("",),
}
_PLATFORM_OF = {name.lower(): key for key, known in PLATFORMS.items() for name in known}


@dataclass(frozen=True, slots=True)
class Subject:
    """A profile, the question about its site, and the site's days."""

    profile: LinkProfile
    question: Question
    known: Days

    def totals(self, period: Period) -> dict[str, Number | None]:
        """The basic metrics of a period."""
        asked = self.question
        return queries.totals(asked.scope, asked.site, period, BASIC, self.known).numbers

    def rows(self, dimension: str, limit: int = MOST_VALUES, order: str = "visitors") -> list[Row]:
        """The largest values of a dimension."""
        asked = self.question
        return queries.breakdown(
            asked.scope, asked.site, asked.period, dimension, (*PARTS, "clickers"),
            limit=limit, order=order, known=self.known,
        ).rows  # fmt: skip

    def about(self) -> dict[str, Any]:
        """Profile, site, period and coverage of every answer."""
        profile = self.profile
        told = {"id": profile.pk, "username": profile.username, "title": profile.title}
        coverage = self.known.coverage(self.question.period)
        return {"profile": told, **about(self.question, coverage)}


def basic(found: dict[str, Number | None]) -> dict[str, Any]:
    """Clicks, views and CTR, in the contract's words."""
    return {
        "clicks": found["clicks"],
        "views": found["page_views"],
        "ctr": percent(found["click_rate"], 2),
        "click_rate": found["click_rate"],
        "visitors": found["visitors"],
        "clickers": found["clickers"],
        "visits": found["sessions"],
    }


# --- Links --------------------------------------------------------------------------------------


def links(subject: Subject, totals: dict[str, Number | None]) -> list[dict[str, Any]]:
    """Every link of the profile in its place, and the deleted ones that had clicks.

    A link's CTR divides its clicks by all views of the profile; `share` is its part of all clicks.
    """
    rows = {row.value: row for row in subject.rows("link", MOST_LINKS, "clicks")}
    unknown = totals["clicks"] is None
    shown = [
        link
        for link in subject.profile.links.order_by("position", "pk")
        if link.deleted_at is None or str(link.pk) in rows
    ]
    shown.sort(key=lambda link: link.deleted_at is not None)
    return [_link(link, rows.get(str(link.pk)), totals, unknown) for link in shown]


def _link(
    link: Link, row: Row | None, totals: dict[str, Number | None], unknown: bool
) -> dict[str, Any]:
    none = None if unknown else 0
    clicks = row.numbers["clicks"] if row else none
    rate = share(clicks, totals["page_views"])
    return {
        "id": link.pk,
        "title": link.title,
        "url": link.url,
        "position": link.position,
        "is_active": link.is_active,
        "deleted": link.deleted_at is not None,
        "clicks": clicks,
        "clickers": row.numbers["clickers"] if row else none,
        "ctr": percent(rate, 2),
        "click_rate": rate,
        "share": share(clicks, totals["clicks"]),
    }


# --- Where people came from ---------------------------------------------------------------------


def values(subject: Subject, dimension: str, views: Number | None) -> list[dict[str, Any]]:
    """The largest values of a dimension by visitors, each with its share of the views."""
    name = {"source": names.source, "device": names.device, "country": names.country}[dimension]
    return [
        {
            "value": row.value,
            "name": name(row.value),
            "views": row.numbers["page_views"],
            "visitors": row.numbers["visitors"],
            "clicks": row.numbers["clicks"],
            "ctr": percent(row.numbers["click_rate"], 2),
            "share": share(row.numbers["page_views"], views),
        }
        for row in subject.rows(dimension)
    ]


def platforms(subject: Subject, totals: dict[str, Number | None]) -> list[dict[str, Any]]:
    """The views, visitors and clicks of the platforms that link pages live on, and of the rest."""
    keys = ("page_views", "visitors", "clicks")
    sums: dict[str, dict[str, Any]] = {
        platform: dict.fromkeys(keys, 0) for platform in (*PLATFORMS, "other")
    }
    for row in subject.rows("source", MOST_LINKS):
        into = sums[_PLATFORM_OF.get(row.value.lower(), "other")]
        for key in keys:
            into[key] += row.numbers[key] or 0
    if totals["page_views"] is None:
        return []
    return [
        {
            "platform": platform,
            "views": found["page_views"],
            "visitors": found["visitors"],
            "clicks": found["clicks"],
            "share": share(found["page_views"], totals["page_views"]),
        }
        for platform, found in sums.items()
    ]


# --- The answers --------------------------------------------------------------------------------


def daily(subject: Subject) -> list[dict[str, Any]]:
    """The days of the period; None before the first measured one."""
    period, known = subject.question.period, subject.known
    return [
        {
            "date": part.first,
            "finished": known.finished(part),
            **basic(subject.totals(part)),
        }
        for part in (Period(day, day, period.today) for day in period.dates)
    ]


def profile(subject: Subject) -> dict[str, Any]:
    """Everything about a profile in one answer."""
    totals = subject.totals(subject.question.period)
    views = totals["page_views"]
    return {
        **subject.about(),
        "metrics": basic(totals),
        "links": links(subject, totals),
        "traffic_sources": values(subject, "source", views),
        "devices": values(subject, "device", views),
        "countries": values(subject, "country", views),
        "daily": daily(subject),
    }


def traffic(subject: Subject) -> dict[str, Any]:
    """Where the profile's views came from."""
    totals = subject.totals(subject.question.period)
    return {
        **subject.about(),
        "metrics": basic(totals),
        "platforms": platforms(subject, totals),
        "sources": values(subject, "source", totals["page_views"]),
    }


def quick_stats(subject: Subject) -> dict[str, Any]:
    """The profile at a glance: the period, today, and the link with the most clicks."""
    question = subject.question
    today = Period(question.period.today, question.period.today, question.period.today)
    totals = subject.totals(question.period)
    shown = [link for link in links(subject, totals) if link["clicks"]]
    top = max(shown, key=lambda link: link["clicks"], default=None)
    return {
        **subject.about(),
        **basic(totals),
        "today": basic(subject.totals(today)),
        "top_link": top and {key: top[key] for key in ("id", "title", "url", "clicks", "share")},
    }


def compare(subject: Subject) -> dict[str, Any]:
    """The finished days of the period beside as many before them.

    A change is None where one of the two was not measured, and as long as nothing but today was
    asked for: a part of a day is no match for a whole one.
    """
    period = subject.question.period
    pair = compared(period)
    now, before = pair or (period, period.previous())
    current, previous = basic(subject.totals(now)), basic(subject.totals(before))
    return {
        **subject.about(),
        "current": {"period": period_of(now), "metrics": current},
        "previous": {"period": period_of(before), "metrics": previous},
        "changes": {
            name: change(value, previous[name]) if pair else None for name, value in current.items()
        },
    }


def change(now: Number | None, before: Number | None) -> dict[str, Any] | None:
    """The difference of two numbers, and that in percent; None where one is missing."""
    if now is None or before is None:
        return None
    difference = cast(Any, now) - before  # both are of one metric, so of one kind
    return {
        "absolute": number(round(difference, 6)),
        "percent": percent(float(difference) / float(before)) if before else None,
    }
