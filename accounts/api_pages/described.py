"""What an endpoint says of itself: its name, its words, what it asks for, where it stands.

The description for programs (OpenAPI) and the page for people are taken from the same place.
Apart from `accounts.schema`, since REST framework loads its renderers before its views exist.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import Resolver404, resolve
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from rest_framework import serializers

if TYPE_CHECKING:
    from rest_framework.views import APIView

ENDING = re.compile(r"(ViewSet|View|Endpoint)\Z")
CODE = re.compile(r"`([^`]+)`")


def handler_of(view: APIView, method: str) -> Any:
    """The function of the view that answers a method, or None."""
    actions = getattr(view, "action_map", None) or {}
    return getattr(view, actions.get(method.lower(), method.lower()), None)


def name_of(view: APIView) -> str:
    """“Sites”, “Site”, “Rotate secret”, “Website metrics”: in a sentence's case."""
    if action := getattr(view, "name", None):
        return _sentence(action)
    model = getattr(view, "model", None) or getattr(getattr(view, "queryset", None), "model", None)
    if model is not None and getattr(view, "suffix", None):
        names = model._meta
        return capfirst(names.verbose_name if view.detail else names.verbose_name_plural)  # type: ignore[attr-defined]
    return _sentence(ENDING.sub("", type(view).__name__))


def _sentence(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-_]", " ", name).split()
    return capfirst(" ".join(word if word.isupper() else word.lower() for word in words))


def words_of(view: APIView) -> SafeString:
    """The words of the endpoint as paragraphs."""
    return paragraphs(getattr(view, "description", None) or inspect.getdoc(type(view)) or "")


def words_of_method(view: APIView, method: str) -> SafeString:
    """What is said of one method of the endpoint, which may be nothing."""
    said = inspect.cleandoc(getattr(handler_of(view, method), "__doc__", None) or "")
    return SafeString("") if said == getattr(view, "description", None) else paragraphs(said)


def paragraphs(text: str) -> SafeString:
    """Plain text as HTML: its paragraphs, and what stands between backticks as code."""
    found = (part for part in text.split("\n\n") if part.strip())
    return format_html_join("", "<p>{}</p>", ((in_line(part),) for part in found))


def in_line(text: str) -> SafeString:
    """A line with what stands between backticks as code."""
    parts = CODE.split(text)
    pieces = (
        format_html("<code>{}</code>", part) if place % 2 else conditional_escape(part)
        for place, part in enumerate(parts)
    )
    return format_html_join("", "{}", ((piece,) for piece in pieces))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a method wants to be sent: a serializer, or, where `known` is false, who knows."""

    known: bool
    serializer: serializers.BaseSerializer[Any] | None = None


def _described(view: APIView, method: str) -> Any:
    """drf-spectacular's description of a method, where the view gives one."""
    kind = getattr(handler_of(view, method), "kwargs", {}).get("schema")
    if kind is None:
        return None
    described = kind()
    described.view, described.method = view, method
    described._get_serializer = lambda: ...  # in the place of a guess: nothing was described
    return described


def asked_by(view: APIView, method: str) -> Asked:
    """The serializer of what a method is sent: as described, else the view's own."""
    described = _described(view, method)
    given = described.get_request_serializer() if described else ...
    context = {"request": view.request, "view": view, "format": None}
    if given is ...:
        if method in ("DELETE", "OPTIONS"):
            return Asked(known=True)
        own = getattr(view, "get_serializer", None)
        return Asked(known=own is not None, serializer=own() if own else None)
    if isinstance(given, type) and issubclass(given, serializers.BaseSerializer):
        given = given(context=context)
    elif isinstance(given, serializers.BaseSerializer):
        given = type(given)(context=context)
    return Asked(True, given) if isinstance(given, serializers.BaseSerializer) else Asked(not given)


def parameters_of(view: APIView) -> list[Any]:
    """The parameters of the address that a reading method describes (`OpenApiParameter`)."""
    described = _described(view, "GET")
    given = described.get_override_parameters() if described else []
    return [one for one in given if getattr(one, "location", "") == "query"]


def places_of(path: str) -> list[tuple[str, str]]:
    """The parts of a path with the address of each that answers by itself, else ""."""
    parts = [part for part in path.split("/") if part]
    found = []
    for count, part in enumerate(parts, start=1):
        address = "/" + "/".join(parts[:count])
        found.append((part, next(filter(answers, (address, f"{address}/")), "")))
    return found


def answers(path: str) -> bool:
    """Whether an endpoint answers GET at a path."""
    try:
        view = resolve(path).func
    except Resolver404:
        return False
    return "get" in (getattr(view, "actions", None) or {"get": ""}) and hasattr(view, "cls")
