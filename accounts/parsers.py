"""How bodies of the API are read."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import IO, Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import FormParser, JSONParser

# What a form of the API's pages carries beside its fields.
PAGE_FORM = "_form"
PASTED_JSON = "_json"
CSRF_TOKEN = "csrfmiddlewaretoken"  # noqa: S105  the name of a field
MOST_LEVELS = 8


class BoundedJSONParser(JSONParser):
    """JSON; what is nested too deeply to be read is no JSON for us."""

    def parse(self, stream: IO[Any], *args: Any, **options: Any) -> Any:
        try:
            return super().parse(stream, *args, **options)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None


class PageFormParser(FormParser):
    """Forms; one of the API's pages says the same as a body of JSON."""

    def parse(self, stream: IO[Any], *args: Any, **options: Any) -> Any:
        form = super().parse(stream, *args, **options)
        return as_json(form) if PAGE_FORM in form else form


def as_json(form: QueryDict) -> dict[str, Any]:
    """What a form of the API's pages stands for: its fields by the kinds that their names end in.

    `name` is a text, `a.b` one within an object, `name:kind` is read by the kind (`KINDS`). Or all
    of it is the JSON in `_json`. The CSRF token stays, since it is looked for here. Raises
    `ParseError`.
    """
    if PASTED_JSON in form:
        body = BoundedJSONParser().parse(BytesIO(_text(form, PASTED_JSON).encode()))
        if not isinstance(body, dict):
            raise ParseError(_("Without scripts the page sends JSON objects only."))
        return {**body, CSRF_TOKEN: form.get(CSRF_TOKEN, "")}
    found: dict[str, Any] = {}
    for name in form:
        path, _colon, kind = name.partition(":")
        if path.startswith("_") or (kind == "given" and not form[name]):
            continue
        *levels, last = path.split(".", MOST_LEVELS)
        place = found
        for level in levels:
            within = place.get(level)
            if not isinstance(within, dict):
                within = place[level] = {}
            place = within
        read = KINDS.get(kind, str)
        place[last] = _chosen(form, name) if kind == "choices" else read(_text(form, name))
    return found


def _text(form: QueryDict, name: str) -> str:
    return str(form.get(name, ""))


def _chosen(form: QueryDict, name: str) -> list[str]:
    return [str(value) for value in form.getlist(name) if value]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _json(text: str) -> Any:
    """The value, or the text itself, of which the field says what is wrong."""
    try:
        return json.loads(text) if text.strip() else None
    except (ValueError, RecursionError):
        return text


KINDS: dict[str, Callable[[str], Any]] = {
    "null": lambda text: text or None,
    "flag": lambda text: text == "true",
    "lines": _lines,
    "json": _json,
}
