"""Who asks the API: what it costs to find that out, beside a bare view in the same process."""

from __future__ import annotations

from typing import Any

from bench.place import Place, serving
from bench.report import Report
from bench.visit import Reader, Timings, sign_in

BARE = "bare view of Django"
ASKER = "/api/bench/asker"
ROUNDS, TIMES, BUDGET_SECONDS = 4, 100, 8.0
MOST_QUERIES = 2


def measure(place: Place) -> Report:
    """All in turns over one connection, so that a busy minute of the machine meets all."""
    from accounts.models import Tenant

    report = Report("Requests to the API by who asks, one at a time")
    asking = _askers(Tenant.objects.create(name="Askers"))
    paths = {BARE: "/bench/plain", "REST framework, anybody": "/api/bench/anybody"}
    paths |= dict.fromkeys(asking, ASKER)
    timings = {what: Timings() for what in paths}
    with serving("probe") as (pid, port):
        reader = Reader(port, cookie="")
        for number in range(ROUNDS + 1):
            for what, path in paths.items():
                reader.headers = asking.get(what, {})
                found = timings[what] if number else Timings()  # the first fills caches
                reader.repeat(path, found, place, pid, TIMES, BUDGET_SECONDS)
    _lines(report, timings)
    for what, headers in asking.items():
        _count_queries(report, what, headers)
    return report


def _askers(tenant: Any) -> dict[str, dict[str, str]]:
    """The headers of each who asks: an owner by token, program and browser."""
    from django.test import RequestFactory

    from accounts.models import ApiToken, Membership
    from accounts.roles import TokenScope
    from accounts.sign_in import jwt

    cookie = sign_in(tenant)
    member = Membership.objects.for_tenant(tenant).select_related("user", "tenant").get()
    _token, text = ApiToken.issue(member, name="bench", scopes=[TokenScope.READ])
    pair = jwt.start(member.user, RequestFactory().get("/"), "127.0.0.1")
    return {
        "API token": {"Authorization": f"Bearer {text}", "Accept": "application/json"},
        "JWT": {"Authorization": f"Bearer {pair.access}", "Accept": "application/json"},
        "session": {"Cookie": cookie, "Accept": "application/json"},
    }


def _lines(report: Report, timings: dict[str, Timings]) -> None:
    bare = timings[BARE]
    in_bare = bare.cost.all_each(len(bare.milliseconds))
    for what, found in timings.items():
        n = len(found.milliseconds)
        report.line(f"{what}: median of {n}", found.median, "ms")
        report.line(f"{what}: CPU, web", found.cost.each("web", n), "µs")
        report.line(f"{what}: CPU, PostgreSQL", found.cost.each("postgres", n), "µs")
        report.line(f"{what}: CPU in bare views", found.cost.all_each(n) / in_bare, "times")


def _count_queries(report: Report, what: str, headers: dict[str, str]) -> None:
    """Queries of a request, asked in this process; a bearer's are two at most."""
    from django.db import connection
    from django.test import Client, override_settings
    from django.test.utils import CaptureQueriesContext

    with override_settings(ROOT_URLCONF="bench.probe"), CaptureQueriesContext(connection) as asked:
        Client(headers=headers).get(ASKER, SERVER_NAME="127.0.0.1")
    report.line(f"{what}: queries", len(asked), "")
    if "Authorization" in headers and len(asked) > MOST_QUERIES:
        report.wrong.append(f"{what}: {len(asked)} queries, {MOST_QUERIES} at most expected")
