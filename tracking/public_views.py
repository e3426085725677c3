"""The public side behind Django, for servers that speak WSGI and for tests: the second door."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, wait
from threading import BoundedSemaphore

import structlog
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from tracking import public, views
from tracking.ingest.exchange import Unavailable
from tracking.ingest.fields import Dropped
from tracking.ingest.samples import Refusal
from tracking.ingest.visits import (
    LIMITED,
    MOST_WAITING,
    PATIENCE_SECONDS,
    RETRIES,
    Lost,
    Visit,
    event_of,
    is_too_much,
)
from tracking.public import Asked, Reply, Replying

log = structlog.get_logger(__name__)

_threads = ThreadPoolExecutor(2, thread_name_prefix="visits")
_room = BoundedSemaphore(MOST_WAITING)
_lost = Lost()


def _complete(work: Replying) -> Reply:
    try:
        missing = next(work)
        while True:
            if missing is not None:
                try:
                    missing.load()
                except Exception as error:  # noqa: BLE001  whatever it is, an old answer may do
                    log.error("page not readable", error=str(error))
                    missing = work.throw(Unavailable())
                    continue
            missing = next(work)
    except StopIteration as end:
        reply: Reply = end.value
        return reply


def _store(visit: Visit) -> None:
    """In a thread: store the visit, and what was lost before; try again for a few seconds."""
    try:
        for pause in (0.0, *RETRIES[:4]):
            time.sleep(pause)
            try:
                return _store_once(visit)
            except Unavailable:
                continue
        _lost.add(visit.site_id, visit.unstored)
    except Exception:
        log.exception("visit not stored")
        _lost.add(visit.site_id, visit.unstored)
    finally:
        connections.close_all()
        _room.release()
    return None


def _store_once(visit: Visit) -> None:
    refused, hits = _lost.take(), []
    try:
        try:
            hits.append(views.loaded(event_of(visit)))
        except Dropped as dropped:
            views.store([], [*refused, Refusal(visit.site_id, dropped.reason)])
        else:
            views.store(hits, refused)
    except Unavailable:
        _lost.put_back(refused)
        raise


def _keep(visit: Visit) -> None:
    """Have the visit stored; wait for that a moment."""
    if is_too_much(visit):
        _lost.add(visit.site_id, LIMITED)
    elif not _room.acquire(blocking=False):
        _lost.add(visit.site_id, visit.unstored)
    else:
        wait([_threads.submit(_store, visit)], PATIENCE_SECONDS)


@csrf_exempt
@require_safe
def public_side(request: HttpRequest) -> HttpResponse:
    """A profile, its picture, or a link."""
    asked = Asked(
        path=request.path,
        query=request.META.get("QUERY_STRING", ""),
        header=lambda name: request.headers.get(name, ""),
        peer=request.META.get("REMOTE_ADDR", ""),
        origin=public.origin_of(request.scheme or "http", request.get_host()),
        counts=request.method == "GET",
    )
    reply = _complete(public.answer(asked))
    if reply.visit is not None:
        _keep(reply.visit)
    response = HttpResponse(reply.body, status=reply.status, headers=reply.headers)
    if "Content-Type" not in reply.headers:
        del response["Content-Type"]
    return response
