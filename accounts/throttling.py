"""How often one sender may ask the API: a window of requests, counted in Redis for all processes.

Told on every answer by the headers `RateLimit` and `RateLimit-Policy` (the IETF's draft) and by
their older spelling, which more clients read. While Redis is away nobody is held back.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import redis
import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from accounts.addresses import address_of, sender_of
from accounts.authentication import bearer, looks_like_token
from accounts.sign_in import jwt

log = structlog.get_logger(__name__)

# The endpoints for events have a limit of their own.
UNLIMITED = frozenset(
    f"{root}/{path}"
    for root in ("/api", "/api/v1")
    for path in ("track", "track/click", "track/view", "pixel.gif")
)
# The roots of the API, and what takes a page long to make.
ROOTS = ("/api/", "/auth/", "/analytics/", "/data/")
FILES = (".csv", ".xlsx")
PREFIX = "linkpro:rate"
# After Redis was away it is asked again so many seconds later.
RECOVERY_SECONDS = 5.0
# So many requests of one address within a window may bring a token that is none.
MOST_REFUSED = 30


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a sender stands within the window."""

    name: str
    limit: int
    used: int
    reset_seconds: int
    blocked: bool = False

    @property
    def remaining(self) -> int:
        """How many more requests the window has room for."""
        return max(0, self.limit - self.used)

    @property
    def exceeded(self) -> bool:
        """Whether this request is one too many."""
        return self.blocked or self.used > self.limit

    @property
    def headers(self) -> dict[str, str]:
        """What the answer says of it."""
        window, reset = settings.API_RATE_SECONDS, self.reset_seconds
        headers = {
            "RateLimit-Policy": f'"{self.name}";q={self.limit};w={window}',
            "RateLimit": f'"{self.name}";r={self.remaining};t={reset}',
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(reset),
        }
        return headers | ({"Retry-After": str(max(1, reset))} if self.exceeded else {})


# --- Counting ---------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _redis(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_connect_timeout=0.25, socket_timeout=0.25)


_away_until = 0.0


def _went_away(error: Exception) -> None:
    """Say once per outage that nobody is counted, and leave Redis alone for a while."""
    global _away_until
    log.warning("rate limits are off: Redis is away", error=type(error).__name__)
    _away_until = time.monotonic() + RECOVERY_SECONDS


def count(key: str, refused_key: str = "") -> tuple[int, int, int] | None:
    """Book a request in one round trip: (requests in the window, its seconds left, refusals).

    None while Redis is away.
    """
    if time.monotonic() < _away_until:
        return None
    try:
        with _redis(settings.REDIS_URL).pipeline() as together:
            together.set(key, 0, ex=settings.API_RATE_SECONDS, nx=True)
            together.incr(key)
            together.ttl(key)
            together.get(refused_key or key)
            _set, used, left, refused = together.execute()
    except (redis.RedisError, OSError) as error:
        _went_away(error)
        return None
    return used, max(left, 0), int(refused) if refused_key and refused else 0


# --- Requests ---------------------------------------------------------------------------------


def is_limited(path: str) -> bool:
    """Whether requests to a path are counted here: the API's, and files that pages offer."""
    return path not in UNLIMITED and (path.startswith(ROOTS) or path.endswith(FILES))


def _address(request: HttpRequest) -> str:
    return sender_of(address_of(request))


def _sender(request: HttpRequest, address: str) -> tuple[str, str, int]:
    """Kind, name and limit of who asks: a token, a signed-in person, or an address."""
    text = bearer(request.headers.get("Authorization", ""))
    if text and looks_like_token(text):
        digest = hashlib.sha256(text.encode()).hexdigest()[:32]
        return "token", digest, settings.API_RATE_TOKEN
    if text and (person := jwt.person_of(text)):
        return "person", person, settings.API_RATE_PERSON
    if text is None and request.user.is_authenticated:
        return "person", str(request.user.pk), settings.API_RATE_PERSON
    return "address", address, settings.API_RATE_ADDRESS


def judge(request: HttpRequest) -> Verdict | None:
    """Book the request; None where nobody is counted."""
    address = _address(request)
    kind, name, limit = _sender(request, address)
    if not limit or not name:
        return None
    refused_key = _refused_key(address) if kind == "token" and address else ""
    found = count(f"{PREFIX}:{kind}:{name}", refused_key)
    if found is None:
        return None
    used, left, refused = found
    return Verdict(kind, limit, used, left, blocked=refused >= MOST_REFUSED)


def _refused_key(address: str) -> str:
    return f"{PREFIX}:refused:{address}"


def _note_refusal(request: HttpRequest, verdict: Verdict | None) -> None:
    """Book a token that is none by the address it came from: made-up ones never repeat."""
    address = _address(request)
    if verdict and verdict.name == "token" and address:
        count(_refused_key(address))


def too_many(verdict: Verdict) -> HttpResponse:
    """The refusal of a request over the limit."""
    body = {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "code": "rate_limited",
        "detail": _("You ask more often than you may: wait %(seconds)d seconds.")
        % {"seconds": max(1, verdict.reset_seconds)},
    }
    return JsonResponse(body, status=429, content_type="application/problem+json")


def rate_limits(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable:
    """Hold back who asks too often, and tell everybody how they stand."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not is_limited(request.path) or request.method == "OPTIONS":
            return get_response(request)
        verdict = judge(request)
        exceeded = verdict is not None and verdict.exceeded
        response = too_many(verdict) if verdict and exceeded else get_response(request)
        if response.status_code == 401:
            _note_refusal(request, verdict)
        for name, value in (verdict.headers if verdict else {}).items():
            response[name] = value
        return response

    return middleware


def forget() -> None:
    """Ask Redis again at once, as a new process would."""
    global _away_until
    _away_until = 0.0
