"""What the senders saw, line by line: the only truth that LinkPro is held against.

A line is written when an event is sent and when its final answer has come, before the next
request. `site`, `id` and `word` depend on what is told:

    sent     good | bad          an event leaves; a bad one is to be refused
    answer   accepted | duplicate | rejected:REASON
    status   503, 429            a request was put off, its events are kept
    cut      refused | stale | cut | hung     a request without an answer, its events are kept
    breach   a text              an answer that no answer may be (I11)
    gave-up                      the sender ended before the event's answer
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

Event = tuple[str, str]  # the site's key and the event's id


class Line(NamedTuple):
    """One thing that a sender saw, at a moment in seconds since 1970."""

    at: float
    what: str
    site: str
    id: str
    word: str


class Pen:
    """Writes lines at the moment; nothing waits in this process."""

    def __init__(self, path: str) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, lines: list[Line]) -> None:
        """Append the lines with one write."""
        os.write(self.file, "".join("\t".join(map(str, line)) + "\n" for line in lines).encode())


@dataclass
class Ledger:
    """A ledger that has been read."""

    lines: list[Line] = field(default_factory=list)
    sent: Counter[Event] = field(default_factory=Counter)
    bad: set[Event] = field(default_factory=set)
    answers: dict[Event, list[str]] = field(default_factory=lambda: defaultdict(list))
    words: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def read(cls, *paths: Path) -> Ledger:
        """All lines so far; one that is being written is left out."""
        found = cls()
        for path in paths:
            *whole, _rest = path.read_text().split("\n") if path.exists() else [""]
            for text in whole:
                at, what, site, event_id, word = text.split("\t")
                found._take(Line(float(at), what, site, event_id, word))
        return found

    def _take(self, line: Line) -> None:
        self.lines.append(line)
        self.words[line.what, line.word] += 1
        event = (line.site, line.id)
        if line.what == "sent":
            self.sent[event] += 1
            if line.word == "bad":
                self.bad.add(event)
        elif line.what == "answer":
            self.answers[event].append(line.word)

    def count(self, what: str, word: str = "") -> int:
        """How many lines tell this."""
        return sum(n for (w, x), n in self.words.items() if w == what and word in ("", x))

    def moments(self, what: str, word: str = "") -> list[float]:
        """When this was told, in order."""
        return sorted(x.at for x in self.lines if x.what == what and word in ("", x.word))

    @property
    def kept(self) -> set[Event]:
        """Events that were answered accepted or duplicate."""
        return {e for e, words in self.answers.items() if {"accepted", "duplicate"} & set(words)}

    @property
    def refused(self) -> set[Event]:
        """Events that were answered rejected."""
        return {e for e, words in self.answers.items() if any(":" in word for word in words)}

    @property
    def longest_wait(self) -> float:
        """The longest time from an event's first leaving to its first answer, in seconds."""
        first: dict[Event, float] = {}
        waits = [0.0]
        for line in self.lines:
            event = (line.site, line.id)
            if line.what == "sent":
                first.setdefault(event, line.at)
            elif line.what == "answer" and event in first:
                waits.append(line.at - first.pop(event))
                first[event] = float("inf")
        return max(waits)

    def summary(self) -> dict[str, float]:
        """The figures of a run."""
        accepted = [e for e, words in self.answers.items() if "accepted" in words]
        return {
            "acked": len(self.kept),
            "only as duplicate": len(self.kept) - len(accepted),
            "duplicate answers": self.count("answer", "duplicate"),
            "rejected": len(self.refused),
            "503": self.count("status", "503"),
            "cut": self.count("cut"),
            "longest wait s": round(self.longest_wait, 1),
        }
