"""The outbox: nothing is lost, nobody waits for others, and what happened is written down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from threading import Timer
from typing import Any

import pytest
from django.core import mail as sent_by_django
from django.db import connections, transaction
from django.utils import timezone

from accounts import vault
from accounts.models import MailServer, OutboxAttempt, OutboxMessage, Tenant
from accounts.outgoing import dispatch, mail_servers, outbox, smtp
from accounts.outgoing.outcome import Outcome, delivered, retry
from accounts.outgoing.retries import MOST_TRIES, WAITS, wait_after
from tests.mailserver import HOST
from tests.mailserver import MailServer as Receiver

pytestmark = pytest.mark.django_db

State = OutboxMessage.State


@pytest.fixture(autouse=True)
def _own_network(settings, servers) -> Iterator[None]:
    settings.OUTGOING_ALLOWED = [HOST, "localhost"]
    settings.OUTGOING_CA_FILE = str(servers.ca_file)
    yield
    smtp.close_idle()


def by(tenant: Tenant, receiver: Receiver, **values) -> MailServer:
    """Let a tenant's mail leave by this server."""
    given: dict[str, Any] = {"server": HOST, "from_address": "shop@acme.test", "use_tls": False}
    given |= values
    server = MailServer(tenant=tenant, port=receiver.port)
    for name, value in given.items():
        setattr(server, name, value)
    server.save()
    return server


def add(tenant: Tenant | None, to: str = "carl@example.com", **values) -> OutboxMessage:
    return outbox.add_mail("test", to, "Hello", "Hello Carl", tenant=tenant, **values)


def again(message: OutboxMessage) -> OutboxMessage:
    return OutboxMessage.plain.get(pk=message.pk)


def send(now: datetime | None = None, most: int = 100) -> int:
    """Send what is due at a moment, one after the other; returns how many tries there were."""
    now = now or timezone.now()
    messages = dispatch.claim(most, now)
    for message in messages:
        dispatch.note(message, dispatch.attempt(message), now, now)
    return len(messages)


def send_all(now: datetime) -> None:
    """Let days pass until nothing waits any more."""
    for _try in range(50):
        waiting = OutboxMessage.plain.filter(state=State.WAITING).order_by("next_at").first()
        if waiting is None:
            return
        now = max(now + dispatch.LEASE, waiting.next_at)
        while send(now):
            pass
    raise AssertionError("something waits for ever")


# --- Sent -------------------------------------------------------------------------------------


def test_what_is_added_is_sent_once_and_its_history_kept(acme, servers):
    receiver = servers.start()
    by(acme, receiver)
    message = add(acme)
    assert dispatch.send_due() == 1
    assert dispatch.send_due() == 0
    assert (again(message).state, len(receiver.received)) == (State.SENT, 1)
    (attempt,) = message.history.all()
    assert (attempt.number, attempt.delivered, attempt.status) == (1, True, 250)
    assert attempt.detail == "2.0.0 Ok: queued"


def test_what_is_rolled_back_is_never_sent(acme):
    with transaction.atomic():
        add(acme)
        transaction.set_rollback(True)
    assert dispatch.send_due() == 0
    assert not sent_by_django.outbox


def test_nothing_leaves_before_its_time(acme):
    later = timezone.now() + timedelta(hours=1)
    add(acme, at=later)
    assert send(later - timedelta(seconds=1)) == 0
    assert send(later) == 1


def test_a_worker_is_woken_once_a_transaction(acme, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as woken:
        add(acme)
        add(acme)
    assert woken == [outbox.wake]


def test_adding_works_while_redis_is_away(acme, settings, django_capture_on_commit_callbacks):
    from linkpro.celery import app

    there, app.conf.broker_url = app.conf.broker_url, "redis://127.0.0.1:1/0"
    try:
        with django_capture_on_commit_callbacks(execute=True):
            message = add(acme)
    finally:
        app.conf.broker_url = there
    assert dispatch.send_due() == 1
    assert again(message).state == State.SENT


# --- Tried again ------------------------------------------------------------------------------


def test_ten_tries_over_three_days():
    waits = [wait_after(tries) for tries in range(1, MOST_TRIES + 1)]
    assert waits[-1] is None
    assert MOST_TRIES == 10
    total = sum((wait for wait in waits if wait), timedelta())
    assert timedelta(hours=72) < timedelta(seconds=sum(WAITS)) <= total < timedelta(hours=84)


def test_those_that_failed_together_do_not_come_back_together():
    assert len({wait_after(5) for _one in range(20)}) > 10


def test_a_receiver_that_asks_for_time_gets_it():
    assert wait_after(1, timedelta(hours=1)) == timedelta(hours=1)
    assert wait_after(1, timedelta(days=900)) == timedelta(days=2)
    assert wait_after(3, timedelta(seconds=1)) >= timedelta(seconds=WAITS[2])


def test_a_refusal_for_now_is_tried_again_and_then_arrives(acme, servers):
    receiver = servers.start(script=["rcpt 451 4.7.1 Try later", "data 452 4.3.1 Full"])
    by(acme, receiver)
    message = add(acme)
    send_all(timezone.now())
    told = list(message.history.values_list("status", "delivered"))
    assert told == [(451, False), (452, False), (250, True)]
    assert len(receiver.received) == 1


def test_a_recipient_refused_for_good_is_given_up_at_once(acme, servers):
    receiver = servers.start(script=["rcpt 550 5.1.1 No such user"])
    by(acme, receiver)
    message = add(acme)
    send()
    assert again(message).state == State.FAILED
    assert message.history.get().detail == "5.1.1 No such user"
    assert again(message).sealed is not None


def test_what_fails_for_days_is_given_up_and_can_be_sent_again(acme, servers):
    receiver = servers.start(always="rcpt 451 4.7.1 Try later")
    by(acme, receiver)
    message = add(acme)
    began = timezone.now()
    send_all(began)
    last = again(message)
    assert (last.state, message.history.count()) == (State.FAILED, MOST_TRIES)
    assert last.finished_at - began > timedelta(hours=72)
    receiver.always = ""
    assert outbox.send_again(last, timezone.now())
    assert send() == 1
    assert again(message).state == State.SENT
    assert message.history.count() == MOST_TRIES + 1
    assert receiver.received[0].message_id.startswith(f"<{message.pk}@")


def test_a_waiting_message_is_called_back_unless_it_is_on_its_way(acme):
    called_back, on_its_way = add(acme, at=timezone.now() + timedelta(hours=1)), add(acme)
    now = timezone.now()
    dispatch.claim(10, now)
    assert outbox.cancel(called_back, now)
    assert not outbox.cancel(on_its_way, now)
    assert not outbox.cancel(called_back, now)
    assert not outbox.send_again(on_its_way, now)
    assert send(now + timedelta(days=1)) == 1  # the leased one, whose worker never came back
    assert again(called_back).state == State.CANCELLED


# --- Crashes ----------------------------------------------------------------------------------


STEPS = ("leased", "sent", "writing")


def run_and_die(step: str, now: datetime) -> None:
    """A worker that dies at a step."""
    for message in dispatch.claim(1, now):
        if step == "leased":
            return
        outcome = dispatch.attempt(message)
        if step == "sent":
            return
        with transaction.atomic():
            dispatch.note(message, outcome, now, now)
            transaction.set_rollback(True)


def test_fifty_crashes_lose_nothing_and_double_only_with_the_same_id(acme, servers):
    receiver = servers.start()
    by(acme, receiver)
    messages = [add(acme, to=f"reader{number}@example.com") for number in range(25)]
    now = timezone.now()
    for number in range(50):
        now += dispatch.LEASE
        run_and_die(STEPS[number % 3], now)
    send_all(now)
    assert {again(message).state for message in messages} == {State.SENT}
    ids = {mail.recipient: set() for mail in receiver.received}
    for mail in receiver.received:
        ids[mail.recipient].add(mail.message_id)
    assert len(ids) == 25
    assert {len(found) for found in ids.values()} == {1}
    assert len(receiver.received) > 25  # or no crash came between sending and writing


def test_a_connection_that_drops_after_the_last_letter_means_the_same_mail_twice(acme, servers):
    receiver = servers.start(script=["take and drop"])
    by(acme, receiver)
    message = add(acme)
    send_all(timezone.now())
    assert again(message).state == State.SENT
    first, second = receiver.received
    assert first.content == second.content


def test_who_comes_back_late_writes_nothing(acme):
    message = add(acme)
    now = timezone.now()
    (late,) = dispatch.claim(1, now)
    assert dispatch.claim(1, now + dispatch.LEASE / 2) == []
    (heir,) = dispatch.claim(1, now + dispatch.LEASE)
    assert not dispatch.note(late, retry("late"), now, now)  # while the heir is sending
    assert dispatch.note(heir, delivered(250), now, now)
    assert not dispatch.note(late, retry("late"), now, now)
    assert again(message).state == State.SENT
    assert message.history.get().delivered


def test_a_message_that_kills_whoever_sends_it_is_given_up(acme):
    message = add(acme)
    now = timezone.now()
    for _try in range(MOST_TRIES):
        now += dispatch.LEASE
        assert dispatch.claim(1, now)
    send(now + dispatch.LEASE)
    assert again(message).state == State.FAILED
    assert not sent_by_django.outbox


def test_a_mistake_of_ours_in_one_message_does_not_stop_the_others(acme, monkeypatch):
    broken, fine = add(acme), add(acme)

    def choose(message: OutboxMessage, content: dict) -> Outcome:
        if message.pk == broken.pk:
            raise KeyError("text")
        return delivered()

    monkeypatch.setitem(dispatch.SENDERS, "mail", choose)
    dispatch.send_due()
    assert again(fine).state == State.SENT
    assert again(broken).state == State.WAITING
    assert "log" in broken.history.get().detail


HOLD = "SELECT FROM accounts_outboxmessage WHERE id = %s FOR UPDATE"


class Holding:
    """Somebody who holds a message's row from the moment that it is sent."""

    def __init__(self) -> None:
        self.other = connections.create_connection("default")

    def send(self, message: OutboxMessage, content: dict) -> Outcome:
        self.other.inc_thread_sharing()
        self.other.set_autocommit(False)
        with self.other.cursor() as cursor:
            cursor.execute(
                "SELECT FROM accounts_outboxmessage WHERE id = %s FOR UPDATE", [message.pk]
            )
        Timer(0.3, self.other.rollback).start()
        return delivered(250)


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_written_down_at_once_is_written_later_and_not_sent_again(acme, monkeypatch):
    holding = Holding()
    monkeypatch.setitem(dispatch.SENDERS, "mail", holding.send)
    message = add(acme)
    try:
        assert dispatch.send_due() == 1
    finally:
        holding.other.close()
    assert again(message).state == State.SENT
    assert message.history.get().status == 250


def test_a_mistake_of_ours_while_writing_down_loses_nothing_of_the_others(acme, monkeypatch):
    broken, fine = add(acme), add(acme)

    def told(message: OutboxMessage, outcome: Outcome, now: datetime) -> None:
        if message.pk == broken.pk:
            raise KeyError("text")

    monkeypatch.setitem(dispatch.TOLD, "mail", told)
    dispatch.send_due()
    assert (again(broken).state, again(fine).state) == (State.WAITING, State.SENT)


def test_a_worker_whose_clock_is_ahead_takes_nothing_from_others(acme, time_machine):
    add(acme)
    assert len(dispatch.claim(1, timezone.now())) == 1
    time_machine.move_to(timezone.now() + timedelta(hours=1), tick=True)
    assert dispatch.send_due() == 0


# --- Fairness ---------------------------------------------------------------------------------


def test_a_server_that_hangs_delays_nobody_else(acme, rival_site, servers, monkeypatch):
    monkeypatch.setattr(smtp, "DEADLINE_SECONDS", 2)
    hanging, quick = servers.start(always="hang"), servers.start()
    by(acme, hanging)
    by(rival_site.tenant, quick)
    for number in range(30):
        add(acme, to=f"reader{number}@example.com")
    theirs = [add(rival_site.tenant) for _one in range(5)]
    began = timezone.now()
    dispatch.send_due(seconds=1.8)
    for message in theirs:
        assert again(message).finished_at - began < timedelta(seconds=2)
    tried = OutboxAttempt.plain.filter(message__tenant=acme)
    assert 0 < tried.count() <= dispatch.PER_LANE
    assert {attempt.delivered for attempt in tried} == {False}


def test_lanes_take_turns(acme, rival_site):
    for number in range(10):
        add(acme, to=f"reader{number}@example.com")
    add(rival_site.tenant)
    now = timezone.now()
    owners = [message.tenant for message in dispatch.claim(2, now)]
    assert owners == [acme, rival_site.tenant]
    assert len(dispatch.claim(10, now)) == dispatch.PER_LANE - 1
    assert dispatch.claim(10, now) == []


def test_the_installations_server_never_takes_all_places(db):
    tenants = [Tenant.objects.create(name=f"Tenant {number}") for number in range(10)]
    for tenant in tenants:
        add(tenant)
    code = add(None)  # somebody waits for it to sign in
    messages = dispatch.claim(24, timezone.now())
    assert len(messages) == dispatch.PER_INSTALLATION
    assert messages[0] == code


def test_every_lane_is_met_however_few_are_looked_into_at_once(db, monkeypatch):
    monkeypatch.setattr(dispatch, "LANES", 2)
    for number in range(6):
        add(Tenant.objects.create(name=f"Tenant {number}"))
    assert sum(send() for _look in range(200)) == 6


def test_taking_from_a_long_lane_asks_as_little_as_from_a_short_one(
    acme, django_assert_num_queries
):
    for number in range(20):
        add(acme, to=f"reader{number}@example.com")
    with django_assert_num_queries(7):
        assert len(dispatch.claim(24, timezone.now())) == dispatch.PER_LANE


# --- Kept and forgotten -----------------------------------------------------------------------


def test_content_is_sealed_for_its_row_alone(acme):
    one, other = add(acme), add(acme)
    assert b"Hello Carl" not in bytes(again(one).sealed)
    OutboxMessage.plain.filter(pk=other.pk).update(sealed=again(one).sealed)
    with pytest.raises(vault.Unreadable):
        outbox.content_of(again(other))
    send()
    assert again(other).state == State.FAILED


def test_what_was_sent_is_forgotten_and_what_was_given_up_kept_a_while(acme, monkeypatch):
    sent = add(acme)
    failed = add(acme, to="nobody@localhost")
    now = timezone.now()
    send(now)
    assert (again(sent).state, again(failed).state) == (State.SENT, State.SENT)
    OutboxMessage.plain.filter(pk=failed.pk).update(state=State.FAILED)
    waiting = add(acme, at=now + timedelta(days=90))
    monkeypatch.setattr(outbox, "PIECE", 1)
    assert outbox.forget_old(now + timedelta(days=4), 3, 30) == {"deleted": 0, "wiped": 1}
    assert again(sent).sealed is None
    assert not outbox.send_again(again(sent), now)
    assert again(failed).sealed is not None
    assert outbox.forget_old(now + timedelta(days=31), 3, 30)["deleted"] == 2
    assert list(OutboxMessage.plain.all()) == [again(waiting)]


def test_a_servers_failure_is_remembered_until_a_mail_gets_through(acme, servers):
    receiver = servers.start(always="drop")
    server = by(acme, receiver)
    add(acme)
    now = timezone.now()
    send(now)
    server.refresh_from_db()
    assert server.failing_since == now
    assert "hung up" in server.failure
    receiver.always = ""
    send(now + timedelta(minutes=1))
    server.refresh_from_db()
    assert (server.failing_since, server.failure) == (None, "")
    assert mail_servers.of(acme) == server
