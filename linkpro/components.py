"""Every token and component of the look on one page, with sample data: for developers."""

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from analytics import heat_map, world_map

COLOURS = [
    "page",
    "surface",
    "sunken",
    "line",
    "line-strong",
    "field-line",
    "text",
    "muted",
    "accent",
    "accent-strong",
    "accent-soft",
    "bar",
    "good",
    "good-soft",
    "warn",
    "warn-soft",
    "bad",
    "bad-soft",
    "chart-current",
    "chart-fill",
    "chart-previous",
    "heat-1",
    "heat-2",
    "heat-3",
    "heat-4",
    "heat-5",
]
SNIPPET = '<script defer src="https://stats.example.org/analytics.js" data-site="lp_demo"></script>'
FIRST, LAST = date(2025, 11, 15), date(2025, 11, 21)


class SampleForm(forms.Form):
    """One field of each kind, one of them wrong."""

    name = forms.CharField(label="Name", help_text="As people call the website.")
    domain = forms.CharField(label="Domain")
    time_zone = forms.ChoiceField(
        label="Time zone", choices=[("Europe/Berlin", "Europe/Berlin"), ("UTC", "UTC")]
    )
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    public = forms.BooleanField(
        label="Anybody may see the numbers", required=False, help_text="Without signing in."
    )


def components(request: HttpRequest) -> HttpResponse:
    """The page; the very partials of the real pages, so that it cannot drift from them."""
    return render(request, "components.html", sample_context())


def sample_context() -> dict[str, Any]:
    form = SampleForm({"name": "Example shop", "domain": "", "time_zone": "UTC"})
    return {
        **sample_report(),
        "colours": COLOURS,
        "form": form,
        "snippet": SNIPPET,
        "received_url": "",
        "first_event": {"path": "/pricing", "at": datetime(2025, 11, 21, 14, 3, 27, tzinfo=UTC)},
        "sites": sample_sites(),
        "group": sample_group(),
        "ask": {"sort": "visitors"},
        "sort_urls": dict.fromkeys(("name", "visitors", "change", "second", "today"), "#main"),
    }


def sample_report() -> dict[str, Any]:
    """What analytics/overview.html gets, in the shapes its view gives."""
    return {
        "site": {
            "name": "Example shop",
            "key": "lp_demo",
            "domains": ["shop.example.org", "example.org"],
            "time_zone": "Europe/Berlin",
        },
        "received": True,
        "period": {
            "slug": "7d",
            "label": "Last 7 days",
            "first": FIRST,
            "last": LAST,
            "unfinished": True,
        },
        "periods": sample_periods(),
        "period_form": {"first": FIRST, "last": LAST, "error": ""},
        "comparing": {
            "label": "Period before",
            "choices": [
                {"label": label, "url": f"?compare={index}", "current": index == 0}
                for index, label in enumerate(
                    ["Period before", "Same days a year before", "Nothing"]
                )
            ],
            "first": FIRST - timedelta(days=7),
            "last": LAST - timedelta(days=7),
        },
        "compared_with": "8–14 November",
        "chips": [{"text": "Country is France", "url": "?"}],
        "clear_url": "?",
        "filter_form": {
            "groups": [{"title": "Places", "dimensions": [("country", "Country")]}],
            "operators": [("is", "is"), ("is_not", "is not")],
            "suggestions_url": "",
        },
        "live": 3,
        "live_url": "",
        "week": sample_week(),
        "map": sample_map(),
        "numbers": sample_numbers(),
        "chart": sample_chart(),
        "chart_rows": sample_rows(),
        "panels": sample_panels(),
    }


def sample_periods() -> list[dict[str, Any]]:
    labels = ["Today", "Yesterday", "Last 7 days", "Last 30 days", "This month", "Last 12 months"]
    return [
        {"slug": f"p{index}", "label": label, "url": f"?period=p{index}", "current": index == 2}
        for index, label in enumerate(labels)
    ]


def sample_numbers() -> list[dict[str, Any]]:
    daily = "The sum of each day’s visitors: nobody is recognised on another day."
    return [
        number("visitors", "Visitors", "12,847", "+12 %", "up", True, help=daily, current=True),
        number("sessions", "Sessions", "15,203", "+9 %", "up", True),
        number("page_views", "Page views", "48,119", "−3 %", "down", False),
        number("views_per_session", "Views per session", "3.2", "0 %", "flat", None),
        number("bounce_rate", "Bounce rate", "41.3 %", "−2.1 points", "down", True),
        number("session_seconds", "Session length", None, reason="Not measured before 12 November"),
    ]


def number(
    key: str,
    label: str,
    value: str | None,
    change: str | None = None,
    direction: str | None = None,
    good: bool | None = None,
    **more: Any,
) -> dict[str, Any]:
    return {
        "key": key,
        "label": label,
        "value": value,
        "change": change,
        "direction": direction,
        "good": good,
        "url": f"?metric={key}",
        "help": "",
        "reason": "",
        "note": "",
        "current": False,
        **more,
    }


def sample_chart() -> dict[str, Any]:
    """Seven days: one not measured, the last not over yet."""
    return {
        "label": "Visitors",
        "unit": "count",
        "interval": "day",
        "labels": [
            f"{day:%a} {day.day} {day:%b}" for day in (FIRST + timedelta(n) for n in range(7))
        ],
        "current": [1612, 1548, 2105, None, 2290, 2214, 968],
        "previous": [1490, 1402, 1880, 1943, 1921, 1850, 1702],
        "previous_label": "8–14 November",
        "unfinished": True,
    }


def sample_rows() -> list[dict[str, Any]]:
    chart = sample_chart()
    return [
        {
            "label": label,
            "current": None if now is None else f"{now:,}",
            "previous": f"{before:,}",
        }
        for label, now, before in zip(
            chart["labels"], chart["current"], chart["previous"], strict=True
        )
    ]


PANELS = {
    "pages": (
        "Pages",
        "Path",
        ["/", "/pricing", "/blog/counting-without-cookies", "/docs", "/about"],
    ),
    "sources": ("Sources", "Source", ["Google", "Direct", "github.com", "Newsletter", "Bing"]),
    "countries": ("Countries", "Country", ["Germany", "France", "United Kingdom", "Brazil"]),
    "devices": ("Devices", "Device", ["Phone", "Computer", "Tablet"]),
}


def sample_panels() -> list[dict[str, Any]]:
    panels = [panel(key, *shape) for key, shape in PANELS.items()]
    panels[3]["tabs"] = [
        {"label": label, "url": f"?devices={label}", "current": label == "Devices"}
        for label in ("Devices", "Browsers", "Systems")
    ]
    panels[0]["more_url"] = "?all=pages"
    return [*panels, panel("goals", "Goals", "Goal", [])]


def panel(key: str, title: str, label: str, values: list[str]) -> dict[str, Any]:
    shares = [100 / (rank**1.4) for rank in range(1, len(values) + 1)]
    return {
        "key": key,
        "title": title,
        "label": label,
        "columns": [{"label": "Visitors"}, {"label": "Page views"}],
        "rows": [
            {
                "label": value,
                "value": value,
                "count": f"{share * 52:,.0f}",
                "views": f"{share * 180:,.0f}",
                "share": share,
                "url": f"?filter={value}",
                "active": value == "France",
                "note": "",
            }
            for value, share in zip(values, shares, strict=True)
        ],
        "empty": "Nothing reached in this period.",
        "more_url": "",
        "tabs": [],
    }


def sample_week() -> dict[str, Any]:
    """A week with its busy hours around noon, the weekend at half of it."""
    days = [date(2025, 11, 17) + timedelta(days=number) for number in range(7)]

    def cell(day: int, hour: int) -> dict[str, Any]:
        value = max(0.0, 40 * math.sin((hour - 6) / 18 * math.pi)) * (0.5 if day > 4 else 1)
        return {"text": f"{value:.0f}", "class": heat_map.heat(value, 40)}

    return {
        "label": "Visitors",
        "zone": "Europe/Berlin",
        "any": True,
        "days": [{"short": f"{day:%a}", "long": f"{day:%A}"} for day in days],
        "rows": [
            {"label": f"{hour:02}:00", "cells": [cell(day, hour) for day in range(7)]}
            for hour in range(24)
        ],
        "busiest": {"day": "Monday", "hour": "15:00", "value": "40"},
    }


def sample_map() -> dict[str, Any]:
    """The world with a country in each class."""
    world = world_map.world()
    counts = {"DE": 5, "FR": 4, "US": 3, "BR": 2, "AU": 1}
    countries = [
        {
            "path": path,
            "class": counts.get(code, 0),
            "name": code,
            "value": "1,204",
            "url": f"?{code}",
        }
        for code, path in world["countries"].items()
    ]
    ends = ["1–4", "5–19", "20–99", "100–499", "500–2,000"]
    return {
        **world,
        "label": "Visitors",
        "empty": [country for country in countries if not country["class"]],
        "countries": [country for country in countries if country["class"]],
        "legend": [
            {"class": number, "first": text, "last": text} for number, text in enumerate(ends, 1)
        ],
    }


def sample_sites() -> list[dict[str, Any]]:
    """Sites as the list of all sites shows them; the frame of the page reads their names."""
    wave = [round(300 + 120 * math.sin(day * 0.9) + day * 9) for day in range(14)]
    gap: list[int | None] = [*wave[:5], None, *wave[6:]]
    up = {"change": "+12\u202f%", "direction": "up", "good": True}
    leaving = datetime(2025, 11, 28, 9, 0, tzinfo=UTC)
    return [
        {
            "name": name,
            "key": name,
            "domains": [f"{name}.example.org"],
            "zone": "UTC",
            "spark_label": "Visitors by day",
            **figures,
        }
        for name, figures in (
            ("shop", {"visitors": "9,680", "second": "31,204", "today": "41", "spark": wave, **up}),
            ("blog", {"visitors": "41", "second": "0", "spark": gap, "delete_at": leaving}),
            ("new", {"visitors": None, "second": None, "spark": [None] * 14, "waits": True}),
        )
    ]


def sample_group() -> dict[str, Any]:
    """A kind of sites, as `_sites_group.html` draws it."""
    sums = {"sites": 3, "unknown": 1, "visitors": "9,721", "second": "31,204", "today": "41"}
    named = {"kind": "web", "title": "Web sites", "second": "Page views"}
    return {**named, "rows": sample_sites(), "totals": sums}
