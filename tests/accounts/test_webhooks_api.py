"""Programs set webhooks up over the API."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, OutboxMessage, Site, WebhookEndpoint
from accounts.outgoing import dispatch, endpoints, outbox
from accounts.roles import Role
from tests.receivers import receiving

API = "/api/v1/webhooks"
GIVEN: dict[str, Any] = {
    "name": "Warehouse",
    "url": "http://127.0.0.1:9/hook",
    "events": ["site.created"],
}


@pytest.fixture(autouse=True)
def _loopback_is_ours(settings: Any) -> None:
    settings.OUTGOING_ALLOWED = ["127.0.0.1"]


@pytest.fixture
def client(owner: Membership, token: Callable[..., str]) -> Client:
    return Client(headers={"Authorization": f"Bearer {token(owner)}"})


def post(client: Client, path: str = "", body: Any = None) -> Any:
    return client.post(f"{API}{path}", body or {}, content_type="application/json")


def made(client: Client, **values: Any) -> dict[str, Any]:
    response = post(client, "", GIVEN | values)
    assert response.status_code == 201, response.content
    return response.json()


def test_a_webhook_is_made_changed_and_deleted(client: Client) -> None:
    told = made(client)
    assert told["secret"].startswith("whsec_")
    here = f"/{told['id']}"
    assert "secret" not in client.get(f"{API}{here}").json()
    assert [one["id"] for one in client.get(API).json()["results"]] == [told["id"]]
    change = {"enabled": False, "events": ["*", "*"]}
    answer = client.patch(f"{API}{here}", change, content_type="application/json").json()
    assert (answer["enabled"], answer["events"]) == (False, ["*"])
    rotated = post(client, f"{here}/rotate-secret")
    assert rotated.json()["secret"] != told["secret"]
    assert rotated["Cache-Control"] == "no-store"
    assert client.delete(f"{API}{here}").status_code == 204
    assert client.get(f"{API}{here}").status_code == 404


def test_a_secret_of_ones_own_is_taken_if_it_is_strong(client: Client) -> None:
    strong = "whsec_" + b64encode(bytes(range(24))).decode()
    told = made(client, secret=strong)
    assert told["secret"] == strong
    endpoint = WebhookEndpoint.plain.get()
    assert endpoints.secrets_of(endpoint, timezone.now()) == [bytes(range(24))]
    for weak in ("whsec_" + b64encode(bytes(8)).decode(), "whsec_!", "x", ""):
        assert post(client, "", GIVEN | {"secret": weak}).status_code == 400
    here = f"{API}/{told['id']}"
    changed = client.patch(here, {"secret": strong}, content_type="application/json")
    assert changed.status_code == 400


@pytest.mark.parametrize(
    "values",
    [
        {"url": "http://10.0.0.1/"},
        {"url": "https://localhost/"},
        {"url": "http://[::1]/"},
        {"url": "ftp://127.0.0.1/"},
        {"url": ""},
        {"url": 7},
        {"url": "https://\x00/"},
        {"events": []},
        {"events": ["nothing"]},
        {"events": ["\ud800"]},
        {"events": "site.created"},
        {"events": [["site.created"]]},
        {"shape": "smoke"},
        {"name": ""},
        {"name": "a" * 201},
        {"name": "a\x00"},
        {"enabled": "perhaps"},
    ],
)
def test_bad_values_are_refused_also_by_patch(client: Client, values: dict[str, Any]) -> None:
    assert post(client, "", GIVEN | values).status_code == 400
    assert not WebhookEndpoint.plain.exists()
    here = f"{API}/{made(client)['id']}"
    assert client.patch(here, values, content_type="application/json").status_code == 400
    assert WebhookEndpoint.plain.get().url == GIVEN["url"]


def test_values_of_the_system_cannot_be_set(client: Client, rival_site: Site) -> None:
    told = made(client, tenant=str(rival_site.tenant.pk), stopped_because="x", id="x")
    assert told["stopped_because"] == ""
    assert not WebhookEndpoint.objects.for_tenant(rival_site.tenant).exists()


def test_deliveries_are_listed_tested_and_sent_again(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    with receiving() as receiver:
        here = f"/{made(client, url=receiver.url)['id']}"
        sent = post(client, f"{here}/test")
        assert (sent.status_code, sent.json()["state"]) == (202, "waiting")
        dispatch.send_due(0.01)
        with django_assert_max_num_queries(8):
            (one,) = client.get(f"{API}{here}/deliveries").json()["results"]
        assert (one["id"], one["state"], one["next_at"]) == (sent.json()["id"], "sent", None)
        assert [tried["status"] for tried in one["attempts"]] == [200]
        delivery = f"{here}/deliveries/{one['id']}"
        assert client.get(f"{API}{delivery}").json() == one
        assert post(client, f"{delivery}/replay").json()["state"] == "waiting"
        assert post(client, f"{delivery}/replay").json()["code"] == "not_replayable"
        dispatch.send_due(0.01)
        assert {asked.headers["webhook-id"] for asked in receiver.asked} == {one["id"]}
        assert len(receiver.asked) == 2


def test_what_failed_is_sent_again_while_the_webhook_is_enabled(client: Client) -> None:
    here = f"/{made(client)['id']}"
    endpoint = WebhookEndpoint.plain.get()
    message = outbox.add_webhook("x", endpoint, {"type": "x", "data": {}})
    OutboxMessage.plain.filter(pk=message.pk).update(state="failed")
    since = {"since": "2020-01-01T00:00:00Z"}
    assert post(client, f"{here}/replay-failed", {"since": "soon"}).status_code == 400
    assert post(client, f"{here}/replay-failed").status_code == 400
    assert post(client, f"{here}/replay-failed", since).json() == {"replayed": 1}
    WebhookEndpoint.plain.update(enabled=False)
    assert post(client, f"{here}/replay-failed", since).json()["code"] == "webhook_paused"


def test_a_tenant_has_at_most_so_many_webhooks(client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(endpoints, "MOST_ENDPOINTS", 1)
    made(client)
    assert post(client, "", GIVEN).json()["code"] == "too_many_webhooks"


def test_roles_scopes_and_tenants_are_kept_apart(
    client: Client, owner: Membership, member: Any, token: Any, site: Site, rival_site: Site
) -> None:
    told = made(client)
    here = f"/{told['id']}"
    message = outbox.add_webhook("x", WebhookEndpoint.plain.get(), {"type": "x", "data": {}})
    rival = rival_site.tenant.memberships.get()

    def asks(text: str, path: str, method: str = "get") -> int:
        asking = Client(headers={"Authorization": f"Bearer {text}"})
        return getattr(asking, method)(f"{API}{path}").status_code

    manager = token(member(Role.MANAGER, "max@acme.test"))
    reader, narrow = token(owner, scopes=["read"]), token(owner, site_ids=[site.pk])
    theirs = token(rival)
    gets = [here, f"{here}/deliveries", f"{here}/deliveries/{message.pk}"]
    posts = [f"{here}/test", f"{here}/rotate-secret", f"{here}/deliveries/{message.pk}/replay"]
    for path in gets:
        assert [asks(text, path) for text in (manager, reader, narrow, theirs)] == [
            403,
            200,
            404,
            404,
        ]
    for path in [*posts, f"{here}/replay-failed"]:
        told_to = [asks(text, path, "post") for text in (manager, reader, narrow, theirs)]
        assert told_to == [403, 403, 404, 404], path
    assert asks(narrow, "", "post") == 403
    assert asks(theirs, here, "delete") == 404


@pytest.mark.parametrize("pk", ["1", "x", "0" * 36, "00000000-0000-0000-0000-000000000000"])
def test_ids_that_are_none_do_not_exist(client: Client, pk: str) -> None:
    assert client.get(f"{API}/{pk}").status_code == 404
    here = made(client)["id"]
    assert client.get(f"{API}/{here}/deliveries/{pk}").status_code == 404
