"""Every address there is, with the methods it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Route:
    """A pattern as the list of addresses writes it, and one method of it."""

    pattern: str
    method: str
    callback: Any

    @property
    def key(self) -> tuple[str, str]:
        return self.pattern, self.method

    @property
    def view(self) -> type | None:
        """The class behind it, if it has one."""
        found = getattr(self.callback, "cls", None) or getattr(self.callback, "view_class", None)
        return found if isinstance(found, type) else None

    def __str__(self) -> str:
        return f"{self.method} /{self.pattern}"


def _patterns(resolver: Any, before: str = "", regex: str = "") -> Iterator[tuple[str, str, Any]]:
    for entry in resolver.url_patterns:
        written = before + str(entry.pattern)
        pattern = regex + entry.pattern.regex.pattern.removeprefix("^")
        if isinstance(entry, URLResolver):
            yield from _patterns(entry, written, pattern)
        elif isinstance(entry, URLPattern):
            yield written, pattern, entry.callback


def _limits(callback: Any) -> list[str] | None:
    """What `require_POST` and its like let pass, wherever they stand among the decorators."""
    while callback is not None:
        code, cells = getattr(callback, "__code__", None), getattr(callback, "__closure__", None)
        if code and cells and "request_method_list" in code.co_freevars:
            found: list[str] = cells[code.co_freevars.index("request_method_list")].cell_contents
            return found
        callback = getattr(callback, "__wrapped__", None)
    return None


def methods_of(callback: Any) -> list[str]:
    """The methods that a view answers, without HEAD and OPTIONS."""
    if actions := getattr(callback, "actions", None):
        taken = set(actions) & set(callback.cls.http_method_names)
        return [name for name in METHODS if name.lower() in taken]
    view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    if isinstance(view, type):
        allowed = {name.upper() for name in getattr(view, "http_method_names", METHODS)}
        return [name for name in METHODS if name in allowed and hasattr(view, name.lower())]
    limits = _limits(callback)
    return [name for name in METHODS if name in (("GET", "POST") if limits is None else limits)]


def all_routes() -> list[Route]:
    """Every (pattern, method) of Django's."""
    return [
        Route(written, method, callback)
        for written, _regex, callback in _patterns(get_resolver())
        for method in methods_of(callback)
    ]


def parameters_of(pattern: str) -> list[str]:
    """The names that stand in a pattern, in either spelling."""
    return [a or b for a, b in re.findall(r"\(\?P<(\w+)>|(?<!\?P)<(?:\w+:)?(\w+)>", pattern)]


@cache
def _regexes() -> dict[str, str]:
    return {written: regex for written, regex, _callback in _patterns(get_resolver())}


def address(pattern: str, values: dict[str, Any]) -> str:
    """The address of a pattern with these values; the pattern as `Route` writes it."""
    form, _names = normalize(_regexes()[pattern])[0]
    return "/" + form.removeprefix("/") % {name: str(value) for name, value in values.items()}
