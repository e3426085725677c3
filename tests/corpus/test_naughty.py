"""Strings that have broken somebody's software: each of them in every field of an event."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.conftest import World
from tests.corpus.test_strings import cut
from tests.sending import arrival_at, run_steps
from tracking.ingest import wire
from tracking.ingest.fields import Dropped
from tracking.ingest.wire import Hit
from tracking.models import Event

NAUGHTY: list[str] = json.loads(
    (Path(__file__).parents[1] / "data" / "blns.json").read_text(encoding="utf-8")
)
PLAIN = ("title", "category", "action", "label")
READ = (
    ("url", "referrer", "session_id", "language", "screen", "currency"),
    ("path", "sessionId", "user_agent", "ip", "type"),
)


def number(world: World, what: str, place: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{world.door} {what} {place}"))


def sent(world: World, events: list[dict[str, Any]]) -> list[str]:
    """The outcomes of a batch that a trusted sender sends, in order."""
    body = json.dumps({"site": world.site.key, "events": events}).encode()
    reply = world.send(body, **world.bearer)
    assert reply.status == 202
    return [reply.results[event["id"]] for event in events]


def stored(events: list[dict[str, Any]]) -> dict[str, Event]:
    rows = Event.plain.filter(event_id__in=[event["id"] for event in events])
    return {str(row.event_id): row for row in rows.select_related("agent")}


def test_what_is_text_is_read_back_as_it_was_sent(world: World) -> None:
    events: list[dict[str, Any]] = [
        {"id": number(world, "text", place), "name": text, "props": {text: text, "deep": [[text]]}}
        | dict.fromkeys(PLAIN, text)
        for place, text in enumerate(NAUGHTY)
    ]
    assert set(sent(world, events)) <= {"accepted", "rejected: props_invalid"}
    rows = stored(events)
    for text, event in zip(NAUGHTY, events, strict=True):
        if len(text) > 128:  # no key of a property
            assert event["id"] not in rows
            continue
        row = rows[event["id"]]
        assert [getattr(row, name) for name in PLAIN] == [cut(text)] * len(PLAIN)
        assert row.name == (cut(text, 64) or "page_view")
        assert row.props == event["props"]


@pytest.mark.parametrize("fields", READ, ids=" ".join)
def test_what_is_read_is_stored_whatever_it_says(world: World, fields: tuple[str, ...]) -> None:
    """What is understood of it is kept, never more than its column holds."""
    events = [
        {"id": number(world, fields[0], place), **dict.fromkeys(fields, text)}
        for place, text in enumerate(NAUGHTY)
    ]
    assert {end.removesuffix(": bot") for end in sent(world, events)} == {"accepted"}
    rows = stored(events)
    assert len(rows) == len(events)
    for row in rows.values():
        for name in ("host", "path", "referrer_host", "source", "screen", "language", "currency"):
            assert len((getattr(row, name) or "").encode()) <= 512
    if "user_agent" in fields:
        for text, event in zip(NAUGHTY, events, strict=True):
            agent = rows[event["id"]].agent
            assert (agent.text if agent else None) == cut(text[:512])


@pytest.mark.parametrize("field", ["timestamp", "value"])
def test_what_is_no_time_and_no_number_is_refused_alone(world: World, field: str) -> None:
    events = [
        {"id": number(world, field, place), field: text} for place, text in enumerate(NAUGHTY)
    ]
    ends = sent(world, events)
    assert {end.split("_")[0] for end in ends} == {
        "accepted",
        "rejected: timestamp" if field == "timestamp" else "rejected: event",
        *({"rejected: value"} if field == "value" else ()),
    }
    assert len(stored(events)) == ends.count("accepted")


def test_any_text_is_an_id(world: World) -> None:
    texts = sorted(set(NAUGHTY) - {""})
    events = [{"id": text} for text in texts]
    first = sent(world, events)
    # Some are one id in two spellings, as a UUID with and without its dashes would be.
    assert set(first) == {"accepted"}
    assert set(sent(world, events)) == {"duplicate"}


def test_none_is_the_key_of_a_site(world: World) -> None:
    """Asked of the steps, as a batch has one key."""
    came = arrival_at(world.site.created_at)
    for text in NAUGHTY[world.door == "view" :: 2]:  # half of them at each door
        (item,) = wire.decode(json.dumps({"site": text or "x"}).encode(), came.received_at)
        assert isinstance(item, Hit)
        with pytest.raises(Dropped, match="site_unknown"):
            run_steps(item, came)
