"""The pages and the API of the mail server and of what was sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, MailServer, Membership, OutboxMessage
from accounts.outgoing import dispatch, mail_servers, outbox, smtp
from accounts.roles import Role
from tests.mailserver import HOST

pytestmark = pytest.mark.django_db

PAGE, OUTBOX, CONFIG = "/organisation/mail", "/organisation/outbox", "/analytics/email/config"
SECRET = "marker-of-a-password-0815"


@pytest.fixture(autouse=True)
def _own_network(settings, servers) -> Iterator[None]:
    settings.OUTGOING_ALLOWED = [HOST, "localhost", "smtp.gmail.com"]
    settings.OUTGOING_CA_FILE = str(servers.ca_file)
    yield
    smtp.close_idle()


@pytest.fixture
def browser(owner, signed_in) -> Client:
    return signed_in(owner)


@pytest.fixture
def program(owner, token) -> Client:
    return Client(headers={"Authorization": f"Bearer {token(owner)}"})


def body(**values: Any) -> dict[str, Any]:
    """What the documented contract sends, but to a server on this machine."""
    return {
        "server": HOST,
        "port": 587,
        "from_address": "reports@company.com",
        "username": "username",
        "password": SECRET,
        "use_tls": True,
    } | values


def post(client: Client, path: str = CONFIG, **values: Any) -> Any:
    return client.post(path, body(**values), content_type="application/json")


# --- The API ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [CONFIG, "/api/v1/mail-server"])
def test_a_server_is_set_read_and_removed_and_its_password_never_told(program, owner, path):
    made = post(program, path)
    assert made.status_code == 200
    read = program.get(path)
    assert read.json() == made.json()
    assert read.json()["password_set"] is True
    assert "password" not in read.json()
    assert SECRET not in read.content.decode()
    assert program.delete(path).status_code == 204
    assert program.get(path).status_code == 404
    told = AuditEntry.objects.for_tenant(owner.tenant)
    assert {entry.action for entry in told} >= {"mailserver.created", "mailserver.deleted"}
    assert SECRET not in str([entry.changes for entry in told])


def test_no_password_keeps_the_one_that_is_there(program, acme):
    post(program)
    assert post(program, password="", from_address="new@company.com").status_code == 200
    found = mail_servers.reached(MailServer.objects.for_tenant(acme).get())
    assert (found.password, found.username) == (SECRET, "username")


@pytest.mark.parametrize(
    "other",
    [{"server": "localhost"}, {"username": "somebody"}, {"port": 465}, {"use_tls": False}],
)
def test_a_password_is_never_sent_elsewhere_than_it_was_entered_for(program, acme, other):
    post(program)
    refused = post(program, password="", **other)
    assert (refused.status_code, refused.json()["code"]) == (400, "password_needed")
    assert MailServer.objects.for_tenant(acme).get().server == HOST
    assert post(program, **other).status_code == 200


@pytest.mark.parametrize(
    "bad",
    [
        {"server": ""},
        {"server": "10.0.0.1"},
        {"server": "a\0b"},
        {"server": "x" * 300},
        {"server": ["a"]},
        {"port": 0},
        {"port": 10**30},
        {"port": "many"},
        {"from_address": "nobody"},
        {"from_address": "a@b.test\r\nBcc: x@y.test"},
        {"use_tls": "perhaps"},
        {"password": "x" * 501},
        {"password": {"a": 1}},
    ],
)
def test_bad_values_are_refused_with_the_field_s_name(program, acme, bad):
    refused = post(program, **bad)
    assert refused.status_code == 400
    assert next(iter(bad)) in refused.json()["errors"]
    assert not MailServer.objects.for_tenant(acme).exists()


def test_admins_alone_see_and_set_the_server(member, token, owner):
    MailServer.objects.create(tenant=owner.tenant, server=HOST, from_address="a@b.test")
    for role, status in (("viewer", 403), ("analyst", 403), ("manager", 403), ("admin", 200)):
        somebody = member(role, email=f"{role}@acme.test")
        client = Client(headers={"Authorization": f"Bearer {token(somebody)}"})
        assert client.get(CONFIG).status_code == status
        assert post(client).status_code == status
    assert Client().get(CONFIG).status_code == 401


def test_a_neighbour_s_server_does_not_exist(program, rival_site):
    MailServer.objects.create(tenant=rival_site.tenant, server=HOST, from_address="a@b.test")
    assert program.get(CONFIG).status_code == 404
    assert program.delete(CONFIG).status_code == 404
    assert program.post("/analytics/email/test").status_code == 404


def test_a_token_for_some_sites_has_no_mail_server(owner, token, site):
    narrow = Client(headers={"Authorization": f"Bearer {token(owner, site_ids=[site.pk])}"})
    assert post(narrow).status_code == 403
    assert narrow.get(CONFIG).status_code == 404


def test_a_test_tells_what_the_server_answered(program, owner, servers):
    receiver = servers.start(tls="starttls", user="username", password=SECRET)
    post(program, port=receiver.port)
    MailServer.plain.update(server="localhost")
    assert program.post("/api/v1/mail-server/test").status_code == 202
    dispatch.send_due()
    told = program.get(CONFIG).json()
    assert (told["tested_at"] is not None, told["test_error"]) == (True, "")
    assert receiver.received[0].recipient == owner.user.email
    receiver.always = "rcpt 451 4.7.1 Not now"
    program.post("/analytics/email/test")
    dispatch.send_due()
    assert program.get(CONFIG).json()["test_error"] == "4.7.1 Not now"
    assert not OutboxMessage.plain.filter(state="waiting").exists()


# --- The page ---------------------------------------------------------------------------------


def test_the_page_sets_tests_and_removes_the_server(browser, servers, owner):
    receiver = servers.start(user="username", password=SECRET)
    empty = browser.get(PAGE).content.decode()
    assert "leave by LinkPro" in empty
    saved = browser.post(PAGE, {**body(port=receiver.port), "use_tls": ""}, follow=True)
    page = saved.content.decode()
    assert SECRET not in page
    assert "Not tried yet." in page
    assert "On its way" in browser.post(f"{PAGE}/test", follow=True).content.decode()
    dispatch.send_due()
    state = browser.get(f"{PAGE}/test/state").content.decode()
    assert "250 2.0.0 Ok: queued" in state
    assert "hx-get" not in state
    assert "Remove 127.0.0.1?" in browser.get(f"{PAGE}/remove").content.decode()
    browser.post(f"{PAGE}/remove")
    assert not MailServer.plain.exists()


def test_the_page_asks_for_the_password_of_another_server(browser, owner):
    browser.post(PAGE, body())
    page = browser.post(PAGE, {**body(server="localhost"), "password": ""}).content.decode()
    assert "Enter the password again" in page
    assert MailServer.plain.get().server == HOST


def test_a_server_inside_is_refused_on_the_page(browser, settings):
    settings.OUTGOING_ALLOWED = []
    page = browser.post(PAGE, body(server="127.0.0.1")).content.decode()
    assert "finds no public server by this name" in page
    assert not MailServer.plain.exists()


def test_a_failing_server_is_told_on_the_page(browser, owner):
    MailServer.objects.create(
        tenant=owner.tenant,
        server=HOST,
        from_address="a@b.test",
        failing_since=timezone.now(),
        failure="It hung up.",
    )
    assert "It hung up." in browser.get(PAGE).content.decode()


# --- What was sent ----------------------------------------------------------------------------


@pytest.fixture
def message(owner) -> OutboxMessage:
    return outbox.add_mail(
        "invitation", "carl@example.com", "Come in", f"{SECRET} opens", tenant=owner.tenant
    )


def test_admins_see_what_was_sent_but_not_what_it_says(browser, message):
    dispatch.send_due()
    for path in (OUTBOX, f"{OUTBOX}/{message.pk}"):
        page = browser.get(path).content.decode()
        assert "Come in" in page
        assert "carl@example.com" in page
        assert SECRET not in page


def test_the_list_is_narrowed(browser, message, owner):
    outbox.add_mail("test", "dora@example.com", "Other", "text", tenant=owner.tenant)
    for query in ("search=CARL@", "search=come", "state=waiting&search=carl"):
        page = browser.get(f"{OUTBOX}?{query}").content.decode()
        assert "carl@example.com" in page
        assert "dora@example.com" not in page
    for query in ("state=sent", "channel=webhook", "search=%2525"):
        assert "None of these." in browser.get(f"{OUTBOX}?{query}").content.decode()
    for query in ("page=99", "page=x", "state=all", "channel=9"):
        assert "carl@example.com" in browser.get(f"{OUTBOX}?{query}").content.decode()


def test_a_message_is_called_back_and_sent_after_all(browser, message, owner):
    told = browser.post(f"{OUTBOX}/{message.pk}/cancel", follow=True).content.decode()
    assert "It will not be sent." in told
    assert dispatch.send_due() == 0
    late = browser.post(f"{OUTBOX}/{message.pk}/cancel", follow=True).content.decode()
    assert "It is too late" in late
    browser.post(f"{OUTBOX}/{message.pk}/send-again")
    assert dispatch.send_due() == 1
    actions = set(AuditEntry.objects.for_tenant(owner.tenant).values_list("action", flat=True))
    assert actions >= {"outboxmessage.cancelled", "outboxmessage.sent_again"}


def test_others_see_nothing_of_it(message, member, signed_in, rival_site):
    manager = signed_in(member(Role.MANAGER))
    rival = signed_in(Membership.objects.for_tenant(rival_site.tenant).get())
    one = f"{OUTBOX}/{message.pk}"
    for path in (PAGE, OUTBOX, one, f"{PAGE}/test/state"):
        assert manager.get(path).status_code == 403
    assert rival.get(one).status_code == 404
    assert "carl@example.com" not in rival.get(OUTBOX).content.decode()
    for path in (f"{one}/cancel", f"{one}/send-again"):
        assert manager.post(path).status_code == 403
        assert rival.post(path).status_code == 404
    assert OutboxMessage.plain.get(pk=message.pk).state == "waiting"


def test_the_list_asks_as_much_for_many_as_for_one(
    browser, owner, message, django_assert_max_num_queries
):
    for number in range(25):
        outbox.add_mail("test", f"r{number}@example.com", "Other", "text", tenant=owner.tenant)
    with django_assert_max_num_queries(8):
        browser.get(OUTBOX)
