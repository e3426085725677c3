"""How a case is written: its number, what is sent, what is answered, and what is stored."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

# The four lists of cases: bytes and JSON, HTTP, values, strings that reach people.
NUMBERS = {
    "A": range(1, 46),
    "B": range(46, 86),
    "C": range(86, 106),
    "D": range(106, 136),
}


@dataclass(frozen=True)
class Case:
    """One body, and what becomes of it.

    `event` are members of an event beside its site and id, as values or as they are written in
    JSON (bytes); or `body` is sent as it is. `told` is the outcome of its only event, or the code
    of the refusal when `status` is not 202. `stored` are columns of the stored event; `decided`
    says why, where one could have decided otherwise.
    """

    number: str
    what: str
    event: Mapping[str, Any] | bytes = field(default_factory=dict)
    body: bytes | None = None
    status: int = 202
    told: str = "accepted"
    stored: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    decided: str = ""

    @property
    def name(self) -> str:
        """The case as a person finds it: `A17 NUL in a value`."""
        return f"{self.number} {self.what}"

    def written(self, site: str, door: str) -> bytes:
        """The body for a site; its id is the case's own at each door."""
        if self.body is not None:
            return self.body
        head = json.dumps({"site": site, "id": str(self.id(door))}).encode()
        if isinstance(self.event, bytes):
            return head[:-1] + b", " + self.event + b"}"
        return json.dumps({**json.loads(head), **self.event}).encode()

    def id(self, door: str) -> uuid.UUID:
        """The id of the case's event."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"{door} {self.name}")


def refused(number: str, what: str, event: Any = b"", told: str = "", **more: Any) -> Case:
    """A case of which nothing is stored."""
    return Case(number, what, event, status=more.pop("status", 400), told=told, **more)


def unusable(number: str, what: str, body: bytes, told: str = "json_invalid", **more: Any) -> Case:
    """A body in which no event can be found."""
    return Case(number, what, body=body, status=more.pop("status", 400), told=told, **more)


def parametrized(cases: list[Case]) -> Any:
    """The cases as parameters, each under its name."""
    assert len({case.name for case in cases}) == len(cases), "two cases of one name"
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])
