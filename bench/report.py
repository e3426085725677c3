"""What a part of the bench found: lines of a table, and counts that do not agree."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Report:
    """Lines (what, value, unit) under a title; `wrong` is what must never be."""

    title: str
    lines: list[tuple[str, float, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def line(self, what: str, value: float, unit: str) -> None:
        """Add a figure."""
        self.lines.append((what, value, unit))

    def check(self, what: str, expected: int, found: int) -> None:
        """Note a count that is not what it must be."""
        if expected != found:
            self.wrong.append(f"{what}: {expected:,} expected, {found:,} found")

    def print(self) -> None:
        """Write the lines so that a person can read them."""
        print(f"\n{self.title}")
        for what, value, unit in self.lines:
            digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
            print(f"  {what:<56} {value:>12,.{digits}f} {unit}")
        for text in self.wrong:
            print(f"  WRONG: {text}")
