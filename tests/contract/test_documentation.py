"""The commands of docs/api.md do what is written beside them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = Path(__file__).parents[2] / "docs" / "api.md"
EXPECTED = re.compile(r"^(curl .+)\n# (\d{3})(?:: (.+))?$", re.MULTILINE)


def test_every_command_of_the_page_answers_as_it_says(curl):
    text = PAGE.read_text()
    commands = EXPECTED.findall(text)
    assert len(commands) == len(re.findall(r"^curl ", text, re.MULTILINE)) > 30
    wrong = []
    for command, status, keys in commands:
        said = curl(command)
        if said.status != int(status) or said.failed:
            wrong.append(f"{command}\n  answered {said.status}: {said.body[:300]}")
        elif missing := set(filter(None, keys.split(", "))) - set(
            json.loads(said.body or "{}") if keys else ()
        ):
            wrong.append(f"{command}\n  lacks {missing}")
    assert not wrong, "\n".join(wrong)


def test_the_page_names_every_code_that_questions_are_refused_with():
    sources = [path.read_text() for path in Path("analytics").glob("*.py")]
    sources += [path.read_text() for path in Path("tracking").glob("event_*.py")]
    codes = {code for text in sources for code in re.findall(r'Refused\("(\w+)"', text)}
    assert codes
    assert {code for code in codes if f"`{code}`" not in PAGE.read_text()} == set()
