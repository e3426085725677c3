"""The table of promises is whole, true, and what the documentation shows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.contract import page
from tests.contract.items import CONTRACTS

ROOT = Path(__file__).parents[2]
# How many of each kind the contracts have, from 1 on.
KINDS = {
    "S0": {"E": 13, "M": 9, "F": 19, "C": 2},
    "S2": {"E": 21, "X": 10, "M": 3, "F": 32, "C": 20},
    "S3": {"E": 7, "X": 4, "M": 3, "F": 20, "C": 7},
    "S4": {"E": 20, "X": 7, "M": 12, "F": 27},
}
ITEMS = {name: item for items in CONTRACTS.values() for name, item in items.items()}


def test_every_item_of_the_contracts_is_in_the_table():
    expected = {
        (seed, kind, number)
        for seed, kinds in KINDS.items()
        for kind, most in kinds.items()
        for number in range(1, most + 1)
    }
    found = [re.fullmatch(r"(S\d)-([EMFCX])(\d+)", name) for name in ITEMS]
    assert {(part[1], part[2], int(part[3])) for part in found if part} == expected
    assert len(ITEMS) == len(expected)


@pytest.mark.parametrize("name", ITEMS)
def test_what_proves_an_item_is_there(name):
    item = ITEMS[name]
    assert item.proofs or item.later
    for proof in item.proofs:
        path, _colons, test = proof.partition("::")
        assert (ROOT / path).exists(), proof
        if test:
            tree = ast.parse((ROOT / path).read_text())
            names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert test in names, proof


def test_the_page_shows_the_table_as_it_is():
    assert page.PAGE.read_text() == page.text(), "run: python -m tests.contract.page"
