"""The page of an endpoint: the answer to what was asked, and forms for what else it takes.

REST framework chooses this renderer for a browser. A form without a script sends GET or POST; with
`api.js` the page sends every method and shows the answer, which is a page again, in its own place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.forms import BaseForm
from django.http import QueryDict
from django.utils.text import capfirst
from rest_framework import exceptions, status
from rest_framework.renderers import BrowsableAPIRenderer

from accounts.api_pages import described, marked, offers, questions, shell
from accounts.api_pages.fields import Field

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response
    from rest_framework.views import APIView

REFUSED = (status.HTTP_401_UNAUTHORIZED, status.HTTP_403_FORBIDDEN)


class ApiPage(BrowsableAPIRenderer):
    """HTML for the people who read an endpoint in a browser."""

    template = "api/page.html"

    def get_context(
        self, data: Any, accepted_media_type: str | None, renderer_context: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What the template shows; no forms to those who were refused, and none of missing rows."""
        view, request = renderer_context["view"], renderer_context["request"]
        response = renderer_context["response"]
        asks_nobody = not view.get_authenticators()
        refused = response.status_code in REFUSED and not asks_nobody
        missing = response.status_code == status.HTTP_404_NOT_FOUND and getattr(view, "detail", 0)
        unusable = refused or missing
        paginator = getattr(view, "paginator", None)
        paged = getattr(paginator, "display_page_controls", False)
        return {
            "name": described.name_of(view),
            "words": "" if refused else described.words_of(view),
            "places": described.places_of(request.path),
            "asks_nobody": asks_nobody,
            "response": response,
            "headers": _headers(response),
            "body": self.body(view, data, accepted_media_type, renderer_context),
            "raw": _raw_addresses(view, request),
            "curl": shell.curl(view, request, request.method),
            "questions": [] if refused else self.questions(view, request),
            "asked_something": bool(set(request.query_params) - {"format", "page", "page_size"}),
            "pages": paginator.get_html_context() if paginator and paged else None,
            "actions": {} if unusable else _actions(view),
            "offers": [] if unusable else offers.of(view, request, response, data, self.may),
        }

    def may(self, view: APIView, method: str, request: Request) -> bool:
        """Whether the asker may send a method to the endpoint."""
        return bool(self.show_form_for_method(view, method, request, None))

    def body(
        self, view: APIView, data: Any, accepted: str | None, context: Mapping[str, Any]
    ) -> marked.Body | None:
        """The answer's body as JSON in colours, or None where there is none."""
        renderer = self.get_default_renderer(view)
        if data is None or renderer is None:
            return None
        text = renderer.render(data, accepted, {**context, "indent": 2})
        text = text.decode() if isinstance(text, bytes) else text
        return marked.body(text, _rows_at(view, data))

    def questions(self, view: APIView, request: Request) -> list[Field]:
        """What the address may ask: the parameters that are described, and the filters."""
        if request.method != "GET":
            return []
        asked = request.query_params
        found = [questions.of_parameter(one, asked) for one in described.parameters_of(view)]
        form = _filter_form(view, request)
        return [*found, *questions.of_filters(form)] if form is not None else found


def _rows_at(view: Any, data: Any) -> str:
    """The path of a list whose rows have addresses below it."""
    rows = data.get("results") if isinstance(data, Mapping) else None
    if getattr(view, "action", "") != "list" or not rows or "id" not in rows[0]:
        return ""
    path = view.request.path
    return path if described.answers(f"{path}/{rows[0]['id']}") else ""


def _actions(view: Any) -> dict[str, str]:
    """The addresses below this one that are read or sent to, by their names."""
    found = view.get_extra_action_url_map() if hasattr(view, "get_extra_action_url_map") else {}
    return {capfirst(name.lower()): address for name, address in found.items()}


def _filter_form(view: Any, request: Request) -> BaseForm | None:
    """The form of a list's filters."""
    if getattr(view, "detail", None) is not False or getattr(view, "action", "") != "list":
        return None
    for backend in view.filter_backends:
        if hasattr(backend, "get_filterset"):
            with contextlib.suppress(exceptions.APIException):
                found = backend().get_filterset(request, view.get_queryset(), view)
                return found.form if found else None
    return None


# What every answer carries, and says nothing of this one.
DULL = {"vary", "content-type"}


def _headers(response: Response) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in response.items() if name.lower() not in DULL)


def _raw_addresses(view: APIView, request: Request) -> list[tuple[str, str]]:
    """The formats in which the same is had without a page, each with its address."""
    if request.method != "GET":
        return []
    found = []
    for renderer in view.renderer_classes:
        if issubclass(renderer, BrowsableAPIRenderer) or not renderer.format:
            continue
        query: QueryDict = request.query_params.copy()
        query["format"] = renderer.format
        found.append((renderer.format.upper(), f"{request.path}?{query.urlencode()}"))
    return found
