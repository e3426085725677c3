"""Every page that people see, once: what the pictures show and the tests of all pages look at."""

from __future__ import annotations

from dataclasses import dataclass

WIDTHS = {1440: 1000, 768: 1024, 390: 844}


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the demo; `pictured` ones stand in the documentation."""

    name: str
    path: str
    signed_in: bool = True
    pictured: bool = True
    status: int = 200


PLACES = (
    Place("sign-in", "/accounts/login/", signed_in=False),
    Place("forgotten-password", "/accounts/password/reset/", signed_in=False, pictured=False),
    Place("not-found", "/nowhere", pictured=False, status=404),
    Place("sites", "/sites"),
    Place("new-site", "/sites/new", pictured=False),
    Place("overview", "/sites/demo?period=7d"),
    Place("overview-today", "/sites/demo?period=today", pictured=False),
    Place("overview-empty", "/sites/demo?first=2020-01-01&last=2020-01-02", pictured=False),
    Place("overview-filtered", "/sites/demo?filter=country:is:DE", pictured=False),
    Place("overview-map", "/sites/demo?countries=map", pictured=False),
    Place("countries", "/sites/demo/by/country?period=7d"),
    Place("details-pages", "/sites/demo/by/page", pictured=False),
    Place("hours", "/sites/demo/hours"),
    Place("visits", "/sites/demo/visits", pictured=False),
    Place("now", "/sites/demo/now", pictured=False),
    Place("install", "/sites/demo/install", pictured=False),
    Place("funnel", "/sites/demo/funnel?period=30d"),
    Place("settings", "/sites/demo/settings", pictured=False),
    Place("password", "/accounts/password/change/", pictured=False),
    Place("components", "/components/", pictured=False),
)
