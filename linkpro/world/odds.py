"""Chance with weights, fast enough to be asked a million times."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Odds(Generic[Thing]):
    """Things and how often each is drawn; weights need not sum up to anything."""

    def __init__(self, weights: Mapping[Thing, float]) -> None:
        self.things = list(weights)
        self.bounds = list(accumulate(weights.values()))

    def draw(self, random: Random) -> Thing:
        """One of the things."""
        return self.things[bisect(self.bounds, random.random() * self.bounds[-1])]


def zipf(things: Iterable[Thing], exponent: float = 0.85) -> Odds[Thing]:
    """Odds that fall with the rank, as the popularity of pages does."""
    return Odds({thing: 1 / rank**exponent for rank, thing in enumerate(things, 1)})
