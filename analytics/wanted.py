"""Which values of a dimension a question wants, as parts of its SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which values of a dimension are wanted, in which order; a `limit` of None is all of them.

    `search` is a text that they hold, `values` are those wanted at most; `counted` asks how many
    there are in all, and what the largest has.
    """

    order: str = "visitors"
    limit: int | None = None
    offset: int = 0
    search: str = ""
    values: Sequence[str] | None = None
    counted: bool = False

    def narrowing(self, mark: str) -> tuple[str, list[Any]]:
        """A condition on `value`, with `mark` for each of its parameters."""
        parts: list[str] = []
        given: list[Any] = []
        if self.search:
            parts.append(f"position(lower({mark}) IN lower(value)) > 0")
            given.append(self.search)
        if self.values is not None:
            parts.append(f"value = ANY({mark})")
            given.append(list(self.values))
        return ("WHERE " + " AND ".join(parts)) if parts else "", given

    def of_all(self, sum_of: Callable[[str], str]) -> str:
        """How many values there are and what the largest has, as columns beside each value."""
        if not self.counted:
            return "NULL, NULL"
        return f"count(*) OVER (), max({sum_of(self.order)}) OVER ()"
