"""The pages of a funnel's steps: rules of paths, in which `*` stands for anything. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from django.utils.translation import gettext as _

from accounts.models.sites import FUNNEL_STEPS

MOST_RULES = 100  # of a step
MAX_RULE = 512


class InvalidRules(ValueError):
    """The rules cannot be kept; the message says why to people."""


@lru_cache(maxsize=4_096)
def _pattern(rules: tuple[str, ...]) -> re.Pattern[str] | None:
    parts = [".*".join(map(re.escape, rule.split("*"))) for rule in rules if rule]
    return re.compile("|".join(parts), re.DOTALL) if parts else None


def matches(path: str, rules: Iterable[str]) -> bool:
    """Whether a whole path fits one of the rules: `/demo*` fits `/demo` and `/demo/book`."""
    pattern = _pattern(tuple(rules))
    return pattern is not None and pattern.fullmatch(path) is not None


def rules_of(text: str) -> list[str]:
    """The rules written one a line, each once. Raises `InvalidRules`."""
    return checked(text.splitlines())


def checked(rules: Iterable[str]) -> list[str]:
    """The rules without blanks and repetitions. Raises `InvalidRules`."""
    kept = list(dict.fromkeys(rule.strip() for rule in rules if rule.strip()))
    if len(kept) > MOST_RULES:
        raise InvalidRules(_("At most %(most)d paths, please.") % {"most": MOST_RULES})
    for rule in kept:
        if not rule.startswith(("/", "*")):
            told = _("“%(rule)s” is no path. Write it like /pricing or /docs/*.")
            raise InvalidRules(told % {"rule": rule[:80]})
        if len(rule) > MAX_RULE or rule.count("*") > 10:
            raise InvalidRules(
                _("“%(rule)s …” is too long, or has too many *.") % {"rule": rule[:40]}
            )
    return kept


def checked_pages(pages: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The rules by step, in the funnel's order. Raises `InvalidRules`."""
    return {step: checked(pages[step]) for step in FUNNEL_STEPS if step in pages}
