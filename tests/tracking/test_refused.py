"""Events that are refused: counted exactly, kept as samples, sent again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import PASSWORD
from tracking import outcomes, rejects
from tracking.ingest import directory
from tracking.ingest.samples import MAX_SAMPLE, MOST_OF_A_KIND, redacted
from tracking.models import Event, Outcome, Rejected

pytestmark = pytest.mark.django_db(transaction=True)


def books() -> dict[tuple[int | None, str], int]:
    outcomes.fold()
    return {(row.site_id, row.reason): row.n for row in Outcome.plain.all()}


def test_a_broken_event_stands_in_the_books_of_its_site(send, site):
    answer = send({"site": site.key, "events": [{"id": "a", "value": "much"}, {"id": "b"}]})
    assert answer.results == {"a": "rejected: event_invalid", "b": "accepted"}
    assert books() == {(site.pk, "event_invalid"): 1, (site.pk, "stored"): 1}


def test_a_broken_event_without_a_key_belongs_to_the_site_of_its_page(send, site):
    send({"id": "a", "value": "much"}, origin="https://shop.acme.test")
    assert books() == {(site.pk, "event_invalid"): 1}


def test_a_request_that_says_nothing_is_counted_once_before_it_is_refused(send, site):
    assert send(b"not json").body["code"] == "json_invalid"
    assert send({"site": site.key, "events": []}).body["code"] == "batch_empty"
    assert send({"id": "a"}, authorization="Bearer lp_unknown").body["code"] == "token_invalid"
    assert books() == {
        (None, "json_invalid"): 1,
        (None, "batch_empty"): 1,
        (None, "token_invalid"): 1,
    }


def test_a_few_samples_of_a_kind_are_kept_and_all_are_counted(send, site):
    events = [{"id": f"e{n}", "value": "much", "label": f"{n}"} for n in range(MOST_OF_A_KIND + 7)]
    send({"site": site.key, "events": events})
    send({"site": site.key, "events": events})
    assert books() == {(site.pk, "event_invalid"): 2 * len(events)}
    samples = list(Rejected.plain.order_by("id"))
    assert [json.loads(row.sample)["label"] for row in samples] == list("01234")
    assert {(row.site, row.reason) for row in samples} == {(site, "event_invalid")}


def test_a_sample_says_nothing_of_the_person(send, site):
    event = {
        "site": site.key,
        "id": "order of ann@example.com",
        "value": "much",
        "url": "https://ann:secret@shop.acme.test/u/ann@example.com?token=secret&utm_source=mail#x",
        "title": "Ann, +49 30 901820, 84.160.1.1",
        "ip": "84.160.1.1",
        "user_agent": "Secret/1",
        "session_id": "secret",
        "props": {"ann@example.com": {"phone": "030-9018-2033", "plan": "team"}, "n": 5},
    }
    send(event, origin="https://shop.acme.test")
    row = Rejected.plain.get()
    kept = json.loads(row.sample)
    assert row.page == "shop.acme.test"
    personal = ("ann@", "secret", "84.160", "901820", "9018-2033")
    assert [text for text in personal if text in row.sample.lower()] == []
    assert kept["url"] == "https://shop.acme.test/u/[e-mail]?utm_source=mail"
    assert kept["props"] == {"[e-mail]": {"phone": "[number]", "plan": "team"}, "n": 5}


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_anything_makes_a_sample_that_can_be_stored(raw):
    sample = redacted(raw)
    json.loads(sample)
    assert [text for text in ("\0", "\\u0000") if text in sample] == []
    assert len(sample) <= MAX_SAMPLE


def test_an_enormous_event_leaves_a_small_sample(send, site):
    send({"site": site.key, "events": [{"id": "a", "label": "x" * 70_000}]})
    row = Rejected.plain.get()
    assert (row.reason, row.size > 70_000, len(row.sample) < 1_000) == (
        "event_too_large",
        True,
        True,
    )


def test_events_of_an_unknown_page_are_stored_once_their_site_knows_it(send, site):
    when = datetime.now(UTC) - timedelta(minutes=3)
    event = {"id": "a", "url": "https://new.acme.test/x?utm_source=mail", "timestamp": str(when)}
    assert send(event, origin="https://new.acme.test").body["code"] == "site_unknown"
    site.domains.append("new.acme.test")
    site.save()
    directory.forget()
    out = StringIO()
    call_command("replay_rejected", "--reason", "site_unknown", stdout=out)
    assert out.getvalue() == "stored: 1\n"
    stored = Event.plain.get()
    assert (stored.site_id, stored.path, stored.visitor) == (site.pk, "/x", None)
    assert (stored.source, stored.occurred_at) == ("mail", when)
    assert send(event, origin="https://new.acme.test").results == {"a": "duplicate"}
    call_command("replay_rejected", stdout=out)
    assert "Nothing to send again." in out.getvalue()
    call_command("replay_rejected", "--again", "--site", "", stdout=out)
    assert "duplicate: 1" in out.getvalue()


def test_what_is_refused_again_is_not_counted_again(send, site):
    send({"site": site.key, "events": [{"id": "a", "value": "much"}]})
    assert rejects.replay(Rejected.plain.all()) == {"event_invalid": 1}
    send(b"{", origin="https://shop.acme.test")
    assert books() == {(site.pk, "event_invalid"): 1, (None, "json_invalid"): 1}
    with pytest.raises(CommandError, match="--since"):
        call_command("replay_rejected", "--since", "soon")


def test_samples_are_forgotten_after_a_month(send, site):
    send({"site": site.key, "events": [{"id": "a", "value": "much"}]})
    now = timezone.now()
    assert rejects.forget_old(now + rejects.KEPT - timedelta(minutes=1)) == 0
    assert rejects.forget_old(now + rejects.KEPT + timedelta(minutes=1)) == 1


def test_staff_see_samples_and_send_them_again(send, site, client, django_user_model):
    django_user_model.objects.create_superuser("staff@linkpro.test", PASSWORD)
    client.login(email="staff@linkpro.test", password=PASSWORD)
    send({"site": site.key, "events": [{"id": "a", "value": "much"}]})
    row = Rejected.plain.get()
    page = client.get("/admin/tracking/rejected/")
    assert b"event_invalid" in page.content
    assert client.get(f"/admin/tracking/rejected/{row.pk}/change/").status_code == 200
    chosen = {"action": "send_again", "_selected_action": [row.pk]}
    answer = client.post("/admin/tracking/rejected/", chosen, follow=True)
    assert b"event_invalid: 1" in answer.content
    row.refresh_from_db()
    assert (row.outcome, row.replayed_at is not None) == ("event_invalid", True)
