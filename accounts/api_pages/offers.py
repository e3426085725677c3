"""What else an endpoint takes: for each method a form, the same as JSON, and as a command."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.request import override_method

from accounts.api_pages import described, fields, shell
from accounts.api_pages.fields import Field, Filling

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response
    from rest_framework.views import APIView

May = Callable[["APIView", str, "Request"], bool]
METHODS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SENT_WITH_BODY = ("POST", "PUT", "PATCH")


@dataclass(frozen=True, slots=True)
class Offer:
    """A method of the endpoint, and how the page sends it.

    `takes_forms` says whether the endpoint reads forms at all, else the page sends JSON only;
    `json` is None where there is no body of JSON to send.
    """

    method: str
    title: str
    words: SafeString
    fields: tuple[Field, ...]
    errors: tuple[str, ...]
    json: str | None
    curl: str
    takes_forms: bool
    has_files: bool
    is_open: bool = False

    @property
    def needs_script(self) -> bool:
        """Browsers send only GET and POST by themselves."""
        return self.method != "POST"

    @property
    def rows(self) -> int:
        """How tall the JSON is drawn."""
        return min(max((self.json or "").count("\n") + 2, 4), 24)

    @property
    def id(self) -> str:
        """The id of its part of the page."""
        return f"send-{self.method.lower()}"


def of(view: APIView, request: Request, response: Response, data: Any, may: May) -> list[Offer]:
    """The methods that the asker may send, besides the one that reads."""
    found = []
    unread = request.method == "GET" and response.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    for method in METHODS:
        if method not in view.allowed_methods:
            continue
        with override_method(view, request, method) as asking:
            if may(view, method, asking):
                filling = _filling(request, response, data, method)
                offer = _offer(view, asking, filling)
                # Where nothing is to be read, what is to be sent lies open; so does what failed.
                opened = unread and method in ("POST", "PUT")
                opened = opened or (response.exception and request.method == method)
                found.append(replace(offer, is_open=True) if opened else offer)
    return found


def _filling(request: Request, response: Response, data: Any, method: str) -> Filling:
    """What a method's form shows: what was sent and its errors, else what was read."""
    if request.method == method and response.exception:
        errors = data.get("errors") if isinstance(data, Mapping) else None
        return Filling(method, _sent(request), errors if errors else {})
    if method in ("PUT", "PATCH") and isinstance(data, Mapping) and not response.exception:
        return Filling(method, data, {})
    if method in ("PUT", "PATCH") and request.method in ("PUT", "PATCH"):
        return Filling(method, _sent(request), {})
    return Filling(method, {}, {})


def _sent(request: Request) -> Mapping[str, Any]:
    try:
        return request.data if isinstance(request.data, Mapping) else {}
    except APIException:  # it could not be read
        return {}


def _offer(view: APIView, request: Request, filling: Filling) -> Offer:
    method = filling.method
    asked = described.asked_by(view, method)
    kinds = view.parser_classes
    drawn: tuple[Field, ...] = ()
    shown = getattr(asked.serializer, "fields", None)
    if shown is not None:
        known = filling if isinstance(filling.errors, Mapping) else replace(filling, errors={})
        drawn = fields.of_serializer(asked.serializer, known)
    files = any(one.kind == "file" for one in drawn)
    forms = any(issubclass(kind, MultiPartParser if files else FormParser) for kind in kinds)
    text = None
    if method in SENT_WITH_BODY and any(issubclass(kind, JSONParser) for kind in kinds):
        text = _json(view, asked, filling)
    return Offer(
        method=method,
        title=_title(view, method),
        words=described.words_of_method(view, method),
        fields=drawn if forms else (),
        errors=fields.errors_of_all(filling.errors, drawn),
        json=text,
        curl=_curl(view, request, method, text or "", drawn if files else ()),
        takes_forms=forms,
        has_files=files,
    )


# What the usual actions of a list and of a row do, in a few words.
TITLES = {
    "create": _("Make one"),
    "update": _("Replace what it is"),
    "partial_update": _("Change some of it"),
    "destroy": _("Delete it"),
}


def _title(view: APIView, method: str) -> str:
    """What a method does, as far as its kind says it."""
    if method == "OPTIONS":
        return gettext("What the endpoint takes")
    return str(TITLES.get((getattr(view, "action_map", None) or {}).get(method.lower(), ""), ""))


def _curl(view: APIView, request: Request, method: str, text: str, drawn: tuple[Field, ...]) -> str:
    if not drawn:
        return shell.curl(view, request, method, text)
    return shell.curl(view, request, method, files=[one.name for one in drawn])


def _json(view: APIView, asked: described.Asked, filling: Filling) -> str | None:
    """The body to begin with: what is there, what is needed, or the endpoint's own example."""
    if asked.serializer is None:
        example = getattr(view, "example", None)
        if asked.known and example is None:
            return None
        return json.dumps(example, indent=2, default=str) if example else "{}"
    if not hasattr(asked.serializer, "fields"):
        return "[]"
    body = {}
    for field in fields.writable(asked.serializer):
        value = fields.value_of(field, filling)
        if field.required or value is not None or field.field_name in filling.values:
            body[field.field_name] = _plain(field, value)
    return json.dumps(body, indent=2, ensure_ascii=False, default=str)


def _plain(field: Any, value: Any) -> Any:
    """A value as a body shows it; a secret is never shown again."""
    if fields.kind_of(field) == "password":
        return ""
    return "" if value is None and not field.allow_null else value
