"""Every numbered case can be found: in a table here, as a test, or where it stood before."""

from __future__ import annotations

import re
from pathlib import Path

from tests.corpus import test_bodies, test_requests, test_strings, test_times, test_values
from tests.corpus.cases import NUMBERS

HERE = Path(__file__).parent
# Promised by tests that stood before, or that are about more than one case.
ELSEWHERE = {
    "B51": "tracking/test_bodies.py::test_a_bomb_is_not_unpacked",
    "B53": "tracking/test_bodies.py::test_a_packing_that_is_broken_is_refused",
    "B54": "tracking/test_bodies.py::test_a_packing_that_is_not_known_is_named",
    "B73": "tracking/test_enrich.py::test_a_trusted_proxys_word_is_read_from_the_right",
    "B74": "tracking/test_enrich.py::test_an_address_has_one_spelling",
    "D118": "tracking/test_agents.py::test_no_agent_keeps_the_parser_busy",
    "D119": "tracking/test_agents.py::test_every_listed_bot_is_one",
    "D120": "tracking/test_agents.py::test_no_browser_of_a_person_is_a_bot",
}
# Nothing is done about these; each says why.
LEFT = {
    "D127": "there is no list of referrers that send spam: such a visit counts like any other",
}
MODULES = (test_bodies, test_requests, test_times, test_values, test_strings)


def found() -> set[str]:
    """The numbers of the tables, of `test_b61_…`, and of parameters named for their number."""
    numbers = {case.number for module in MODULES for case in module.CASES}
    for path in HERE.glob("test_*.py"):
        text = path.read_text()
        numbers |= {name.upper() for name in re.findall(r"def test_([abcd]\d+)_", text)}
        numbers |= set(re.findall(r'"([ABCD]\d+) ', text))
    return numbers


def test_every_number_can_be_found() -> None:
    wanted = {f"{letter}{number}" for letter, numbers in NUMBERS.items() for number in numbers}
    assert len(wanted) == 135
    assert wanted - found() - ELSEWHERE.keys() - LEFT.keys() == set()


def test_what_stands_elsewhere_is_there() -> None:
    for place in ELSEWHERE.values():
        path, name = place.split("::")
        assert f"def {name}(" in (HERE.parent / path).read_text(), place
