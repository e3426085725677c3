"""Admins set webhooks up on pages; nobody else sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, cast

import pytest
from django.test import Client
from django.utils import timezone
from standardwebhooks import Webhook

from accounts.models import AuditEntry, Membership, OutboxMessage, Site, User, WebhookEndpoint
from accounts.outgoing import dispatch, endpoints, outbox
from accounts.roles import Role
from tests.receivers import Receiver, answer, receiving

LIST = "/organisation/webhooks"
GIVEN = {"name": "Warehouse", "shape": "standard", "events": ["site.created", "site.changed"]}


@pytest.fixture(autouse=True)
def _loopback_is_ours(settings: Any) -> None:
    settings.OUTGOING_ALLOWED = ["127.0.0.1"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def browser(owner: Membership, signed_in: Callable[[Membership], Client]) -> Client:
    return signed_in(owner)


@pytest.fixture
def endpoint(owner: Membership, receiver: Receiver) -> WebhookEndpoint:
    return endpoints.make(owner, GIVEN | {"url": receiver.url})[0]


def page(browser: Client, path: str) -> str:
    response = browser.get(path)
    assert response.status_code == 200
    return response.content.decode()


def at(endpoint: WebhookEndpoint, path: str = "") -> str:
    return f"{LIST}/{endpoint.pk}{path}"


def test_a_webhook_is_made_and_its_secret_shown_once(browser: Client, receiver: Receiver) -> None:
    assert "No webhook yet" in page(browser, LIST)
    response = browser.post(f"{LIST}/new", GIVEN | {"url": receiver.url})
    endpoint = WebhookEndpoint.plain.get()
    secret = endpoints.written(endpoints.secrets_of(endpoint, timezone.now())[0])
    assert secret in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert receiver.connections == 0
    for path in (LIST, at(endpoint), at(endpoint, "/edit")):
        assert secret not in page(browser, path)
    browser.post(at(endpoint, "/test"))
    dispatch.send_due(0.01)
    (asked,) = receiver.asked
    assert Webhook(secret).verify(asked.body, asked.headers)["type"] == "test"


def test_a_private_address_is_not_saved_and_not_asked(
    browser: Client, endpoint: WebhookEndpoint, receiver: Receiver, settings: Any
) -> None:
    settings.OUTGOING_ALLOWED = []
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"):
        url = f"https://{host}:{receiver.port}/"
        made = browser.post(f"{LIST}/new", GIVEN | {"url": url})
        changed = browser.post(at(endpoint, "/edit"), GIVEN | {"url": url})
        assert (made.status_code, changed.status_code) == (200, 200)
        assert 'aria-invalid="true"' in changed.content.decode()
    assert WebhookEndpoint.plain.get().url == endpoint.url
    assert receiver.connections == 0


def test_a_test_shows_what_came_of_it(
    browser: Client, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.answers(answer(500, body=b"secret of the receiver"))
    response = browser.post(at(endpoint, "/test"))
    waiting = page(browser, response["Location"])
    assert 'hx-trigger="every 1s"' in waiting
    dispatch.send_due(0.01)
    done = browser.get(response["Location"], headers={"HX-Request": "true"}).content.decode()
    assert ("500" in done, "Given up" in done, "hx-trigger" in done) == (True, True, False)
    assert "<html" not in done
    assert "secret of the receiver" not in page(browser, response["Location"])


def test_what_was_sent_is_listed_in_pages_and_by_state(
    browser: Client, endpoint: WebhookEndpoint, django_assert_max_num_queries: Any
) -> None:
    for _number in range(30):
        outbox.add_webhook("site.created", endpoint, {"type": "x", "data": {}})
    with django_assert_max_num_queries(12):
        first = page(browser, at(endpoint))
    assert first.count("/deliveries/") == 25
    assert page(browser, at(endpoint, "?page=2")).count("/deliveries/") == 5
    assert "None of these." in page(browser, at(endpoint, "?state=failed"))
    assert page(browser, at(endpoint, "?state=nonsense&page=x")).count("/deliveries/") == 25


def test_a_delivery_is_sent_again(
    browser: Client, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    message = endpoints.send_test(endpoint, cast(User, endpoint.created_by))
    dispatch.send_due(0.01)
    path = at(endpoint, f"/deliveries/{message.pk}")
    assert "Send again" in page(browser, path)
    browser.post(f"{path}/replay")
    dispatch.send_due(0.01)
    assert [asked.headers["webhook-id"] for asked in receiver.asked] == [str(message.pk)] * 2


def test_all_that_failed_since_a_day_is_sent_again(
    browser: Client, endpoint: WebhookEndpoint
) -> None:
    message = outbox.add_webhook("x", endpoint, {"type": "x", "data": {}})
    OutboxMessage.plain.filter(pk=message.pk).update(state="failed")
    tomorrow = (timezone.now() + timedelta(days=2)).date()
    browser.post(at(endpoint, "/replay-failed"), {"since": tomorrow.isoformat()})
    assert OutboxMessage.plain.get().state == "failed"
    for nonsense in ("", "x", "0001-01-01", "9999-12-31"):
        response = browser.post(at(endpoint, "/replay-failed"), {"since": nonsense}, follow=True)
        assert response.status_code == 200
    browser.post(at(endpoint, "/replay-failed"), {"since": "2020-01-01"})
    assert OutboxMessage.plain.get().state == "waiting"


def test_a_webhook_is_paused_resumed_edited_and_deleted(
    browser: Client, endpoint: WebhookEndpoint
) -> None:
    browser.post(at(endpoint, "/pause"))
    assert "Paused" in page(browser, at(endpoint))
    browser.post(at(endpoint, "/resume"))
    assert "Active" in page(browser, at(endpoint))
    browser.post(at(endpoint, "/edit"), GIVEN | {"name": "Shop", "url": endpoint.url})
    assert "Shop" in page(browser, LIST)
    secret = endpoints.secrets_of(endpoint, timezone.now())
    assert "new secret" in browser.post(at(endpoint, "/rotate-secret")).content.decode()
    endpoint.refresh_from_db()
    assert endpoints.secrets_of(endpoint, timezone.now())[1:] == secret
    assert "cannot be taken back" in page(browser, at(endpoint, "/delete"))
    browser.post(at(endpoint, "/delete"))
    assert not WebhookEndpoint.plain.exists()
    actions = AuditEntry.plain.filter(target_type="webhookendpoint").order_by("pk")
    assert [entry.action.partition(".")[2] for entry in actions] == [
        "created",
        "changed",
        "changed",
        "changed",
        "secret_rotated",
        "deleted",
    ]
    assert "/hook" not in str(list(actions.values("changes")))


def test_the_page_for_receivers_explains_and_shows_every_event(browser: Client) -> None:
    text = page(browser, f"{LIST}/receiving")
    assert "hmac.compare_digest" in text
    assert "webhook.stopped" in text


PATHS = ["", "/new", "/receiving", "/{pk}", "/{pk}/edit", "/{pk}/delete", "/{pk}/deliveries/{sent}"]
ACTS = ["pause", "resume", "rotate-secret", "delete", "test", "replay-failed", "edit"]


def test_only_admins_manage_webhooks(
    endpoint: WebhookEndpoint, member: Any, signed_in: Callable[[Membership], Client]
) -> None:
    sent = outbox.add_webhook("x", endpoint, {"type": "x", "data": {}}).pk
    manager = signed_in(member(Role.MANAGER, "max@acme.test"))
    admin = signed_in(member(Role.ADMIN, "ann@acme.test"))
    for path in PATHS:
        path = LIST + path.format(pk=endpoint.pk, sent=sent)
        assert (manager.get(path).status_code, admin.get(path).status_code) == (403, 200), path
    for act in [*ACTS, f"deliveries/{sent}/replay"]:
        assert manager.post(at(endpoint, f"/{act}")).status_code == 403
    assert manager.post(f"{LIST}/new", GIVEN).status_code == 403


def test_another_tenants_webhooks_do_not_exist(
    endpoint: WebhookEndpoint, rival_site: Site, signed_in: Callable[[Membership], Client]
) -> None:
    rival = rival_site.tenant.memberships.get()
    sent = outbox.add_webhook("x", endpoint, {"type": "x", "data": {}}).pk
    theirs = endpoints.make(rival, GIVEN | {"url": "http://127.0.0.1:9/"})[0]
    browser = signed_in(rival)
    assert "Warehouse" in page(browser, LIST)
    assert str(endpoint.pk) not in page(browser, LIST)
    for path in PATHS[3:]:
        assert browser.get(LIST + path.format(pk=endpoint.pk, sent=sent)).status_code == 404
    for act in [*ACTS, f"deliveries/{sent}/replay"]:
        assert browser.post(at(endpoint, f"/{act}")).status_code == 404
    assert browser.get(at(theirs, f"/deliveries/{sent}")).status_code == 404
    assert browser.post(at(theirs, f"/deliveries/{sent}/replay")).status_code == 404
