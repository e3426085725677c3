"""What every answer tells the browser: what may run, who may frame it, what may be kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import get_resolver, reverse

from accounts import middleware
from accounts.models import ApiToken, Team

pytestmark = pytest.mark.django_db
REFERRERS = ("strict-origin-when-cross-origin", "same-origin", "strict-origin")
ORIGIN = "https://dashboards.example"


class Inline(HTMLParser):
    """What a page would run or style within itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        runs = tag == "script" and given.get("type") not in ("application/json", "text/plain")
        if (runs and "src" not in given) or tag == "style":
            self.found.append(f"<{tag}>")
        self.found += [f"{tag} {name}" for name in given if name.startswith("on")]
        self.found += [f"{tag} style" for name in given if name == "style"]
        self.found += [
            f"{tag} {name}"
            for name, value in attributes
            if name in ("href", "src", "action") and (value or "").startswith("javascript:")
        ]


def inline(html: str) -> list[str]:
    parser = Inline()
    parser.feed(html)
    return parser.found


@pytest.fixture
def ids(site, owner, token) -> dict[str, Any]:
    token(owner)
    Team.objects.create(tenant=owner.tenant, name="North")
    names = {"key": site.key, "pk": ApiToken.plain.get().pk, "dimension": "page", "slug": "html"}
    return names | {"site": site.key, "day": "2026-01-01", "visit": "0" * 16, "guide": "html"}


def paths(ids: dict[str, Any]) -> Iterator[str]:
    """Every address of ours, with what varies filled in; the admin's pages are its own."""

    def walk(patterns: Any, prefix: str) -> Iterator[str]:
        for entry in patterns:
            route = prefix + str(entry.pattern)
            if hasattr(entry, "url_patterns"):
                if route != "admin/":
                    yield from walk(entry.url_patterns, route)
                continue
            filled = re.sub(
                r"\(\?P<(\w+)>[^)]*\)|<(?:\w+:)?(\w+)>",
                lambda found: str(ids.get(found[1] or found[2], "1")),
                route,
            )
            yield "/" + re.sub(r"\\[zZ]|[\^$\\?]", "", filled)

    return walk(get_resolver().url_patterns, "")


def test_every_page_has_the_headers_and_runs_nothing_inline(signed_in, client, owner, ids):
    browser = signed_in(owner)
    every = sorted(set(paths(ids)))
    assert len(every) > 60
    pages = 0
    for path in every:
        if "logout" in path:
            continue
        for asker in (browser, client):
            answer = asker.get(path, headers={"Accept": "text/html"})
            policy = answer["Content-Security-Policy"]
            assert "unsafe" not in policy, path
            assert policy.startswith(("default-src 'self'", "default-src 'none'")), path
            assert answer["X-Content-Type-Options"] == "nosniff", path
            assert answer["Referrer-Policy"] in REFERRERS, path
            assert "camera=()" in answer["Permissions-Policy"], path
            assert answer["Cross-Origin-Opener-Policy"] == "same-origin", path
            if answer["Content-Type"].startswith("text/html") and not answer.streaming:
                pages += 1
                assert inline(answer.content.decode()) == [], path
    assert pages > 60


def test_only_the_admin_has_a_wider_policy_and_by_name(admin_client):
    answer = admin_client.get("/admin/")
    assert answer["Content-Security-Policy"] == middleware.ADMIN_CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    for path in ("/adminx", "/accounts/admin/", "//admin/", "/api/v1/admin/"):
        assert "unsafe" not in admin_client.get(path)["Content-Security-Policy"]


def test_the_pages_of_the_api_work_without_an_exception(signed_in, owner, site):
    answer = signed_in(owner).get("/api/v1/sites", headers={"Accept": "text/html"})
    text = answer.content.decode()
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert inline(text) == []
    assert "Acme shop" in text
    assert 'id="post-time_zone"' in text


def test_a_nonce_stands_in_the_header_only_where_a_page_uses_it_and_never_twice():
    def answer(uses: bool) -> tuple[str, str]:
        request = RequestFactory().get("/")
        shown: list[str] = []

        def page(asked):
            shown.append(str(asked.csp_nonce) if uses else "")
            return HttpResponse()

        response = middleware.security_headers(page)(request)
        return response["Content-Security-Policy"], shown[0]

    assert "nonce" not in answer(False)[0]
    (first, one), (second, two) = answer(True), answer(True)
    assert f"script-src 'self' 'nonce-{one}'" in first
    assert f"style-src 'self' 'nonce-{two}'" in second
    assert one != two
    assert len(one) >= 20


def test_answers_for_one_person_are_kept_by_nobody(signed_in, client, owner, token, site):
    browser = signed_in(owner)
    api = {"Authorization": f"Bearer {token(owner)}"}
    personal = [
        browser.get("/sites"),
        browser.get(f"/sites/{site.key}"),
        browser.get("/account/tokens"),
        browser.get("/api/v1/sites"),
        client.get("/api/v1/sites", headers=api),
        client.get("/api/metrics", headers=api),
        client.get("/api/v1/sites", headers={"Authorization": "Bearer lp_none"}),
    ]
    for answer in personal:
        assert "no-store" in answer["Cache-Control"], answer.wsgi_request.path
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "no-store" not in client.get("/help").get("Cache-Control", "")


def test_browsers_are_told_to_come_by_tls(client, settings):
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    answer = client.get(reverse("help"), secure=True)
    wanted = "max-age=31536000; includeSubDomains; preload"
    assert answer["Strict-Transport-Security"] == wanted


# --- Pages of other hosts ---------------------------------------------------------------------


@pytest.fixture
def allowed(settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]


def preflight(client, path: str, origin: str = ORIGIN, method: str = "GET"):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, x-tenant-id",
    }
    return client.options(path, headers=headers)


@pytest.mark.parametrize(
    "path", ["/api/v1/sites", "/api/metrics", "/auth/me", "/analytics/kpis", "/data/events"]
)
def test_a_listed_origin_may_ask_the_api_without_cookies(client, allowed, path):
    answer = preflight(client, path)
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == ORIGIN
    assert "x-tenant-id" in answer["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer
    asked = client.get(path, headers={"Origin": ORIGIN})
    assert asked["Access-Control-Allow-Origin"] == ORIGIN
    assert "origin" in asked["Vary"].lower()


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        ORIGIN + ".evil.example",
        ORIGIN.upper(),
        "http://dashboards.example",
        ORIGIN + ":8443",
        "*",
    ],
)
def test_any_other_origin_is_told_nothing(client, allowed, origin):
    for answer in (
        preflight(client, "/api/v1/sites", origin),
        client.get("/api/v1/sites", headers={"Origin": origin}),
    ):
        assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.parametrize("path", ["/sites", "/account/tokens", "/admin/", "/accounts/login/"])
def test_pages_are_open_to_no_other_origin(client, allowed, path):
    assert "Access-Control-Allow-Origin" not in preflight(client, path)


def test_a_star_is_no_list_of_origins(monkeypatch):
    import importlib
    import sys

    monkeypatch.setenv("CORS_ORIGINS", "*")
    known = sys.modules.pop("linkpro.settings")
    try:
        with pytest.raises(ImproperlyConfigured, match="CORS_ORIGINS"):
            importlib.import_module("linkpro.settings")
    finally:
        sys.modules["linkpro.settings"] = known
