"""What was sent, over the API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import OutboxAttempt, OutboxMessage
from accounts.outgoing import outbox
from tests.accounts.test_people_api import program

pytestmark = pytest.mark.django_db
OUTBOX = "/api/v1/outbox"


@pytest.fixture
def api(owner, token):
    return program(token(owner))


@pytest.fixture
def mail(acme) -> OutboxMessage:
    return outbox.add_mail("invitation", "nina@acme.test", "Join Acme", "secret", tenant=acme)


def test_a_program_sees_what_was_sent_and_nothing_of_what_it_says(
    api, mail, acme, rival_site, django_assert_num_queries
):
    OutboxAttempt.objects.create(
        message=mail, number=1, at=timezone.now(), delivered=False, detail="full", seconds=1
    )
    outbox.add_mail("site_deletion", "ada@acme.test", "Shop goes", "secret", tenant=acme)
    outbox.add_mail("invitation", "otto@rival.test", "Join Rival", "x", tenant=rival_site.tenant)
    with django_assert_num_queries(5):  # the token and its last use; count, rows, tries
        rows = api("get", OUTBOX).json()["results"]
    assert [row["recipient"] for row in rows] == ["ada@acme.test", "nina@acme.test"]
    assert rows[1]["attempts"][0]["detail"] == "full"
    assert "secret" not in str(rows)
    for query, count in (("search=NINA", 1), ("type=site_deletion", 1), ("state=sent", 0)):
        assert len(api("get", f"{OUTBOX}?{query}").json()["results"]) == count, query
    assert api("get", f"{OUTBOX}?state=gone").json()["code"] == "invalid"


def test_it_calls_back_what_waits_and_sends_again_what_is_over(api, mail):
    row = f"{OUTBOX}/{mail.pk}"
    assert api("post", f"{row}/send-again").json()["code"] == "not_sendable"
    assert api("post", f"{row}/cancel").json()["state"] == "cancelled"
    assert api("post", f"{row}/cancel").json()["code"] == "too_late"
    again = api("post", f"{row}/send-again")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")


def test_it_is_for_admins_and_for_tokens_of_the_whole_organisation(mail, owner, member, token):
    later = timedelta(days=1)
    for key in (token(member("manager")), token(owner, site_ids=[1], lifetime=later)):
        assert program(key)("get", OUTBOX).status_code == 403
