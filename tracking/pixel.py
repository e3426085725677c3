"""The picture that counts a page where no script runs: one dot, which always comes.

`GET /api/pixel.gif?site=KEY`, or `/js/NAME.gif` under the name of a site's choice. Its request is
turned into the event that the tracker would send, and goes the same way; whatever becomes of it, a
page never shows a broken picture.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import msgspec
import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tracking import views
from tracking.ingest import app as endpoint
from tracking.ingest.exchange import Answer

log = structlog.get_logger(__name__)

PATH = re.compile(r"/api/pixel\.gif|/js/[a-z0-9][a-z0-9_-]{2,31}\.gif", re.IGNORECASE | re.ASCII)
GIF = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
HEADERS = {
    "Content-Type": "image/gif",
    "Cache-Control": "no-store",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
MOST_FIELDS = 50


def is_pixel(path: str) -> bool:
    """Whether the picture is there."""
    return PATH.fullmatch(path) is not None


def view_of(query: str, page: str) -> bytes:
    """The page view that the picture's address tells, as the tracker would send it.

    `site`, `url`, `title` and `referrer`; `page` is what the browser says of the page, which counts
    where the address says nothing.
    """
    try:
        said = parse_qs(query, errors="replace", max_num_fields=MOST_FIELDS)
    except ValueError:  # more fields than anybody needs
        said = {}
    event: dict[str, str] = {name: said[name][0] for name in said if name in ("title", "referrer")}
    event |= {"name": "page_view", "url": said.get("url", [page])[0]}
    return msgspec.json.encode({"events": [event], "site": said.get("site", [None])[0]})


def told(answer: Answer) -> str:
    """What became of the page view, for those who look into the headers of the picture."""
    if answer.status >= 400:
        return f"rejected; {answer.body['code']}"
    (outcome,) = answer.body["results"].values()
    return "; ".join(outcome.values())


# --- The endpoint, in front of Django -----------------------------------------------------------


def _request_of(scope: dict[str, Any]) -> tuple[dict[str, Any], endpoint.Receive]:
    """The request that the tracker would make, of the one for the picture."""
    headers = dict(scope["headers"])
    page = headers.get(b"referer", b"").decode("latin-1")
    body = view_of(scope["query_string"].decode("latin-1"), page)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    about_body = (b"content-length", b"content-encoding")
    kept = [(name, value) for name, value in scope["headers"] if name not in about_body]
    return {**scope, "headers": kept}, receive


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer one request for the picture, of method GET or HEAD."""
    headers: Mapping[str, str] = HEADERS
    if scope["method"] == "GET":
        try:
            headers = HEADERS | {"X-Event": told(await endpoint.take(*_request_of(scope)))}
        except Exception:
            log.exception("pixel failed")
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    lines.append((b"content-length", str(len(GIF)).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": lines})
    await send({"type": "http.response.body", "body": GIF if scope["method"] == "GET" else b""})


# --- The second door ----------------------------------------------------------------------------


@require_safe
def pixel_gif(request: HttpRequest) -> HttpResponse:
    """The picture over Django."""
    response = HttpResponse(GIF, headers=HEADERS)
    if request.method == "GET":
        body = view_of(request.META.get("QUERY_STRING", ""), request.headers.get("Referer", ""))
        response["X-Event"] = told(views.take(request, body=body))
    return response
