"""Cases 1 to 45: bytes and JSON."""

from __future__ import annotations

import json
import unicodedata
from decimal import Decimal
from typing import Any

from tests.corpus.cases import Case, parametrized, refused, unusable
from tests.corpus.conftest import World
from tracking.models import Event, Outcome

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
ZALGO = "e" + "\u0301" * 10_000


def props(text: str) -> bytes:
    return b'"props": {"v": ' + text.encode() + b"}"


CASES = [
    unusable("A1", "an empty body", b"", "body_empty"),
    unusable("A2", "null", b"null"),
    unusable("A3", "an empty list", b"[]"),
    unusable("A3", "an empty batch", b'{"events": []}', "batch_empty"),
    unusable("A3", "a batch that is null", b'{"events": null}', "batch_empty"),
    unusable("A4", "a text", b'"a"'),
    unusable("A5", "a number", b"1"),
    unusable("A6", "true", b"true"),
    unusable("A7", "cut short", b'{"name":'),
    unusable("A8", "something behind it", b'{"name": "x"} y'),
    unusable("A8", "two events behind each other", b'{"name": "x"}{"name": "y"}'),
    Case(
        "A9",
        "a key twice",
        b'"title": "one", "title": "two"',
        stored={"title": "two"},
        decided="the last one holds, as in every JSON parser of browsers and of Python",
    ),
    unusable("A10", "single quotes", b"{'name': 'x'}"),
    unusable("A11", "comments", b'{"name": "x" /* y */}'),
    unusable("A11", "a key without quotes", b'{name: "x"}'),
    unusable("A11", "a comma at the end", b'{"name": "x",}'),
    unusable("A13", "UTF-16 with its mark", '{"name": "x"}'.encode("utf-16")),
    unusable("A13", "UTF-32", '{"name": "x"}'.encode("utf-32-be")),
    Case("A14", "Latin-1", b'"title": "caf\xe9"', stored={"title": "caf\ufffd"}),
    Case("A15", "overlong NUL", b'"title": "a\xc0\x80b"', stored={"title": "a\ufffd\ufffdb"}),
    Case(
        "A15",
        "overlong slash",
        b'"title": "a\xe0\x80\xafb"',
        stored={"title": "a\ufffd\ufffd\ufffdb"},
    ),
    Case("A16", "CESU", b'"title": "\xed\xa0\xbd\xed\xb8\x80"', stored={"title": "\ufffd" * 6}),
    Case("A16", "cut within a character", b'"title": "a\xf0\x9f\x98"', stored={"title": "a\ufffd"}),
    Case(
        "A16",
        "beyond Unicode",
        b'"title": "\xf4\x90\x80\x80x"',
        stored={"title": "\ufffd" * 4 + "x"},
    ),
    Case(
        "A17",
        "NUL in a value",
        rb'"title": "a\u0000b", "name": "\u0000"',
        stored={"title": "ab", "name": "page_view"},
    ),
    Case("A17", "NUL in a property", rb'"props": {"v": "a\u0000b"}', stored={"props": {"v": "ab"}}),
    Case(
        "A18",
        "NUL in a key",
        rb'"props": {"k\u0000": 1, "\u0000": 2}',
        stored={"props": {"k": 1, "": 2}},
    ),
    Case("A18", "NUL in the key of a field", rb'"title\u0000": "x"', stored={"title": None}),
    refused("A19", "a raw NUL byte", b'"title": "a\0b"', "json_invalid"),
    refused("A19", "a raw line feed", b'"title": "a\nb"', "json_invalid"),
    Case("A20", "a lone high half", rb'"title": "a\ud83d"', stored={"title": "a\ufffd"}),
    Case("A21", "a lone low half", rb'"title": "\ude00b"', stored={"title": "\ufffdb"}),
    Case("A22", "a broken pair", rb'"title": "\ud83d\ub000"', stored={"title": "\ufffd\ub000"}),
    Case(
        "A22",
        "halves in a property",
        rb'"props": {"\ud83d": "\ude00"}',
        stored={"props": {"\ufffd": "\ufffd"}},
    ),
    Case("A23", "no characters", rb'"title": "\ufffe\uffff"', stored={"title": "\ufffe\uffff"}),
    Case(
        "A24",
        "right-to-left override",
        rb'"title": "a\u202egpj.exe"',
        stored={"title": "a\u202egpj.exe"},
    ),
    Case(
        "A25",
        "joiners and look-alikes",
        {"name": f"p\u0430ge_view{FAMILY}"},
        stored={"name": f"p\u0430ge_view{FAMILY}"},
    ),
    Case("A26", "ten thousand accents", {"title": ZALGO}, stored={"title": "e" + "\u0301" * 255}),
    Case(
        "A26", "cut between characters", {"title": "\u20ac" * 300}, stored={"title": "\u20ac" * 170}
    ),
    Case("A27", "NFC", {"title": "caf\u00e9"}, stored={"title": "caf\u00e9"}),
    Case(
        "A27",
        "NFD",
        {"title": unicodedata.normalize("NFD", "caf\u00e9")},
        stored={"title": "cafe\u0301"},
        decided="two values: what was sent is what is read back",
    ),
    refused("A28", "NaN", props("NaN"), "json_invalid"),
    refused("A29", "Infinity", props("-Infinity"), "json_invalid"),
    refused("A30", "1e400 in a property", props("1e400"), "event_invalid"),
    refused("A30", "1e400 as value", b'"value": 1e400', "value_invalid"),
    Case(
        "A31",
        "minus zero",
        b'"props": {"v": -0.0}, "value": -0.0',
        stored={"value": Decimal(0), "props": {"v": 0}},
    ),
    Case(
        "A32",
        "2^31 and 2^53+1",
        props(f"[{2**31}, {2**53 + 1}]"),
        stored={"props": {"v": [2**31, 2**53 + 1]}},
    ),
    Case(
        "A32",
        "2^63 and 2^64",
        props(f"[{2**63}, {2**64}, {-(2**63)}]"),
        stored={"props": {"v": [2**63, float(2**64), -(2**63)]}},
    ),
    refused("A32", "10^30 in a property", props(str(10**30)), "props_invalid"),
    refused("A32", "10^30 as value", f'"value": {10**30}'.encode(), "value_invalid"),
    refused("A33", "5,000 digits in a property", props("1" * 5_000), "event_invalid"),
    refused("A33", "5,000 digits as value", b'"value": ' + b"1" * 5_000, "value_invalid"),
    refused("A33", "5,000 digits as time", b'"timestamp": ' + b"1" * 5_000, "event_invalid"),
    Case(
        "A34",
        "money is exact",
        b'"value": 0.30000000000000004',
        stored={"value": Decimal("0.300000")},
    ),
    Case("A34", "money as text", b'"value": "0.1"', stored={"value": Decimal("0.1")}),
    Case("A35", "depth 4", props("[[[1]]]"), stored={"props": {"v": [[[1]]]}}),
    refused("A35", "depth 5", props("[[[[1]]]]"), "props_invalid"),
    refused("A35", "depth 17", props("[" * 17 + "]" * 17), "props_invalid"),
    refused("A35", "depth 500", props("[" * 500 + "]" * 500), "props_invalid"),
    refused(
        "A35",
        "depth 1,000",
        props("[" * 1_000 + "]" * 1_000),
        "json_invalid",
        decided="deeper than a parser follows: the body as a whole is unusable",
    ),
    refused(
        "A35", "depth 100,000 in a property", props("[" * 100_000 + "]" * 100_000), "json_invalid"
    ),
    refused(
        "A35",
        "depth 100,000 in a field nobody knows",
        b'"x": ' + b"[" * 100_000 + b"]" * 100_000,
        "json_invalid",
    ),
    unusable("A35", "100,000 open lists", b"[" * 100_000),
    unusable("A35", "50,000 open objects", b'{"a":' * 50_000),
    refused("A36", "100,000 keys", {f"k{n}": 1 for n in range(100_000)}, "event_too_large"),
    refused(
        "A36",
        "2,000 keys of properties",
        {"props": {f"k{n}": n for n in range(2_000)}},
        "props_too_large",
    ),
    Case(
        "A36",
        "1,000 fields nobody knows",
        {f"k{n}": 1 for n in range(1_000)},
        stored={"props": None},
    ),
    refused("A37", "a key of 300 KB", {"k" * 300_000: 1}, "event_too_large"),
    refused("A37", "a key of 129 characters", {"props": {"k" * 129: 1}}, "props_invalid"),
    refused("A38", "a text of 1 MB", {"title": "x" * 1_000_000}, "event_too_large"),
    Case("A38", "a text of 60 KB", {"title": "x" * 60_000}, stored={"title": "x" * 512}),
    refused("A39", "properties as a text", {"props": "x"}, "event_invalid"),
    refused("A39", "properties as a list", {"props": [1]}, "event_invalid"),
    Case("A39", "properties as null", {"props": None}, stored={"props": None}),
    refused("A39", "a title as an object", {"title": {"a": 1}}, "event_invalid"),
    Case(
        "A40",
        "keys of JavaScript",
        {"props": {"__proto__": {"x": 1}, "constructor": 2, "toString": 3}},
        stored={"props": {"__proto__": {"x": 1}, "constructor": 2, "toString": 3}},
    ),
    Case(
        "A40",
        "a name of JavaScript's",
        {"name": "__proto__", "label": "constructor"},
        stored={"name": "__proto__", "label": "constructor"},
    ),
    Case(
        "A41",
        "keys of punctuation",
        {"props": {"a.b": 1, "$c": 2, "'": 3, "--": 4, "\U0001f600": 5}},
        stored={"props": {"a.b": 1, "$c": 2, "'": 3, "--": 4, "\U0001f600": 5}},
    ),
    Case(
        "A42",
        "columns that nobody may set",
        {
            "pk": 1,
            "site_id": 2,
            "tenant": 3,
            "visitor": 4,
            "flags": 4,
            "agent_id": 9,
            "received_at": "2020-01-01T00:00:00Z",
            "import_source": "x",
            "source": "s",
            "channel": "email",
            "country": "XX",
            "browser": "b",
        },
        stored={
            "flags": 0,
            "import_source": None,
            "source": None,
            "channel": "direct",
            "browser": "Chrome",
        },
    ),
]


@parametrized(CASES)
def test_case(world: World, case: Case) -> None:
    world.check(case)


def test_a12_a_byte_order_mark_is_passed_over(world: World) -> None:
    case = Case("A12", "a mark before it", {"title": "x"}, stored={"title": "x"})
    marked = Case(case.number, case.what, body=b"\xef\xbb\xbf" + case.written(world.site.key, "-"))
    world.check(marked)


def test_a43_five_hundred_events_are_taken_and_not_one_more(world: World) -> None:
    for number, status in ((500, 202), (501, 413), (10_000, 413)):
        events = [{"id": f"A43 {world.door} {number} {n}"} for n in range(number)]
        reply = world.send(json.dumps({"site": world.site.key, "events": events}).encode())
        assert reply.status == status
        if status == 202:
            assert set(reply.results.values()) == {"accepted"}
            assert len(reply.results) == number
        else:
            assert reply.body["code"] == "batch_too_long"


BAD: list[Any] = [
    {"title": 1},
    {"props": {"v": 1e300}},
    {"timestamp": "soon"},
    {"value": "NaN"},
    {"props": {"v": "x" * 9_000}},
    "no event",
    None,
    [],
]


def test_a44_one_bad_event_of_500_costs_the_others_nothing(world: World) -> None:
    for place, bad in enumerate(BAD):
        events: list[Any] = [{"id": f"A44 {world.door} {place} {n}"} for n in range(20)]
        events[place * 2] = bad
        reply = world.send(json.dumps({"site": world.site.key, "events": events}).encode())
        ends = list(reply.results.values())
        assert ends[place * 2].startswith("rejected: ")
        assert ends[: place * 2] + ends[place * 2 + 1 :] == ["accepted"] * 19


def test_a44_bytes_that_are_no_text_cost_the_others_nothing(world: World) -> None:
    ids = [f"A44 bytes {world.door} {n}" for n in range(3)]
    events = [
        b'{"id": "%s", "title": "%s"}' % (ids[n].encode(), t)
        for n, t in enumerate([b"a", b"\xff", b"c"])
    ]
    body = b'{"site": "%s", "events": [%s]}' % (world.site.key.encode(), b",".join(events))
    assert world.send(body).results == dict.fromkeys(ids, "accepted")


def test_a45_an_id_twice_in_a_batch_counts_once_and_the_first_holds(world: World) -> None:
    event = {"id": f"A45 {world.door}", "title": "first"}
    before = Event.plain.count()
    for events in ([event, event], [event | {"title": "other"}, event]):
        reply = world.send(json.dumps({"site": world.site.key, "events": events}).encode())
        assert list(reply.results) == [event["id"]]
    assert reply.results == {event["id"]: "duplicate"}
    assert Event.plain.count() == before + 1
    assert Event.plain.latest("received_at").title == "first"
    duplicates = Outcome.plain.filter(site=world.site, reason="duplicate")
    assert sum(duplicates.values_list("n", flat=True)) >= 3
