"""What every request gets: an id, security headers, and the member who asks."""

import re
import secrets
import uuid
from collections.abc import Callable

import structlog
from django.contrib.auth import SESSION_KEY
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
# What no page of ours uses; passkeys are for our own pages alone.
PERMISSIONS_POLICY = ", ".join(
    [f"{name}=()" for name in ("camera", "geolocation", "microphone", "payment", "usb")]
    + ["publickey-credentials-create=(self)", "publickey-credentials-get=(self)"]
)
REGEX_LOOKUP = re.compile(r"__i?regex\Z")
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
    """Refuse an address with NUL, which no text of ours holds and PostgreSQL cannot compare.

    And lists of the admin that are filtered by a regular expression: a broken one would fail in the
    database, a slow one would keep it busy.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return bad_request(request, SuspiciousOperation("NUL in the address"))
        if request.path.startswith("/admin/") and any(map(REGEX_LOOKUP.search, request.GET)):
            return bad_request(request, SuspiciousOperation("a regular expression in the address"))
        return get_response(request)

    return middleware


def _nonce_of(request: HttpRequest) -> Callable[[], str]:
    """Makes the request's nonce, and remembers that a page has used it."""

    def nonce() -> str:
        request.csp_nonce_used = secrets.token_urlsafe(16)  # type: ignore[attr-defined]
        return request.csp_nonce_used  # type: ignore[attr-defined]

    return nonce


def content_security_policy(request: HttpRequest) -> str:
    """The policy of a page: nothing inline but what carries the request's nonce.

    The admin is another maker's and has a wider one, by name.
    """
    if request.path.startswith("/admin/"):
        return ADMIN_CONTENT_SECURITY_POLICY
    if nonce := getattr(request, "csp_nonce_used", ""):
        own = f"'self' 'nonce-{nonce}'"
        return f"{CONTENT_SECURITY_POLICY}; script-src {own}; style-src {own}"
    return CONTENT_SECURITY_POLICY


def is_personal(request: HttpRequest) -> bool:
    """Whether the answer is for one person or program alone."""
    if "Authorization" in request.headers:
        return True
    session = getattr(request, "session", None)
    return session is not None and session.accessed and SESSION_KEY in session


def security_headers(get_response: Handler) -> Handler:
    """Tell the browser to run and load nothing that is not ours, and to keep nothing personal.

    `request.csp_nonce` is for an inline script or style that a page cannot do without.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        request.csp_nonce = SimpleLazyObject(_nonce_of(request))  # type: ignore[attr-defined]
        response = get_response(request)
        response.setdefault("Content-Security-Policy", content_security_policy(request))
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if is_personal(request):
            response.setdefault("Cache-Control", "private, no-store")
            response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
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
