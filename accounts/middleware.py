"""What every request gets: an id, security headers, and the member who asks."""

import re
import uuid
from collections.abc import Callable

import structlog
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from django.views.defaults import bad_request

from accounts import dates
from accounts.authentication import member_of

Handler = Callable[[HttpRequest], HttpResponse]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# Unfold's Alpine evaluates expressions and both it and Django's widgets set inline styles.
ADMIN_CONTENT_SECURITY_POLICY = (
    CONTENT_SECURITY_POLICY + "; script-src 'self' 'unsafe-inline' 'unsafe-eval'"
    "; style-src 'self' 'unsafe-inline'"
)
# The browsable API of REST framework carries inline scripts of its own.
BROWSABLE_CONTENT_SECURITY_POLICY = (
    CONTENT_SECURITY_POLICY
    + "; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"
)
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=()"
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def request_name(given: str) -> str:
    """The id of a request: the one it brings, if it is one, or a new one."""
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def request_id(get_response: Handler) -> Handler:
    """Name the request in every log line, in audit entries, and in the answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        name = request_name(request.headers.get("X-Request-Id", ""))
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=name)
        response = get_response(request)
        response["X-Request-Id"] = name
        return response

    return middleware


def legible_address(get_response: Handler) -> Handler:
    """Refuse an address with NUL, which no text of ours holds and PostgreSQL cannot compare."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return bad_request(request, SuspiciousOperation("NUL in the address"))
        return get_response(request)

    return middleware


def content_security_policy(request: HttpRequest, response: HttpResponse) -> str:
    """The policy of the page; two parts of other makers need exceptions, by name."""
    if request.path.startswith("/admin/"):
        return ADMIN_CONTENT_SECURITY_POLICY
    if getattr(getattr(response, "accepted_renderer", None), "format", "") == "api":
        return BROWSABLE_CONTENT_SECURITY_POLICY
    return CONTENT_SECURITY_POLICY


def security_headers(get_response: Handler) -> Handler:
    """Tell the browser to run and load nothing that is not ours."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.setdefault("Content-Security-Policy", content_security_policy(request, response))
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response

    return middleware


def current_member(get_response: Handler) -> Handler:
    """`request.member`: the membership of the signed-in person, read when first needed.

    Dates are written as this member reads them.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        request.member = SimpleLazyObject(lambda: member_of(request))  # type: ignore[attr-defined]
        with dates.read_on(request):
            return get_response(request)

    return middleware
