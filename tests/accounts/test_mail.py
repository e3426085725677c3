"""Mails: what stands in them, by which server they leave, and who is told what."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.core import mail as sent_by_django
from django.utils import timezone

from accounts.models import MailServer, OutboxMessage, Tenant, User
from accounts.outgoing import dispatch, letters, mail, mail_servers, outbox, smtp
from accounts.roles import Role
from accounts.sites import lifecycle
from tests.mailserver import HOST
from tests.mailserver import MailServer as Receiver

pytestmark = pytest.mark.django_db

State = OutboxMessage.State
TEXT = "Hello Carl,\n\nOpen the page:\nhttp://localhost:8000/sites\n\n- one\n- two\n\n-- \nBecause."


@pytest.fixture(autouse=True)
def _own_network(settings, servers) -> Iterator[None]:
    settings.OUTGOING_ALLOWED = [HOST, "localhost"]
    settings.OUTGOING_CA_FILE = str(servers.ca_file)
    settings.BASE_URL = "http://localhost:8000"
    yield
    smtp.close_idle()


def configure(tenant: Tenant, user: User, receiver: Receiver, password="s3cret", **values) -> Any:
    given: dict[str, Any] = {
        "server": "localhost",
        "port": receiver.port,
        "from_address": "shop@acme.test",
        "username": "anna",
        "use_tls": True,
    }
    return mail_servers.configure(tenant, user, given | values, password)


def add(tenant: Tenant | None, **values: Any) -> OutboxMessage:
    given = {"to": "carl@example.com", "subject": "Hello", "text": TEXT} | values
    return outbox.add_mail("test", tenant=tenant, **given)


def try_once(message: OutboxMessage) -> OutboxMessage:
    dispatch.send_due()
    return OutboxMessage.plain.get(pk=message.pk)


# --- What stands in them ----------------------------------------------------------------------


def test_a_mail_says_who_it_is_from_and_that_no_person_wrote_it(acme, settings):
    settings.DEFAULT_FROM_EMAIL = "LinkPro <linkpro@localhost>"
    message = add(acme, reply_to="ada@acme.test", unsubscribe="https://linkpro.test/stop/1")
    try_once(message)
    (sent,) = sent_by_django.outbox
    made = sent.message()
    assert made["From"] == "Acme by LinkPro <linkpro@localhost>"
    assert made["Message-ID"] == f"<{message.pk}@localhost>"
    assert made["Reply-To"] == "ada@acme.test"
    assert made["Auto-Submitted"] == "auto-generated"
    assert made["List-Unsubscribe"] == "<https://linkpro.test/stop/1>"
    assert made["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [part.get_content_type() for part in made.walk()][1:] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    "evil",
    ["Hi\r\nBcc: x@evil.test", "Hi\nBcc: x@evil.test", "Hi\u2028Bcc: x", "Hi\0", "\u202eHi"],
)
def test_no_text_becomes_a_header(acme, evil):
    acme.name = evil.replace("\0", "")  # which no column holds
    acme.save()
    try_once(add(acme, subject=evil, reply_to="a@b.test"))
    made = sent_by_django.outbox[0].message()
    assert "Bcc" not in made
    assert not set("\r\n\0\u2028\u202e") & set(
        f"{made['Subject']}{sent_by_django.outbox[0].subject}"
    )


def test_a_recipient_with_a_line_end_is_no_address(acme):
    message = try_once(add(acme, to="carl@example.com\r\nBcc: x@evil.test"))
    assert message.state == State.FAILED
    assert not sent_by_django.outbox


def test_long_subjects_and_names_of_all_scripts_arrive_whole(acme, ada, servers):
    receiver = servers.start()
    acme.name = "Ärger & Söhne 株式会社"
    acme.save()
    configure(acme, ada, receiver, use_tls=False)
    subject = "Ein sehr langer Betreff mit Umlauten äöü " * 7
    try_once(add(acme, subject=subject, to="carl@bücher.example"))
    (received,) = receiver.received
    assert received.recipient == "carl@xn--bcher-kva.example"
    assert received.mail["Subject"].strip() == " ".join(subject.split())
    assert received.mail["From"].addresses[0].display_name == acme.name
    assert max(map(len, received.content.split(b"\r\n"))) <= 998


def test_a_text_alone_becomes_a_page_with_buttons_and_lists(acme):
    acme.colour = "#ffee00"
    html = letters.html_of("Hello", TEXT, acme)
    assert '<a href="http://localhost:8000/sites"' in html
    assert "background:#ffee00;color:#000000" in html
    assert "<li" in html
    assert "Because." in html


def test_a_link_of_strangers_never_becomes_a_button(acme):
    text = "Hi\n\nOpen the page:\nhttp://localhost:8000.evil.test/\n\nhttps://evil.test/\n"
    assert "<a " not in letters.html_of("Hello", text, acme)


def test_names_are_text_in_a_mail(acme, ada):
    acme.name = '<script>alert("x")</script>{{ 7 }}'
    server = MailServer(tenant=acme, server="smtp.acme.test")
    letter = letters.compose("accounts/email/mail_server_test", {"tenant": acme, "server": server})
    assert "<script>" in letter.text
    assert "<script>" not in letter.html
    assert letter.subject == f"The mail server of {acme.name} works"


def test_lines_are_short_and_links_whole():
    link = "http://localhost:8000/" + "x" * 90
    lines = letters.wrapped(f"{'word ' * 60}\n\n\n\n{link}\n\n-- \nwhy").split("\n")
    assert all(len(line) <= letters.WIDTH for line in lines if line != link)
    assert link in lines
    assert lines[-3:] == ["-- ", "why", ""]


# --- By which server --------------------------------------------------------------------------


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_the_tenants_server_takes_it_encrypted_and_signed_in(acme, ada, servers, monkeypatch, tls):
    receiver = servers.start(tls=tls)
    if tls == "implicit":
        monkeypatch.setattr(smtp, "TLS_PORT", receiver.port)
    configure(acme, ada, receiver)
    assert try_once(add(acme)).state == State.SENT
    assert receiver.logins == ["anna"]
    (received,) = receiver.received
    assert received.sender == "shop@acme.test"
    assert str(received.mail["From"]) == "Acme <shop@acme.test>"


def test_many_mails_share_a_connection(acme, ada, servers, monkeypatch):
    monkeypatch.setattr(dispatch, "PER_LANE", 1)
    receiver = servers.start(tls="starttls")
    configure(acme, ada, receiver)
    for number in range(6):
        add(acme, to=f"reader{number}@example.com")
    dispatch.send_due()
    assert (len(receiver.received), receiver.connections) == (6, 1)


def failure(acme: Tenant) -> str:
    message = try_once(add(acme))
    assert message.state == State.WAITING
    return message.history.get().detail


def test_a_server_without_encryption_gets_no_password(acme, ada, servers):
    receiver = servers.start()
    configure(acme, ada, receiver)
    assert "does not offer encryption" in failure(acme)
    assert receiver.logins == []


def test_a_certificate_of_somebody_else_is_refused(acme, ada, servers, settings):
    receiver = servers.start(tls="starttls")
    configure(acme, ada, receiver)
    settings.OUTGOING_CA_FILE = ""
    assert "certificate was not accepted" in failure(acme)
    assert receiver.logins == []


def test_a_wrong_password_is_told_and_tried_again(acme, ada, servers):
    receiver = servers.start(tls="starttls")
    configure(acme, ada, receiver, password="wrong")
    assert "refused the user name or the password" in failure(acme)


@pytest.mark.parametrize(
    "words", [b"hello\r\n", b"-50 Ok\r\n", b"250-more\r\n" * 1_000, b"2" * 9_000]
)
def test_what_is_no_mail_server_is_told_and_takes_nothing_from_others(
    acme, ada, rival_site, servers, words
):
    fine = servers.start()
    MailServer.objects.create(
        tenant=rival_site.tenant, server=HOST, port=fine.port, from_address="a@b.de", use_tls=False
    )
    theirs = add(rival_site.tenant)
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        Thread(target=lambda: server.accept()[0].sendall(words), daemon=True).start()
        MailServer.objects.create(
            tenant=acme, server=HOST, port=port, from_address="a@b.de", use_tls=False
        )
        assert "does not speak like a mail server" in failure(acme)
    assert OutboxMessage.plain.get(pk=theirs.pk).state == State.SENT


def test_a_closed_port_is_told_without_how(acme, ada, servers):
    receiver = servers.start()
    configure(acme, ada, receiver)
    MailServer.plain.update(port=1)
    assert failure(acme) == "The mail server localhost could not be reached."


PRIVATE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "[::1]",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "fec0::1",
    "fe80::1%eth0",
    "fc00::1",
    "localhost",
    "printer.local",
    "mail.internal",
    "intranet",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_no_server_inside_is_ever_connected_to(acme, servers, settings, host):
    receiver = servers.start()
    settings.OUTGOING_ALLOWED = []
    MailServer.objects.create(
        tenant=acme, server=host, port=receiver.port, from_address="a@b.test", use_tls=False
    )
    told = failure(acme)
    assert told == "LinkPro finds no public server by this name. Check the address."
    assert receiver.connections == 0


def test_a_public_server_is_reached_on_ports_of_mail_alone(settings):
    settings.OUTGOING_ALLOWED = []
    for port in (22, 80, 443, 5432, 6379):
        with pytest.raises(smtp.NotPublic):
            smtp.find(smtp.Server("93.184.216.34", port))
    assert smtp.find(smtp.Server("93.184.216.34", 587)) == ("93.184.216.34", ["93.184.216.34"])


def test_the_installations_server_is_trusted(acme, settings, servers):
    receiver = servers.start(tls="starttls")
    settings.OUTGOING_ALLOWED = []
    settings.EMAIL_BACKEND = mail.SMTP_BACKEND
    settings.EMAIL_HOST, settings.EMAIL_PORT = "localhost", receiver.port
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "anna", "s3cret"
    settings.EMAIL_USE_TLS = True
    assert try_once(add(acme)).state == State.SENT
    assert receiver.received[0].sender == "linkpro@localhost"


# --- Told -------------------------------------------------------------------------------------


def test_owners_are_told_once_that_nothing_gets_out(acme, ada, servers, member, monkeypatch):
    receiver = servers.start(always="rcpt 421 4.3.2 Closing")
    server = configure(acme, ada, receiver, use_tls=False, username="")
    member(Role.ADMIN)
    now = timezone.now()
    failed = mail_servers.Outcome(mail_servers.Result.RETRY, 421, "Closing", way_failed=True)
    for minutes in (0, 10, 31, 60, 500):
        mail_servers.note(server, failed, now + timedelta(minutes=minutes))
    (told,) = OutboxMessage.plain.filter(kind="mail_server_failing")
    assert (told.recipient, told.tenant) == (ada.email, None)
    content = outbox.content_of(told)
    assert "Closing" in content["text"]
    assert content["unsubscribe"].startswith("http://localhost:8000/")
    mail_servers.note(server, mail_servers.Outcome(mail_servers.Result.DELIVERED), now)
    server.refresh_from_db()
    assert (server.failing_since, server.told_at) == (None, None)


def test_who_muted_a_kind_is_not_told(acme, ada, servers):
    server = configure(acme, ada, servers.start(), use_tls=False, username="")
    ada.muted = ["mail_server_failing"]
    ada.save()
    failed = mail_servers.Outcome(mail_servers.Result.RETRY, 421, "Closing", way_failed=True)
    for hours in range(2):
        mail_servers.note(server, failed, timezone.now() + timedelta(hours=hours))
    assert not OutboxMessage.plain.exists()


def test_an_offered_site_is_told_to_the_address_alone(site, owner):
    lifecycle.offer(site, "Rita@rival.test", owner, timezone.now())
    (told,) = OutboxMessage.plain.all()
    assert (told.recipient, told.tenant, told.kind) == ("rita@rival.test", None, "site_offered")
    dispatch.send_due()
    (sent,) = sent_by_django.outbox
    assert "Ada of Acme offers you the site Acme shop" in " ".join(sent.body.split())


def test_a_coming_deletion_is_told_to_owners_but_not_to_who_asked(site, owner, member):
    other = member(Role.OWNER, email="eve@acme.test")
    member(Role.ADMIN, email="adam@acme.test")
    lifecycle.schedule_deletion(site, owner, timezone.now())
    lifecycle.schedule_deletion(site, owner, timezone.now())
    (told,) = OutboxMessage.plain.filter(kind="site_deletion")
    assert (told.recipient, told.tenant) == (other.user.email, site.tenant)
