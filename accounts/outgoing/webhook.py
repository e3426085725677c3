"""Webhooks leave: signed by Standard Webhooks, to today's address of an endpoint.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import vault
from accounts.models import OutboxMessage, WebhookEndpoint
from accounts.outgoing import endpoints, http, shapes
from accounts.outgoing.events import TEST
from accounts.outgoing.outcome import Outcome, Result, delivered, gone, retry
from accounts.outgoing.public import OutgoingError

# Fifteen seconds, as receivers expect; an answer's content is never read.
DEADLINE = 15.0
# An endpoint that did nothing but fail for so long is stopped.
PATIENCE = timedelta(days=5)

GONE = 410
# Answers that may say when to come back.
BUSY = (429, 503)


# --- Sent -------------------------------------------------------------------------------------


def send(message: OutboxMessage, content: dict[str, Any]) -> Outcome:
    """One try. A test that fails is not tried again; it may also be sent while paused."""
    endpoint, is_test = message.endpoint, message.kind == TEST
    if endpoint is None or not (endpoint.enabled or is_test):
        return gone(_("The webhook is paused."))
    try:
        body = shapes.body_of(content, endpoint.shape)
    except shapes.TooLong:
        return gone(_("The event is larger than a webhook may be."))
    headers = {"Content-Type": "application/json"}
    try:
        if endpoint.shape == WebhookEndpoint.Shape.STANDARD:
            headers |= signed(message, endpoint, body, int(time()))
        answer = http.request(
            "POST", endpoint.url, headers=headers, body=body, deadline=DEADLINE, max_bytes=0
        )
    except OutgoingError as error:
        return gone(str(error)) if is_test else retry(str(error))
    except vault.Unreadable:
        return gone(_("The secret does not open with the installation's keys: make a new one."))
    return judged(answer.status, answer.headers.get("retry-after", ""), is_test=is_test)


def signed(
    message: OutboxMessage, endpoint: WebhookEndpoint, body: bytes, at: int
) -> dict[str, str]:
    """The headers by which a receiver knows the sender: a signature for each secret that counts."""
    signing = f"{message.pk}.{at}.".encode() + body
    signatures = [
        f"v1,{b64encode(hmac.digest(secret, signing, 'sha256')).decode()}"
        for secret in endpoints.secrets_of(endpoint, timezone.now())
    ]
    return {
        "webhook-id": str(message.pk),
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signatures),
    }


def judged(status: int, retry_after: str = "", *, is_test: bool = False) -> Outcome:
    """What an answer means: 2xx is delivered, 410 the end, all else another try."""
    if 200 <= status < 300:
        return delivered(status)
    if status == GONE:
        return gone(_("The receiver wants nothing any more."), status)
    told = ""
    if 300 <= status < 400:
        told = _("Redirects are not followed: enter the address that it leads to.")
    if is_test:
        return gone(told, status)
    return retry(told, status, wish(retry_after) if status in BUSY else None)


def wish(retry_after: str) -> timedelta | None:
    """How long a `Retry-After` (seconds or a date) asks to wait; None where it says nothing."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:9]))
    try:
        at = parsedate_to_datetime(text)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(at - timezone.now(), timedelta(0))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


# --- What came of it --------------------------------------------------------------------------


def told(message: OutboxMessage, outcome: Outcome, now: datetime) -> None:
    """Remember since when an endpoint fails, and stop one that is gone or failed for days."""
    if message.endpoint_id is None:
        return
    rows = WebhookEndpoint.objects.unscoped("the outbox's own message").filter(
        pk=message.endpoint_id
    )
    if outcome.result == Result.DELIVERED:
        rows.filter(failing_since__isnull=False).update(failing_since=None)
        return
    endpoint = rows.select_for_update(of=("self",)).select_related("tenant").first()
    if endpoint is None or not endpoint.enabled:
        return
    if outcome.status == GONE:
        endpoints.stop(endpoint, _("The receiver answered 410: it is gone for good."), now)
    elif message.kind == TEST:
        return
    elif endpoint.failing_since is None:
        rows.update(failing_since=now)
    elif now - endpoint.failing_since >= PATIENCE:
        endpoints.stop(endpoint, _("Every delivery failed for five days."), now)
