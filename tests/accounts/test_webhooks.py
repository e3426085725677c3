"""Webhooks reach their receivers: signed, again and again, and never anybody else."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import pytest
import structlog
from django.utils import timezone
from django.utils.http import http_date
from standardwebhooks import Webhook, WebhookVerificationError

from accounts import audit
from accounts.members import suspension
from accounts.models import (
    AuditEntry,
    Membership,
    OutboxMessage,
    Site,
    WebhookEndpoint,
)
from accounts.outgoing import (
    dispatch,
    endpoints,
    events,
    outbox,
    shapes,
    targets,
    webhook,
    webhook_views,
)
from accounts.outgoing.outcome import Result
from accounts.outgoing.webhook_forms import WebhookForm
from accounts.outgoing.webhook_serializers import WebhookSerializer
from accounts.sites import lifecycle
from accounts.tenants import tenant_deletion
from tests.accounts.test_public_addresses import PRIVATE
from tests.receivers import Receiver, answer, drip, drop, endless, hang, receiving

State = OutboxMessage.State
Make = Callable[..., WebhookEndpoint]


@pytest.fixture(autouse=True)
def _loopback_is_ours(settings: Any) -> None:
    settings.OUTGOING_ALLOWED = ["127.0.0.1"]
    structlog.contextvars.clear_contextvars()  # nobody's request


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def make(owner: Membership) -> Make:
    """Make a webhook of Acme's: `make(receiver.url, events=["site.changed"])`."""

    def made(url: str, **values: Any) -> WebhookEndpoint:
        told = {"name": "Warehouse", "url": url, "shape": "standard", "events": [events.ALL]}
        return endpoints.make(owner, told | values)[0]

    return made


def deliver() -> list[OutboxMessage]:
    """Send what is due; the webhooks' messages as they are then, the oldest first."""
    dispatch.send_due(0.01)
    rows = OutboxMessage.plain.filter(channel="webhook").order_by("created_at")
    return list(rows.prefetch_related("history"))


def a_try(now: datetime) -> OutboxMessage:
    """Try the one message that is due at a moment, and write down what came of it then."""
    (message,) = dispatch.claim(1, now)
    dispatch.note(message, dispatch.attempt(message), now, now)
    return OutboxMessage.plain.get(pk=message.pk)


# --- Signed -----------------------------------------------------------------------------------


def verified(receiver: Receiver, secret: str) -> list[Any]:
    """What the receiver got, all of it verified by the standard's own library."""
    return [Webhook(secret).verify(asked.body, asked.headers) for asked in receiver.asked]


def test_every_delivery_verifies_also_while_the_secret_changes(
    receiver: Receiver, owner: Membership, make: Make
) -> None:
    endpoint = make(receiver.url)
    first = endpoints.written(endpoints.secrets_of(endpoint, timezone.now())[0])
    endpoints.send_test(endpoint, owner.user)
    deliver()
    second = endpoints.rotate(endpoint, owner.user, timezone.now())
    endpoints.send_test(endpoint, owner.user)
    deliver()
    assert [told["type"] for told in verified(receiver, first)] == ["test", "test"]
    assert Webhook(second).verify(receiver.asked[1].body, receiver.asked[1].headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(second).verify(receiver.asked[0].body, receiver.asked[0].headers)


def test_a_former_secret_ends_after_a_day(make: Make, owner: Membership) -> None:
    endpoint, now = make("http://127.0.0.1:9/"), timezone.now()
    endpoints.rotate(endpoint, owner.user, now)
    endpoint.refresh_from_db()
    assert len(endpoints.secrets_of(endpoint, now + timedelta(hours=23))) == 2
    assert len(endpoints.secrets_of(endpoint, now + timedelta(hours=24))) == 1


def test_the_code_on_the_page_verifies(receiver: Receiver, owner: Membership, make: Make) -> None:
    endpoint = make(receiver.url)
    secret = endpoints.rotate(endpoint, owner.user, timezone.now())
    endpoints.send_test(endpoint, owner.user)
    deliver()
    told: dict[str, Any] = {}
    exec(webhook_views.VERIFYING, told)
    (asked,) = receiver.asked
    assert told["is_from_linkpro"](secret, asked.headers, asked.body)
    assert not told["is_from_linkpro"](secret, asked.headers, asked.body + b" ")
    old = asked.headers | {"webhook-timestamp": "1000000000"}
    assert not told["is_from_linkpro"](secret, old, asked.body)


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_YWJjZGVmZ2g=", "whsec_" + "YWFh" * 22, "whsec_nöt", "YWFh" * 8]
)
def test_a_weak_secret_is_refused(text: str) -> None:
    with pytest.raises(endpoints.BadSecret):
        endpoints.read_secret(text)


def test_a_secret_stands_nowhere_in_the_clear(make: Make) -> None:
    endpoint = make("http://127.0.0.1:9/")
    secret = endpoints.secrets_of(endpoint, timezone.now())[0]
    row = WebhookEndpoint.plain.filter(pk=endpoint.pk).values().get()
    assert secret not in bytes(row["sealed_secret"])
    assert endpoints.written(secret) not in str(row) + str(list(AuditEntry.plain.values()))


# --- Again and again --------------------------------------------------------------------------


def test_a_receiver_that_is_away_is_tried_for_three_days_under_one_id(
    receiver: Receiver, owner: Membership, make: Make
) -> None:
    endpoint = make(receiver.url)
    receiver.answers(answer(500))
    message = outbox.add_webhook("site.created", endpoint, {"type": "x", "data": {}})
    begun = now = timezone.now()
    while message.state == State.WAITING:
        message = a_try(now)
        last, now = now, message.next_at
    assert message.state == State.FAILED
    assert last - begun >= timedelta(hours=72)
    assert len(receiver.asked) >= 8
    assert {asked.headers["webhook-id"] for asked in receiver.asked} == {str(message.pk)}
    assert len({asked.body for asked in receiver.asked}) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 408, 500, 502])
def test_what_is_no_success_is_tried_again(status: int) -> None:
    assert webhook.judged(status).result == Result.RETRY


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_success(status: int) -> None:
    assert webhook.judged(status).result == Result.DELIVERED


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_receiver_is_left_alone_for_as_long_as_it_asks(
    receiver: Receiver, owner: Membership, make: Make, status: int
) -> None:
    receiver.answers(answer(status, "Retry-After: 7200"))
    outbox.add_webhook("site.created", make(receiver.url), {"type": "x", "data": {}})
    now = timezone.now()
    assert a_try(now).next_at >= now + timedelta(hours=2)


def test_a_wish_to_wait_is_read_whatever_it_is() -> None:
    later = timezone.now() + timedelta(hours=3)
    near = webhook.wish(http_date(later.timestamp()))
    assert near is not None
    assert abs(near - timedelta(hours=3)) < timedelta(seconds=5)
    assert webhook.wish("Wed, 21 Oct 2015 07:28:00 GMT") == timedelta(0)
    assert webhook.wish("120") == timedelta(minutes=2)
    assert webhook.wish("9" * 400) is not None
    for text in ("", "soon", "-5", "1.5", "\u0661", "Wed, 99 Oct 99999 07:28:00 GMT"):
        assert webhook.wish(text) is None


@pytest.mark.parametrize("speaks", [hang, drip, drop])
def test_what_ill_behaved_receivers_do_loses_nothing_and_delays_nobody(
    receiver: Receiver, make: Make, owner: Membership, monkeypatch: Any, speaks: Any
) -> None:
    monkeypatch.setattr(webhook, "DEADLINE", 0.3)
    with receiving(speaks) as ill:
        bad, good = make(ill.url), make(receiver.url)
        for number in range(6):
            outbox.add_webhook("x", bad, {"type": "x", "data": {"n": number}})
        outbox.add_webhook("x", good, {"type": "x", "data": {}})
        begun = monotonic()
        messages = deliver()
        assert monotonic() - begun < 5
    assert messages[-1].state == State.SENT
    assert {message.state for message in messages[:-1]} == {State.WAITING}
    assert receiver.connections == 1


def test_an_answer_without_end_is_a_success_by_its_status(
    receiver: Receiver, make: Make, owner: Membership
) -> None:
    receiver.speaks = endless
    endpoints.send_test(make(receiver.url), owner.user)
    (message,) = deliver()
    assert message.state == State.SENT


def test_a_redirect_is_not_followed(receiver: Receiver, make: Make, owner: Membership) -> None:
    with receiving() as inside:
        receiver.answers(answer(302, f"Location: {inside.url}"))
        endpoints.send_test(make(receiver.url), owner.user)
        (message,) = deliver()
        assert inside.connections == 0
    (tried,) = message.history.all()
    assert (tried.status, "Redirects" in tried.detail) == (302, True)


# --- The end ----------------------------------------------------------------------------------


def test_410_ends_a_webhook_and_tells_the_owners(
    receiver: Receiver, make: Make, owner: Membership
) -> None:
    endpoint, other = make(receiver.url), make("http://127.0.0.1:9/", name="Other")
    receiver.answers(answer(410))
    for number in range(5):
        outbox.add_webhook("x", endpoint, {"type": "x", "data": {"n": number}})
    a_try(timezone.now())
    endpoint.refresh_from_db()
    assert not endpoint.enabled
    assert "410" in endpoint.stopped_because
    states = endpoint.messages.values_list("state", flat=True)
    assert sorted(states) == ["cancelled"] * 4 + ["failed"]
    (mail,) = OutboxMessage.plain.filter(kind="webhook_stopped")
    assert mail.recipient == owner.user.email
    told = outbox.content_of(mail)["text"]
    assert f"/organisation/webhooks/{endpoint.pk}" in told
    assert "410" in told
    assert other.messages.get().kind == "webhook.stopped"


def test_five_days_of_failure_end_a_webhook(
    receiver: Receiver, make: Make, owner: Membership
) -> None:
    endpoint = make(receiver.url)
    receiver.answers(answer(500))
    outbox.add_webhook("x", endpoint, {"type": "x", "data": {}})
    now = timezone.now()
    a_try(now)
    endpoint.refresh_from_db()
    assert endpoint.failing_since == now
    message = OutboxMessage.plain.filter(channel="webhook").get()
    message.next_at = now
    message.save()
    a_try(now + timedelta(days=4, hours=23))
    endpoint.refresh_from_db()
    assert endpoint.enabled
    a_try(now + timedelta(days=8))
    endpoint.refresh_from_db()
    assert not endpoint.enabled


def test_a_success_makes_failures_forgotten(
    receiver: Receiver, make: Make, owner: Membership
) -> None:
    endpoint = make(receiver.url)
    receiver.answers(answer(500), answer(200))
    outbox.add_webhook("x", endpoint, {"type": "x", "data": {}})
    message = a_try(timezone.now())
    assert a_try(message.next_at).state == State.SENT
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_what_waits_goes_to_todays_address(
    receiver: Receiver, make: Make, owner: Membership
) -> None:
    with receiving() as former:
        endpoint = make(former.url)
        outbox.add_webhook("x", endpoint, {"type": "x", "data": {}})
        endpoints.change(endpoint, {"url": receiver.url}, owner.user)
        deliver()
        assert (former.connections, receiver.connections) == (0, 1)


def test_what_waits_for_a_paused_or_deleted_webhook_is_not_sent(
    receiver: Receiver, make: Make, owner: Membership
) -> None:
    paused, deleted = make(receiver.url), make(receiver.url, events=["site.created"])
    for endpoint in (paused, deleted):
        outbox.add_webhook("x", endpoint, {"type": "x", "data": {}})
    endpoints.change(paused, {"enabled": False}, owner.user)
    endpoints.delete(deleted, owner.user)
    (message,) = deliver()
    assert message.state == State.CANCELLED
    assert receiver.connections == 0


def test_nothing_of_a_suspended_organisation_leaves_until_it_is_let_in_again(
    receiver: Receiver, make: Make, owner: Membership, rival_site: Site
) -> None:
    endpoint, staff = make(receiver.url), owner.user
    WebhookEndpoint.plain.update(failing_since=timezone.now() - webhook.PATIENCE)
    outbox.add_webhook("x", endpoint, {"type": "x", "data": {}})
    mail = outbox.add_mail("x", "carl@example.com", "Hello", "Hello", tenant=owner.tenant)
    theirs = outbox.add_mail("x", "rita@example.com", "Hello", "Hello", tenant=rival_site.tenant)
    now = timezone.now()
    suspension.suspend_tenant(owner.tenant, now, by=staff)
    assert [message.pk for message in dispatch.claim(10, now)] == [theirs.pk]
    assert OutboxMessage.plain.get(pk=mail.pk).attempts == 0
    tenant_deletion.schedule(owner.tenant, staff, now)
    assert [message.kind for message in dispatch.claim(10, timezone.now())] == ["tenant_deletion"]
    tenant_deletion.keep(owner.tenant, staff)
    suspension.resume_tenant(owner.tenant, by=staff)
    assert WebhookEndpoint.plain.get().failing_since is None
    (message,) = deliver()
    assert (message.state, receiver.connections) == (State.SENT, 1)
    assert OutboxMessage.plain.get(pk=mail.pk).state == State.SENT


def test_a_test_reaches_a_paused_webhook_and_is_not_repeated(
    receiver: Receiver, make: Make, owner: Membership
) -> None:
    endpoint = endpoints.change(make(receiver.url), {"enabled": False}, owner.user)
    receiver.answers(answer(500))
    endpoints.send_test(endpoint, owner.user)
    (message,) = deliver()
    assert (message.state, receiver.connections) == (State.FAILED, 1)


def test_a_replay_has_the_same_id_and_content(
    receiver: Receiver, make: Make, owner: Membership
) -> None:
    endpoint = make(receiver.url)
    endpoints.send_test(endpoint, owner.user)
    (message,) = deliver()
    assert endpoints.replay(endpoint, message, owner.user)
    assert not endpoints.replay(endpoint, message, owner.user)
    deliver()
    first, second = receiver.asked
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


def test_all_that_failed_since_a_moment_is_sent_again(
    receiver: Receiver, make: Make, owner: Membership
) -> None:
    endpoint, now = make(receiver.url), timezone.now()
    for state, days in (("failed", 1), ("cancelled", 2), ("failed", 9), ("sent", 1)):
        message = outbox.add_webhook("x", endpoint, {"type": "x", "data": {}})
        made = now - timedelta(days=days)
        OutboxMessage.plain.filter(pk=message.pk).update(state=state, created_at=made)
    assert endpoints.replay_failed(endpoint, now - timedelta(days=3), owner.user) == 2
    deliver()
    assert receiver.connections == 2


# --- Nobody else ------------------------------------------------------------------------------


def test_no_private_address_is_reached_when_saved_tested_or_sent(
    make: Make, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """In every spelling, by the page's form, by the API's PATCH, and by each kind of sending."""
    endpoint = make("http://127.0.0.1:9/")
    settings.OUTGOING_ALLOWED = []
    with receiving(host="0.0.0.0") as inside:
        monkeypatch.setattr(targets, "PORTS", (inside.port,))
        for host in PRIVATE:
            host = f"[{host.strip('[]')}]" if ":" in host else host
            for scheme in ("https", "http"):
                url = f"{scheme}://{host}:{inside.port}/"
                form = WebhookForm({"name": "a", "url": url, "shape": "slack", "events": ["*"]})
                assert "url" in form.errors
                patch = WebhookSerializer(endpoint, {"url": url}, partial=True)
                assert not patch.is_valid()
                endpoint.url = url
                for kind in ("test", "site.created"):
                    sent = OutboxMessage(kind=kind, endpoint=endpoint, tenant=endpoint.tenant)
                    outcome = webhook.send(sent, events.event(kind, {}, timezone.now()))
                    assert outcome.result != Result.DELIVERED
                endpoint.url = "http://127.0.0.1:9/"
        assert inside.connections == 0


def test_a_name_that_turns_private_is_not_reached(
    make: Make, owner: Membership, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """Public when it was saved, private when it is sent: the checks of then do not count."""
    settings.OUTGOING_ALLOWED = []
    with receiving() as inside:
        endpoint = make(f"https://hooks.example:{inside.port}/")
        found = [(0, 0, 0, "", ("127.0.0.1", inside.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)
        endpoints.send_test(endpoint, owner.user)
        outbox.add_webhook("x", endpoint, {"type": "x", "data": {}})
        test, other = deliver()
        assert inside.connections == 0
    assert (test.state, other.state) == (State.FAILED, State.WAITING)


# --- Events -----------------------------------------------------------------------------------


def test_an_audited_change_is_told_in_its_transaction(
    receiver: Receiver, make: Make, owner: Membership, site: Site
) -> None:
    make(receiver.url, events=["site.changed"])
    lifecycle.schedule_deletion(site, owner, timezone.now())
    deliver()
    (asked,) = receiver.asked
    told = json.loads(asked.body)
    assert told["type"] == "site.changed"
    assert datetime.fromisoformat(told["timestamp"]).tzinfo == UTC
    assert (told["data"]["kind"], told["data"]["id"]) == ("site", str(site.pk))
    assert told["data"]["name"] == "Acme shop"
    assert told["data"]["by"] == {"kind": "person", "id": owner.user_id}


def test_nobody_is_named_to_a_receiver(make: Make, owner: Membership, member: Any) -> None:
    make("http://127.0.0.1:9/")
    ben = member()
    audit.record("membership.created", ben, tenant=owner.tenant, actor=owner.user)
    (message,) = OutboxMessage.plain.filter(kind="member.joined")
    told = json.dumps(outbox.content_of(message))
    assert str(ben.pk) in told
    assert not any(word in told for word in ("ben@", "Ada", "acme.test"))


def test_only_who_wants_an_event_is_told(
    make: Make, owner: Membership, site: Site, rival_site: Site
) -> None:
    rival = rival_site.tenant.memberships.get()
    paused = make("http://127.0.0.1:9/")
    endpoints.change(paused, {"enabled": False}, owner.user)
    wants = make("http://127.0.0.1:9/", events=["site.reset"])
    make("http://127.0.0.1:9/", events=["site.created"])
    values = {"name": "R", "url": "http://127.0.0.1:9/", "shape": "standard", "events": ["*"]}
    endpoints.make(rival, values)
    audit.record("site.reset", site, tenant=site.tenant, actor=owner.user)
    assert [row.endpoint for row in OutboxMessage.plain.filter(kind="site.reset")] == [wants]


def test_telling_nobody_costs_one_query(
    site: Site, owner: Membership, django_assert_num_queries: Any
) -> None:
    tenant, actor = owner.tenant, owner.user
    with django_assert_num_queries(2):  # the entry, and who wants it
        audit.record("site.reset", site, tenant=tenant, actor=actor)
    with django_assert_num_queries(1):
        audit.record("site.looked_at", site, tenant=tenant, actor=actor)


def test_every_event_has_an_example_that_can_be_sent() -> None:
    for one in events.EVENTS.values():
        told = events.event(one.type, one.example, timezone.now())
        for shape in shapes.SHAPES:
            assert shapes.body_of(told, shape)
        assert one.label
        assert one.sent_when


# --- Content ----------------------------------------------------------------------------------

NASTY = "@everyone <!channel> <@U1> **b** [a](https://evil.example) \x00 \ud800 & | `x`"


def nasty() -> shapes.Event:
    return events.event("site.changed", {"name": NASTY, NASTY: 1, "n": None}, timezone.now())


def test_content_is_clean_json_of_at_most_20_kb() -> None:
    body = shapes.body_of(nasty(), "standard")
    assert b"\\u0000" not in body
    assert json.loads(body.decode())["data"]["n"] is None
    with pytest.raises(shapes.TooLong):
        shapes.body_of(events.event("x", {"a": "b" * 20_001}, timezone.now()), "standard")


def test_changes_that_are_too_long_are_left_out(make: Make, owner: Membership, site: Site) -> None:
    make("http://127.0.0.1:9/", events=["site.changed"])
    changes = {"excluded_paths": [[], ["/a" * 20] * 2_000]}
    audit.record("site.changed", site, tenant=site.tenant, actor=owner.user, changes=changes)
    (message,) = OutboxMessage.plain.filter(kind="site.changed")
    told = outbox.content_of(message)["data"]
    assert (told["changes"], told["id"]) == (None, str(site.pk))


def test_nothing_in_a_chat_is_markup() -> None:
    slack = json.loads(shapes.body_of(nasty(), "slack"))
    assert {block["text"]["type"] for block in slack["blocks"]} == {"plain_text"}
    assert "<" not in slack["text"]
    discord = json.loads(shapes.body_of(nasty(), "discord"))
    assert discord["allowed_mentions"] == {"parse": []}
    told = discord["embeds"][0]["fields"][0]["value"]
    assert told.startswith("\\@everyone \\<!channel\\>")
    assert "\\[a\\]\\(https\\:" in told
    teams = json.loads(shapes.body_of(nasty(), "teams"))
    card = teams["attachments"][0]["content"]
    assert {row["type"] for row in card["body"]} == {"RichTextBlock"}


@pytest.mark.parametrize("shape", ["slack", "teams", "discord"])
def test_chats_get_no_signature_and_no_more_than_they_take(
    receiver: Receiver, make: Make, owner: Membership, shape: str
) -> None:
    data = {f"field{number}": "a" * 450 for number in range(30)}
    event = events.event("site.changed", data, timezone.now())
    outbox.add_webhook("site.changed", make(receiver.url, shape=shape), event)
    (message,) = deliver()
    (asked,) = receiver.asked
    assert message.state == State.SENT
    assert not any(name.startswith("webhook-") for name in asked.headers)
    told = json.loads(asked.body)
    if shape == "slack":
        assert all(len(block["text"]["text"]) <= 3_000 for block in told["blocks"])
    if shape == "discord":
        embed = told["embeds"][0]
        assert len(embed["fields"]) <= 25
        assert sum(len(one["name"]) + len(one["value"]) for one in embed["fields"]) < 6_000
