"""The API's description: complete, true, and readable in a browser without exceptions."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from django.core.management import call_command
from django.urls import get_resolver

from tests.sending import rebuild_all, send, visit
from tracking.models import LinkProfile

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def schema(client, db) -> dict[str, Any]:
    answer = client.get("/api/v1/schema", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert answer.status_code == 200
    return answer.json()


def test_the_description_has_no_warnings(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "api"))


def api_paths() -> set[str]:
    """Every path of the API that a route leads to, with `{}` for what varies."""
    import re

    found = set()

    def walk(patterns: Any, prefix: str) -> None:
        for entry in patterns:
            route = prefix + str(entry.pattern)
            if hasattr(entry, "url_patterns"):
                walk(entry.url_patterns, route)
            elif route.startswith("api/"):
                plain = re.sub(r"\(\?P<\w+>(?:\([^)]*\)|[^()])*\)|<[^>]*>", "{}", route)
                found.add("/" + re.sub(r"[\^$\\]|\\Z", "", plain).rstrip("Z"))

    walk(get_resolver().url_patterns, "")
    return found


def test_every_path_of_the_api_is_described(schema):
    import re

    described = {re.sub(r"{\w+}", "{}", path) for path in schema["paths"]}
    exempt = {"/api/v1/schema", "/api/pixel.gif"}
    missing = {path for path in api_paths() - described - exempt if ".gif" not in path}
    assert missing == set()


def test_every_operation_has_an_example_or_a_shape_and_tells_its_errors(schema):
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            responses = operation["responses"]
            assert any(status.startswith("2") for status in responses) or method == "delete", path
            if path != "/health":
                problem = responses["400"]["content"]["application/problem+json"]
                assert problem["schema"]["$ref"].endswith("/Problem"), path


@pytest.fixture
def addresses(site, owner) -> dict[str, str]:
    """Real addresses of described paths, of a site that was visited and a profile that was not."""
    from datetime import timedelta

    from django.utils import timezone

    from accounts.models import Site

    start = timezone.now() - timedelta(hours=1)
    send(site, visit(start, ["/", "/pricing"]))
    sold = {"type": "event", "category": "conversion", "action": "buy", "path": "/end"}
    send(site, [{"at": start, "value": "5.00", "currency": "EUR", **sold}])
    bio = Site.objects.create(tenant=site.tenant, kind="bio", name="@ada", owner=owner.user)
    profile = LinkProfile.objects.create(site=bio, username="ada", title="Ada")
    link = profile.links.create(title="Shop", url="https://shop.acme.test/")
    send(bio, [{"name": "page_view", "path": "/@ada", "at": start}])
    send(bio, [{"name": "click", "link_id": link.pk, "at": start}])
    rebuild_all()
    values = {"{site}": site.pk, "{id}": site.pk, "{dimension}": "page"}
    values |= {"{profile_id}": profile.pk, "{link_id}": link.pk}
    return {name: str(value) for name, value in values.items()}


def resolved(schema: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any] | None:
    """The shape of an operation's answer, with the components beside it."""
    content = operation["responses"].get("200", {}).get("content", {})
    shape = content.get("application/json", {}).get("schema")
    return shape and {**shape, "components": schema["components"]}


# What is there only where it was set up: a provider, a mail server.
UNSET = {"/auth/login", "/api/v1/mail-server", "/analytics/email/config"}


def nullable(shape: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if isinstance(shape, list):
        return [nullable(part) for part in shape]
    if not isinstance(shape, dict):
        return shape
    plain = {key: nullable(value) for key, value in shape.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if shape.get("nullable") is True else plain


def test_answers_have_the_shapes_that_are_described(client, owner, token, schema, addresses):
    api = {"headers": {"Authorization": f"Bearer {token(owner)}"}}
    checked = 0
    for path, operations in schema["paths"].items():
        shape = resolved(schema, operations["get"]) if "get" in operations else None
        address = path
        for name, value in addresses.items():
            address = address.replace(name, value)
        if shape is None or "{" in address or "export" in path or "/profiles/" in path:
            continue
        if "{id}" in path and "/sites/" not in path:
            continue
        answer = client.get(address, **api)
        if path in UNSET and answer.status_code == 404:
            continue
        assert answer.status_code == 200, (path, answer.content)
        jsonschema.validate(answer.json(), nullable(shape))
        checked += 1
    assert checked > 30


def test_the_page_and_its_scripts_need_no_exception_of_the_policy(client, db):
    for address in ("/docs", "/docs?script="):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "unsafe" not in answer["Content-Security-Policy"]
    page = client.get("/docs").content.decode()
    assert "<style" not in page
    assert " style=" not in page
    assert "<script>" not in page
