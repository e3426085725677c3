"""Answers that are longer than memory: sent piece by piece while they are made.

Django reads a synchronous iterator whole before it sends the first byte of it under ASGI. Here each
piece is made in the request's own thread, where its database connection lives, when the client is
ready for it. What fails in the middle cuts the connection: nobody takes a part for the whole.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

PIECE_BYTES = 64 * 1024


def in_pieces(lines: Iterable[str | bytes]) -> Iterator[bytes]:
    """Lines put together to pieces that are worth a packet; the first one is sent at once."""
    held: list[bytes] = []
    size, least = 0, 1
    for line in lines:
        part = line.encode() if isinstance(line, str) else line
        held.append(part)
        size += len(part)
        if size >= least:
            yield b"".join(held)
            held.clear()
            size, least = 0, PIECE_BYTES
    if held:
        yield b"".join(held)


async def _as_asked_for(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, each made when it is asked for, in the thread of the request."""
    next_piece = sync_to_async(lambda: next(pieces, None), thread_sensitive=True)
    try:
        while (piece := await next_piece()) is not None:
            yield piece
    finally:
        if close := getattr(pieces, "close", None):  # also when the client has gone
            await sync_to_async(close, thread_sensitive=True)()


def streamed(
    request: HttpRequest, lines: Iterable[str | bytes], *, content_type: str, filename: str
) -> StreamingHttpResponse:
    """A file to download, made while it is sent."""
    pieces = in_pieces(lines)
    asynchronous = isinstance(getattr(request, "_request", request), ASGIRequest)
    response = StreamingHttpResponse(
        _as_asked_for(pieces) if asynchronous else pieces, content_type=content_type
    )
    response["Content-Disposition"] = str(content_disposition_header(True, filename))
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # nginx would collect it first
    return response
