"""The lines of sites, their numbers, link pages, and the events that they take."""

from __future__ import annotations

from tests.access.policies import Line, line

EVENTS = "whoever knows a site's public key may send events, and is told nothing of the site"


def pages_of_sites() -> dict[str, Line]:
    reads = (
        "", "/now", "/values", "/by/<slug:dimension>", "/hours", "/funnel", "/visits", "/received",
        "/install", "/outcomes", "/outcomes/live",
    )  # fmt: skip
    forms = ("", "/domains", "/addresses", "/exclusions", "/funnel")
    buttons = ("/domains/add", "/exclusions/me", "/reset", "/delete", "/keep")
    root = "sites/<str:key>"
    lines = {root + path: line("site", GET="row member") for path in reads}
    for path in forms:
        lines[f"{root}/settings{path}"] = line("site", GET="row manager", POST="row manager")
    for path in buttons:
        lines[f"{root}/settings{path}"] = line("site", POST="row manager")
    for path in ("/offer", "/withdraw"):
        lines[f"{root}/settings{path}"] = line("site", POST="row admin")
    return lines | {
        root + "/settings/installation": line("site", GET="row member", POST="row manager"),
        root + "/settings/danger": line("site", GET="row manager"),
        root + "/settings/exclusions/path": line("site", GET="row manager"),
        root + "/by/<slug:dimension>.csv": line("site", GET="row analyst"),
        root + "/by/<slug:dimension>.xlsx": line("site", GET="row analyst"),
        root + "/visits/<str:day>/<str:visit>": line("visit", GET="row member"),
        root + "/outcomes/again": line("site", POST="row manager"),
        "sites": line(GET="member"),
        "sites/new": line(GET="manager", POST="manager"),
        "offers/<int:offer_id>/accept": line("offer", elsewhere="+", POST="member"),
        "offers/<int:offer_id>/decline": line("offer", elsewhere="+", POST="member"),
    }


def editor() -> dict[str, Line]:
    root, verbs = "sites/<str:key>/links", ("change", "activate", "move", "delete", "restore")
    lines = {
        f"{root}/<int:pk>/{verb}": line("link", GET="row member", POST="row manager")
        for verb in verbs
    }
    return lines | {
        "profiles/new": line(GET="manager", POST="manager"),
        root: line("page of links", GET="row member", POST="row manager"),
        root + "/preview": line("page of links", GET="row member"),
        root + "/picture": line("page of links", GET="row member"),
        r"^sites/(?P<key>[^/]+)/links/code\.(?P<kind>svg|png)$": line(
            "page of links", GET="row member"
        ),
        root + "/add": line("page of links", GET="row member", POST="row manager"),
    }


def statistics() -> dict[str, Line]:
    lines = {}
    for root in ("api/", "api/v1/"):
        for name in ("profile", "traffic", "time", "quick-stats", "compare"):
            path = f"{root}analytics/{name}/<int:profile_id>"
            lines[path] = line("profile by number", GET="api row")
        lines |= {
            root + "metrics": line(GET="api member"),
            root + "funnel": line(GET="api member"),
            root + "export": line(GET="api export"),
            root + "system/info": line(GET="api member"),
            root + "track/clicks/<int:link_id>": line("link by number", GET="api row"),
            root + "track/views/<int:profile_id>": line("profile by number", GET="api row"),
        }
        for name in ("track", "track/click", "track/view"):
            lines[root + name] = line(GET="everybody", POST="everybody", because=EVENTS)
    parts = ("totals", "series", "breakdown/<slug:dimension>", "heatmap", "now", "visits")
    for part in (*parts, "outcomes"):
        lines[f"api/v1/sites/<str:site>/{part}"] = line("site", GET="api row")
    return lines
