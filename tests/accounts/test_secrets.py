"""Secrets that are given to us stand nowhere readable: no table, log, page, answer, or Redis."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test import Client

from accounts.models import User
from accounts.outgoing import dispatch, outbox, smtp
from tests.mailserver import HOST

pytestmark = pytest.mark.django_db

MARKER = "marker-0815-of-a-secret"
FORMS = (MARKER, MARKER.encode().hex(), b64encode(MARKER.encode()).decode().rstrip("=")[:-1])


def readable(text: str) -> list[str]:
    return [form for form in FORMS if form in text]


def dump() -> str:
    """Every row of every table as text; what is binary is in hex."""
    with connection.cursor() as cursor:
        tables = connection.introspection.get_table_list(cursor)
        rows: list[str] = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table.name}" t')
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


def in_redis() -> str:
    client = redis.Redis.from_url(settings.REDIS_URL)
    return "\n".join(f"{key!r} {client.dump(key)!r}" for key in client.scan_iter())


def told(answer: Any) -> str:
    return f"{answer.status_code} {answer.headers} {answer.content.decode()}"


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("staff@linkpro.test", "x"))
    return client


def test_a_password_and_a_content_are_readable_nowhere(
    owner,
    token,
    staff,
    servers,
    settings,
    signed_in,
    capfd,
    caplog,
    django_capture_on_commit_callbacks,
):
    settings.OUTGOING_ALLOWED = [HOST, "localhost"]
    receiver = servers.start(tls="starttls", user="anna", password=MARKER)
    settings.OUTGOING_CA_FILE = str(servers.ca_file)
    program = Client(headers={"Authorization": f"Bearer {token(owner)}"})
    body = {
        "server": "localhost",
        "port": receiver.port,
        "from_address": "shop@acme.test",
        "username": "anna",
        "password": MARKER,
        "use_tls": True,
    }
    seen = [program.post("/api/v1/mail-server", body, content_type="application/json")]
    with django_capture_on_commit_callbacks(execute=True):
        message = outbox.add_mail("test", "c@example.com", "Hello", MARKER, tenant=owner.tenant)
    receiver.script = ["data 451 Later"]
    dispatch.send_due()
    receiver.password = "another"
    outbox.OutboxMessage.plain.update(next_at=message.created_at)
    smtp.close_idle()
    dispatch.send_due()
    assert message.history.count() == 2
    seen.append(program.get("/api/v1/mail-server"))
    browser = signed_in(owner)
    seen += [browser.get(f"/organisation/{page}") for page in ("mail", "outbox")]
    seen.append(browser.get(f"/organisation/outbox/{message.pk}"))
    admin = "/admin/accounts"
    for kind, pk in (("outboxmessage", message.pk), ("mailserver", owner.tenant.mail_server.pk)):
        seen += [staff.get(f"{admin}/{kind}/"), staff.get(f"{admin}/{kind}/{pk}/change/")]
    assert {answer.status_code for answer in seen} == {200}
    assert [found for answer in seen if (found := readable(told(answer)))] == []
    assert readable(dump()) == []
    assert readable(in_redis()) == []
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name != "mail.log")
    assert readable(ours) == []
    assert "c@example.com" not in ours
    assert repr(smtp.Server("h", 1, "anna", MARKER)).count(MARKER) == 0
    capfd.readouterr()
