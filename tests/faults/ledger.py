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
    """A ledger as far as it has been read."""

    path: Path
    offset: int = 0
    lines: list[Line] = field(default_factory=list)
    sent: Counter[Event] = field(default_factory=Counter)
    bad: set[Event] = field(default_factory=set)
    answers: dict[Event, list[str]] = field(default_factory=lambda: defaultdict(list))
    words: Counter[tuple[str, str]] = field(default_factory=Counter)

    def read_on(self) -> Ledger:
        """Take in what has been written since; a line that is being written is left for later."""
        if not self.path.exists():
            return self
        with self.path.open("rb") as file:
            file.seek(self.offset)
            whole, end, _rest = file.read().rpartition(b"\n")
        self.offset += len(whole) + len(end)
        for text in whole.decode().splitlines():
            at, what, site, event_id, word = text.split("\t")
            self._take(Line(float(at), what, site, event_id, word))
        return self

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

    def first_accepted(self, since: float) -> float | None:
        """When the first event was accepted after this moment; they are written in order."""
        found = None
        for line in reversed(self.lines):
            if line.at <= since:
                break
            if line.what == "answer" and line.word == "accepted":
                found = line.at
        return found

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
