"""One promise of a contract, and what proves that it is kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """One promise: its words, what proves it, and where it differs from the words."""

    text: str
    proofs: tuple[str, ...] = ()
    note: str = ""
    later: str = ""


def kept(text: str, *proofs: str, note: str = "") -> Item:
    """A promise that is kept."""
    return Item(text, proofs, note)


def later(text: str, part: str, *proofs: str) -> Item:
    """A promise that waits for a part of the product; what is there of it already is proved."""
    return Item(text, proofs, later=part)
