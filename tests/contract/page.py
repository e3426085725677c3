"""Writes docs/contract.md from the table: `python -m tests.contract.page`."""

from __future__ import annotations

from pathlib import Path

from tests.contract.item import Item
from tests.contract.items import CONTRACTS

PAGE = Path(__file__).parents[2] / "docs" / "contract.md"
HEAD = """# What is promised, and what proves it

Made by `python -m tests.contract.page` from the tables in `tests/contract/`; a test holds it to
that, and every named test to being there. E is an endpoint, M a model or shape, F a feature, C a
setting or command, X an example that is reproduced word for word.
"""


def _row(name: str, item: Item) -> str:
    proofs = "<br>".join(f"`{proof.removeprefix('tests/')}`" for proof in item.proofs)
    state = f"not yet: comes with {item.later}" if item.later else "kept"
    text = item.text + (f" ({item.note})" if item.note else "")
    return f"| {name} | {text} | {state} | {proofs} |"


def text() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, items in CONTRACTS.items():
        done = sum(not item.later for item in items.values())
        rows = "\n".join(_row(name, item) for name, item in items.items())
        parts.append(
            f"## {title}\n\n{done} of {len(items)} are kept.\n\n"
            f"| | promise | state | proof |\n|---|---|---|---|\n{rows}\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(text())
