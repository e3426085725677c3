"""Texts that are JSON, are none, or may be either: the cases of a whole test suite."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.conftest import World
from tracking.ingest import wire
from tracking.ingest.wire import Hit, Unusable
from tracking.models import Event

NOW = datetime.now(UTC)
ROWS = json.loads((Path(__file__).parents[1] / "data" / "json-test-suite.json").read_text())
# By name; a long one is written as a piece, how often it is repeated, and the rest.
TEXTS: dict[str, str] = {
    row[0]: row[1] if len(row) == 2 else row[1] * row[2] + row[3] for row in ROWS
}

# JSON (`y_`) is taken and what is none (`n_`) is refused. What may be either is taken, like the
# suite's transformations, but for these; so are numbers beyond what a property may hold.
REFUSED = {
    "props_invalid": (
        "y_number",
        "y_number_double_close_to_zero",
        "y_number_real_capital_e",
        "y_number_real_exponent",
        "y_number_real_fraction_exponent",
        "y_object_extreme_numbers",
        "i_number_too_big_neg_int",
        "i_number_very_big_negative_int",
        "i_structure_500_nested_arrays",
    ),
    "event_invalid": (
        "i_number_huge_exp",
        "i_number_neg_int_huge_exp",
        "i_number_pos_double_huge_exp",
        "i_number_real_neg_overflow",
        "i_number_real_pos_overflow",
    ),
    "json_invalid": (
        "i_string_UTF-16LE_with_BOM",
        "i_string_utf16BE_no_BOM",
        "i_string_utf16LE_no_BOM",
        "i_structure_UTF-8_BOM_empty_object",
    ),
}
EXPECTED = {name: code for code, names in REFUSED.items() for name in names}


def cleaned(value: Any) -> Any:
    """What is stored of it: NUL is left out, half a character is written as unknown."""
    if isinstance(value, dict):
        return {cleaned(key): cleaned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value).replace("\0", "")
    return value


@pytest.mark.parametrize("name", TEXTS)
def test_a_property_of_this_text(front: World, name: str) -> None:
    text = TEXTS[name].encode()
    number = uuid.uuid5(uuid.NAMESPACE_URL, name)
    head = json.dumps({"site": front.site.key, "id": str(number)})[:-1].encode()
    reply = front.send(head + b', "props": {"v": ' + text + b"}}")
    told = "accepted" if reply.status == 202 else reply.body["code"]
    assert told == EXPECTED.get(name, "json_invalid" if name.startswith("n_") else "accepted")
    rows = Event.plain.filter(event_id=number)
    if told == "accepted":
        assert rows.get().props == {"v": cleaned(json.loads(text))}
    else:
        assert not rows.exists()


def test_a_body_of_these_texts_alone_is_refused_or_is_nobody_s() -> None:
    """The suite knows no event: none of its texts says whose it would be."""
    codes = set()
    for name, text in TEXTS.items():
        try:
            (hit,) = wire.decode(text.encode(), NOW)
        except Unusable as refusal:
            codes.add(refusal.code)
        else:
            assert not name.startswith("n_")
            assert isinstance(hit, Hit)
            assert hit.site_key is None
    assert codes == {"json_invalid", "body_empty"}


def test_none_is_named_that_is_not_there() -> None:
    assert EXPECTED.keys() <= TEXTS.keys()
    assert len(TEXTS) == 340
