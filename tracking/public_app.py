"""The public side as plain ASGI, in front of Django: it has no session, no cookie and no form.

What Django's middleware would do is done here: the host check, HTTPS, the request's id, headers.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from django.conf import settings

from accounts.middleware import PERMISSIONS_POLICY, request_name
from tracking import public, public_pages
from tracking.ingest.app import Send, check_host, header_of, peer_of
from tracking.ingest.committer import ANSWER_SECONDS, committer
from tracking.ingest.directory import NotLoaded
from tracking.ingest.exchange import Unavailable
from tracking.ingest.visits import PATIENCE_SECONDS, visits
from tracking.ingest.wire import Unusable
from tracking.public import Asked, Reply, Replying

log = structlog.get_logger(__name__)


async def _load(missing: NotLoaded) -> None:
    """Raises `Unavailable`: soon where an old answer is at hand, later where there is none."""
    seconds = PATIENCE_SECONDS if missing.has_last_answer else ANSWER_SECONDS
    try:
        async with asyncio.timeout(seconds):
            await committer().loader.load(missing)
    except TimeoutError:
        raise Unavailable from None


async def _complete(work: Replying) -> Reply:
    try:
        missing = next(work)
        while True:
            if missing is not None:
                try:
                    await _load(missing)
                except Unavailable as error:
                    missing = work.throw(error)
                    continue
            missing = next(work)
    except StopIteration as end:
        reply: Reply = end.value
        return reply


def _scheme_of(scope: dict[str, Any], header: Any) -> str:
    if settings.SECURE_PROXY_SSL_HEADER:
        name, secure = settings.SECURE_PROXY_SSL_HEADER
        said = header(name.removeprefix("HTTP_").replace("_", "-").lower())
        if said:
            return "https" if said.split(",")[0].strip() == secure else "http"
    return str(scope.get("scheme", "http"))


async def _reply(scope: dict[str, Any]) -> tuple[Reply, bool]:
    """The answer, and whether the request came by HTTPS."""
    header = header_of(scope)
    scheme, query = _scheme_of(scope, header), scope["query_string"].decode("latin-1")
    secure = scheme == "https"
    host = header("host")
    asked = Asked(
        path=scope["path"],
        query=query,
        header=header,
        peer=peer_of(scope),
        origin=public.origin_of(scheme, host),
        counts=scope["method"] == "GET",
    )
    try:
        check_host(host)
    except Unusable:
        return public.refused(asked), secure
    if settings.SECURE_SSL_REDIRECT and not secure:
        return public.moved(asked, f"https://{host}{scope['path']}"), secure
    reply = await _complete(public.answer(asked))
    if reply.visit is not None:
        await visits().store(reply.visit)
    return reply, secure


def _shared_headers(secure: bool) -> dict[str, str]:
    """What Django's middleware tells browsers on other pages."""
    headers = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": PERMISSIONS_POLICY,
    }
    if secure and settings.SECURE_HSTS_SECONDS:
        hsts = f"max-age={settings.SECURE_HSTS_SECONDS}"
        hsts += "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
        hsts += "; preload" if settings.SECURE_HSTS_PRELOAD else ""
        headers["Strict-Transport-Security"] = hsts
    return headers


async def app(scope: dict[str, Any], receive: Any, send: Send) -> None:
    """Answer one request for a public address, of method GET or HEAD."""
    try:
        reply, secure = await _reply(scope)
    except Exception:
        log.exception("public page failed")
        document = public_pages.unavailable()
        reply, secure = Reply(500, public.SHOWN | public.AWAY, document.plain), False
    headers = {
        **_shared_headers(secure),
        **reply.headers,
        "X-Request-Id": request_name(header_of(scope)("x-request-id")),
    }
    if reply.status != 304:
        headers["Content-Length"] = str(len(reply.body))
    lines = [(name.lower().encode(), text.encode("latin-1")) for name, text in headers.items()]
    body = reply.body if scope["method"] == "GET" else b""
    await send({"type": "http.response.start", "status": reply.status, "headers": lines})
    await send({"type": "http.response.body", "body": body})
