"""The pages about a tenant's webhooks and what was sent to them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import vault
from accounts.models import Membership, OutboxMessage, WebhookEndpoint
from accounts.outgoing import deliveries, endpoints, events, outbox
from accounts.outgoing.webhook_forms import SinceForm, WebhookForm
from accounts.pages import member_required, role_or_403
from accounts.roles import role_for
from accounts.sections import organisation_page

ROWS = 25
SECTION = "webhooks"
State = OutboxMessage.State

# What the page of explanations shows, and a test runs.
VERIFYING = """import hmac, time
from base64 import b64decode, b64encode

def is_from_linkpro(secret: str, headers: dict, body: bytes) -> bool:
    at = headers["webhook-timestamp"]
    if abs(time.time() - int(at)) > 300:
        return False
    signing = f"{headers['webhook-id']}.{at}.".encode() + body
    key = b64decode(secret.removeprefix("whsec_"))
    right = b"v1," + b64encode(hmac.digest(key, signing, "sha256"))
    signatures = headers["webhook-signature"].encode().split()
    return any(hmac.compare_digest(right, one) for one in signatures)
"""


def _admin(member: Membership) -> Membership:
    role_or_403(member, role_for("webhooks.manage"))
    return member


def _endpoint(member: Membership, pk: UUID) -> WebhookEndpoint:
    """The tenant's webhook, for those who may manage webhooks. Raises 403 or 404."""
    rows = WebhookEndpoint.objects.visible_to(_admin(member).scope())
    endpoint = rows.select_related("tenant").filter(pk=pk).first()
    if endpoint is None:
        raise Http404
    return endpoint


def _delivery(endpoint: WebhookEndpoint, pk: UUID) -> OutboxMessage:
    delivery = deliveries.of(endpoint).filter(pk=pk).first()
    if delivery is None:
        raise Http404
    return delivery


def _page(request: HttpRequest, member: Membership, name: str, **context: Any) -> HttpResponse:
    template = f"accounts/webhook{name}.html"
    return organisation_page(request, member, SECTION, template, **context)


# --- Webhooks ---------------------------------------------------------------------------------


@never_cache
@require_safe
@member_required
def webhooks(request: HttpRequest, member: Membership) -> HttpResponse:
    """All webhooks of the organisation."""
    waiting = Count("messages", filter=Q(messages__state=State.WAITING))
    rows = WebhookEndpoint.objects.visible_to(_admin(member).scope()).annotate(waiting=waiting)
    found = [(row, endpoints.host_of(row), deliveries.labels_of(row)) for row in rows]
    return _page(request, member, "s", rows=found)


@require_safe
@member_required
def explained(request: HttpRequest, member: Membership) -> HttpResponse:
    """How a receiver knows that LinkPro sent it, and what it is told."""
    _admin(member)
    types = [(one, _pretty(deliveries.example(one))) for one in events.EVENTS.values()]
    return _page(request, member, "_help", types=types, verifying=VERIFYING)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@member_required
@sensitive_variables("secret")
def new_webhook(request: HttpRequest, member: Membership) -> HttpResponse:
    """Make a webhook. Its secret stands in this one answer and nowhere else."""
    _admin(member)
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            endpoint, secret = endpoints.make(member, form.cleaned_data)
        except endpoints.TooMany as error:
            form.add_error(None, str(error))
        else:
            if endpoint.shape != WebhookEndpoint.Shape.STANDARD:
                messages.success(request, _("The webhook is made. Send it a test."))
                return redirect("webhook", endpoint.pk)
            return _page(request, member, "_secret", endpoint=endpoint, secret=secret, made=True)
    return _page(request, member, "_form", form=form)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def edit_webhook(request: HttpRequest, member: Membership, pk: UUID) -> HttpResponse:
    """Change name, address, form and events."""
    endpoint = _endpoint(member, pk)
    form = WebhookForm(request.POST or None, instance=_endpoint(member, pk))
    if request.method == "POST" and form.is_valid():
        endpoints.change(endpoint, form.cleaned_data, member.user)
        messages.success(request, _("The webhook was changed."))
        return redirect("webhook", pk)
    return _page(request, member, "_form", form=form, endpoint=endpoint)


@never_cache
@require_safe
@member_required
def webhook(request: HttpRequest, member: Membership, pk: UUID) -> HttpResponse:
    """One webhook: its state, and what was sent to it."""
    endpoint = _endpoint(member, pk)
    state = request.GET.get("state", "")
    rows = deliveries.listed(endpoint)
    if state in State.values:
        rows = rows.filter(state=state)
    context = {
        "endpoint": endpoint,
        "host": endpoints.host_of(endpoint),
        "labels": deliveries.labels_of(endpoint),
        "former_counts": deliveries.former_counts(endpoint, timezone.now()),
        "page": Paginator(rows, ROWS).get_page(request.GET.get("page")),
        "states": State.choices,
        "state": state,
        "query": urlencode({"state": state}) if state else "",
        "since": SinceForm(member.tenant.time_zone),
    }
    return _page(request, member, "", **context)


@require_POST
@member_required
def set_enabled(request: HttpRequest, member: Membership, pk: UUID, enabled: bool) -> HttpResponse:
    """Pause a webhook, or let it go on."""
    endpoints.change(_endpoint(member, pk), {"enabled": enabled}, member.user)
    told = _("The webhook goes on.") if enabled else _("The webhook is paused.")
    messages.success(request, told)
    return redirect("webhook", pk)


@never_cache
@require_POST
@member_required
@sensitive_variables("secret")
def rotate_secret(request: HttpRequest, member: Membership, pk: UUID) -> HttpResponse:
    """A new secret, which stands in this one answer and nowhere else."""
    endpoint = _endpoint(member, pk)
    secret = endpoints.rotate(endpoint, member.user, timezone.now())
    return _page(request, member, "_secret", endpoint=endpoint, secret=secret)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def delete_webhook(request: HttpRequest, member: Membership, pk: UUID) -> HttpResponse:
    """Delete a webhook, after a question."""
    endpoint = _endpoint(member, pk)
    if request.method == "POST":
        endpoints.delete(endpoint, member.user)
        messages.success(
            request, _("The webhook “%(name)s” was deleted.") % {"name": endpoint.name}
        )
        return redirect("webhooks")
    return _page(request, member, "_delete", endpoint=endpoint)


# --- What was sent ----------------------------------------------------------------------------


@require_POST
@member_required
def test_webhook(request: HttpRequest, member: Membership, pk: UUID) -> HttpResponse:
    """Send a test the way all others go; the page that follows shows what came of it."""
    message = endpoints.send_test(_endpoint(member, pk), member.user)
    return redirect("webhook_delivery", pk, message.pk)


@never_cache
@require_safe
@member_required
def delivery(request: HttpRequest, member: Membership, pk: UUID, message: UUID) -> HttpResponse:
    """One delivery: its content and every try. While it is on its way the page looks again."""
    endpoint = _endpoint(member, pk)
    found = _delivery(endpoint, message)
    try:
        content = _pretty(outbox.content_of(found))
    except vault.Unreadable:
        content = ""
    context = {
        "endpoint": endpoint,
        "delivery": found,
        "attempts": list(found.history.all()),
        "content": content,
        "address": reverse("webhook_delivery", args=[pk, message]),
        "looks_again": deliveries.is_on_its_way(found, timezone.now()),
    }
    partial = request.headers.get("HX-Request") == "true"
    return _page(request, member, "_attempts" if partial else "_delivery", **context)


def _pretty(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False)


@require_POST
@member_required
def replay(request: HttpRequest, member: Membership, pk: UUID, message: UUID) -> HttpResponse:
    """Send one delivery again, under its id."""
    endpoint = _endpoint(member, pk)
    if not endpoint.enabled:
        messages.error(request, _("Resume the webhook first: while it is paused nothing leaves."))
    elif endpoints.replay(endpoint, _delivery(endpoint, message), member.user):
        messages.success(request, _("It is sent again, under the same id."))
    else:
        messages.error(request, _("It waits already, or its content is not kept any more."))
    return redirect("webhook_delivery", pk, message)


@require_POST
@member_required
def replay_failed(request: HttpRequest, member: Membership, pk: UUID) -> HttpResponse:
    """Send again all that failed since a day."""
    endpoint = _endpoint(member, pk)
    form = SinceForm(member.tenant.time_zone, request.POST)
    if not endpoint.enabled:
        messages.error(request, _("Resume the webhook first: while it is paused nothing leaves."))
    elif form.is_valid():
        number = endpoints.replay_failed(endpoint, form.moment(), member.user)
        told = ngettext("%(n)d delivery is sent again.", "%(n)d deliveries are sent again.", number)
        messages.success(request, told % {"n": number})
    else:
        messages.error(request, " ".join(str(error) for error in form.errors["since"]))
    return redirect("webhook", pk)
