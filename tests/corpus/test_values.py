"""Cases 96 to 105: ids, numbers, money."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal
from typing import Any

import pytest

from analytics.models import DailyStat
from tests.corpus.cases import Case, parametrized, refused
from tests.corpus.conftest import World
from tests.sending import rebuild_all
from tracking.models import Event

ID = "019a8b1c-6a00-7c3e-9d52-3f6b1c2a4d5e"


def of_value(number: str, what: str, text: str, value: str) -> Case:
    return Case(number, what, f'"value": {text}'.encode(), stored={"value": Decimal(value)})


CASES = [
    of_value("C99", "full-width digits", '"\uff11\uff12"', "12"),
    of_value("C99", "Arabic digits", '"\u0661\u0662"', "12"),
    of_value("C100", "1e5", "1e5", "100000"),
    of_value("C100", "1e5 as text", '"1e5"', "100000"),
    of_value("C100", "a plus", '"+1"', "1"),
    *(
        refused("C100", f"value {text}", {"value": text}, told)
        for text, told in {
            "0x10": "event_invalid",
            "1,5": "event_invalid",
            "": "event_invalid",
            "ten": "event_invalid",
            "1.5.2": "event_invalid",
        }.items()
    ),
    *(
        refused("C101", text, {"value": text}, "value_invalid")
        for text in ("NaN", "sNaN", "Infinity", "-Infinity", "1e1000000", "1e-1000000", "1e14")
    ),
    of_value("C101", "30 decimals", '"0.123456789012345678901234567890"', "0.123457"),
    of_value("C101", "six decimals", '"0.123456"', "0.123456"),
    of_value("C101", "fourteen digits", "99999999999999.999999", "99999999999999.999999"),
    Case(
        "C102",
        "a loss",
        {"value": -3, "currency": "EUR"},
        stored={"value": Decimal(-3), "currency": "EUR"},
    ),
    Case("C102", "no currency", {"value": 3, "currency": "XXX"}, stored={"currency": "XXX"}),
    Case("C102", "lower case", {"value": 3, "currency": "usd"}, stored={"currency": "USD"}),
    Case(
        "C102",
        "four letters",
        {"value": 3, "currency": "EURO"},
        stored={"value": Decimal(3), "currency": None},
    ),
    Case("C102", "digits", {"value": 3, "currency": "978"}, stored={"currency": None}),
    Case("C102", "a sign", {"value": 3, "currency": "\u20ac"}, stored={"currency": None}),
    *(
        Case("C103", text or "empty", {"screen": text}, stored={"screen": None})
        for text in (
            "NaNxNaN",
            "0x0",
            "-1x-1",
            "1440",
            "1440x",
            "1440x900x2",
            "undefined",
            "",
            "999999x1",
            "1440\u00d7900",
            "\uff11\uff14\uff14\uff10x900",
        )
    ),
    Case("C103", "a real one", {"screen": "1440x900"}, stored={"screen": "1440x900"}),
    Case(
        "C104",
        "a negative duration",
        {"props": {"duration": -5}},
        stored={"props": {"duration": -5}},
    ),
    Case(
        "C104",
        "ten years",
        {"props": {"duration": 315_360_000}},
        stored={"props": {"duration": 315_360_000}},
    ),
]


@parametrized(CASES)
def test_case(world: World, case: Case) -> None:
    world.check(case)


IDS = {
    "nil": "00000000-0000-0000-0000-000000000000",
    "max": "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "v1": "c232ab00-9414-11ec-b3c8-9f6bdeced846",
    "v7 of the year 9999": "e677d21f-d800-7000-8000-000000000000",
    "v7 of the year 10889": "ffffffff-ffff-7fff-bfff-ffffffffffff",
}


@pytest.mark.parametrize("what", IDS)
def test_c96_any_uuid_is_an_id(world: World, what: str) -> None:
    body = json.dumps({"site": world.site.key, "id": IDS[what]}).encode()
    assert world.send(body).results == {IDS[what]: "accepted"}
    assert world.send(body).results == {IDS[what]: "duplicate"}
    assert Event.plain.filter(event_id=IDS[what]).count() == 1


def test_c96_a_uuid_has_many_spellings_and_counts_once(world: World) -> None:
    spellings = [ID, ID.upper(), ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}"]
    ends: list[tuple[str, str]] = []
    for text in spellings:
        reply = world.send(json.dumps({"site": world.site.key, "id": text}).encode())
        ends += reply.results.items()
    assert ends == [(ID, "accepted"), *((text, "duplicate") for text in spellings[1:])]
    assert Event.plain.filter(event_id=ID).count() == 1


@pytest.mark.parametrize(
    "text",
    [
        ID[:-1],
        ID + "e",
        "1" * 60,
        "x",
        "\U0001f600",
        "a b",
        "'",
        "x" * 5_000,
        " " + ID + "\n",
        "\uff10" * 32,
    ],
    ids=[
        "too short",
        "too long",
        "digits",
        "a letter",
        "an emoji",
        "two words",
        "a quote",
        "5 KB",
        "white space",
        "full-width digits",
    ],
)
def test_c96_other_text_is_an_id_as_well(world: World, text: str) -> None:
    body = json.dumps({"site": world.site.key, "id": text}).encode()
    before = Event.plain.count()
    assert list(world.send(body).results.values()) == ["accepted"]
    assert list(world.send(body).results.values()) == ["duplicate"]
    assert Event.plain.count() == before + 1


@pytest.mark.parametrize("given", [10**60, 1.5, True, [ID], {}])
def test_c96_what_is_no_text_is_no_id(world: World, given: Any) -> None:
    reply = world.send(json.dumps({"site": world.site.key, "id": given}).encode())
    assert (reply.status, reply.body["code"]) == (400, "event_invalid")


@pytest.mark.parametrize("given", ["", None])
def test_c96_an_event_without_an_id_gets_one(world: World, given: Any) -> None:
    reply = world.send(json.dumps({"site": world.site.key, "id": given}).encode())
    ((name, end),) = reply.results.items()
    assert (uuid.UUID(name).version, end) == (7, "accepted")


def test_c97_an_id_of_two_sites_is_two_events(world: World) -> None:
    name = str(uuid.uuid4())
    for site in (world.site, world.other):
        reply = world.send(json.dumps({"site": site.key, "id": name}).encode())
        assert reply.results == {name: "accepted"}
    assert Event.plain.filter(event_id=name).count() == 2


def test_c98_of_one_id_with_other_content_the_first_holds(world: World) -> None:
    name = str(uuid.uuid4())
    for title, end in (("first", "accepted"), ("second", "duplicate")):
        reply = world.send(
            json.dumps({"site": world.site.key, "id": name, "title": title}).encode()
        )
        assert reply.results == {name: end}
    assert Event.plain.get(event_id=name).title == "first"


def test_c105_values_beyond_all_integers_can_be_added_up(world: World) -> None:
    """Sums of money and of time outgrow what one event may hold, and what a 32-bit number can."""
    day = "2019-07-01T"
    events = [
        {
            "id": f"C105 {world.door} {n}",
            "name": "purchase",
            "value": "99999999999999.999999",
            "currency": "EUR",
            "timestamp": f"{day}{n // 60:02}:{n % 60:02}:00Z",
            "ip": "84.160.1.1",
            "user_agent": "x",
        }
        for n in range(100)
    ]
    events += [
        {
            "id": f"C105 {world.door} long {n}",
            "session_id": "s",
            "timestamp": f"{day}{hour}:00:00Z",
            "ip": "84.160.1.2",
            "user_agent": "x",
        }
        for n, hour in enumerate(("00", "21"))
    ]
    body = json.dumps({"site": world.site.key, "events": events}).encode()
    assert set(world.send(body, **world.bearer).results.values()) == {"accepted"}
    rebuild_all()
    total = DailyStat.plain.get(site=world.site, date="2019-07-01", dimension="")
    assert total.events == 102
    assert (total.duration_seconds or 0) >= 21 * 3_600
