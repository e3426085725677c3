"""The second door for events, over Django: for the browsable API, WSGI and tests."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

import structlog
from django.http import HttpRequest, UnreadablePostError
from rest_framework.parsers import JSONParser
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tracking.ingest import exchange, writer
from tracking.ingest.directory import NotLoaded
from tracking.ingest.exchange import MAX_BODY, Answer, TooMany, Unavailable
from tracking.ingest.samples import Refusal
from tracking.ingest.wire import Hit, Unusable

log = structlog.get_logger(__name__)

T = TypeVar("T")


def loaded(work: Generator[NotLoaded | None, None, T]) -> T:
    """What the work comes to; what it waits for is loaded here and now."""
    while True:
        try:
            missing = next(work)
        except StopIteration as end:
            return end.value
        try:
            if missing is not None:
                missing.load()
        except Exception as error:
            log.error("directory not readable", error=str(error))
            raise Unavailable from error


def read_body(request: HttpRequest) -> bytes:
    """The whole body, past Django's own limit for bodies. Raises `Unusable`."""
    try:
        body = request.read(MAX_BODY + 1)
    except UnreadablePostError:
        raise exchange.body_incomplete() from None
    if len(body) > MAX_BODY:
        raise exchange.body_too_large()
    return body


def store(hits: Sequence[Hit], refused: Sequence[Refusal]) -> list[str]:
    """The outcomes of the hits, once they are committed. Raises `Unavailable`."""
    try:
        with writer.connect() as connection:
            return writer.write(connection, hits, refused)
    except Exception as error:
        log.error("events not stored", error=str(error), events=len(hits))
        writer.forget()
        raise Unavailable from error


def take(request: HttpRequest, kind: str = "", body: bytes | None = None) -> Answer:
    """Store the events of a request, of a kind or any, and say what became of each.

    `body` is what they are, where the request says it in another way than by its own body.
    """

    def header(name: str) -> str:
        return request.headers.get(name, "")

    try:
        try:
            peer, script = request.META.get("REMOTE_ADDR", ""), exchange.script_name(request.path)
            came = loaded(exchange.arrival(header, peer, script))
            if body is None:
                body = exchange.plain(read_body(request), header("content-encoding"))
            reading = loaded(exchange.read(body, came, kind))
            return exchange.answer(reading.outcomes(store(reading.hits, reading.refused)))
        except Unusable as error:
            store([], [Refusal(None, error.code)])
            return exchange.refusal(error)
    except (Unavailable, TooMany) as error:
        return exchange.refusal(error)


EXAMPLE = {
    "site": "your site's public key",
    "sent_at": 1_794_823_200_250,
    "events": [
        {
            "id": "019a8b1c-6a00-7c3e-9d52-3f6b1c2a4d5e",
            "name": "page_view",
            "timestamp": 1_794_823_200_000,
            "url": "https://shop.example.com/pricing?utm_source=newsletter",
            "title": "Pricing",
            "referrer": "https://www.google.com/",
            "screen": "1440x900",
            "language": "en-GB",
        },
        {
            "id": "019a8b1c-6b2c-7f10-8a4e-5d0c9b8a7f61",
            "name": "purchase",
            "timestamp": 1_794_823_200_200,
            "url": "https://shop.example.com/pricing",
            "value": "49.90",
            "currency": "EUR",
            "props": {"plan": "team"},
        },
    ],
}


class TrackView(APIView):
    """Send events with POST: one event, or `{"site", "sent_at", "events": [...]}` with up to 500.

    The answer 202 names every event by its id and says what became of it: `accepted`, `duplicate`
    (it is stored already: sending again is harmless) or `rejected` with a reason. It is given
    after the events are committed. Keep events that no answer has named and send them again;
    after 429 and 503 wait for `Retry-After` seconds.

    No sign-in is needed. A token with the scope `ingest` may also send past times, and addresses
    and user agents of others.
    """

    kind = ""
    example: dict[str, Any] = EXAMPLE
    authentication_classes = ()  # a token is read as the endpoint reads it, nobody else is asked
    permission_classes = (AllowAny,)
    parser_classes = (JSONParser,)

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        """Whatever a sender accepts, it gets its answer: the events are stored by then."""
        return super().perform_content_negotiation(request, force=True)

    def get(self, request: Request) -> Response:
        return Response({"send": "POST", "example": self.example})

    def post(self, request: Request) -> Response:
        answer = take(request._request, self.kind)
        response = Response(answer.body, answer.status, headers=answer.headers)
        if request.accepted_renderer.format == "json":
            response.content_type = answer.content_type
        return response

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Any page may ask; it is answered like the endpoint, not with a description."""
        return Response(status=204, headers=exchange.PREFLIGHT)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kw: Any) -> Any:
        """Every answer may be read by every page, also one to a wrong method."""
        response = super().finalize_response(request, response, *args, **kw)
        for name, value in exchange.HEADERS.items():
            response[name] = value
        return response
