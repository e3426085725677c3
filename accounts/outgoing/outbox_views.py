"""The pages about what was sent for a tenant."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Membership, OutboxMessage
from accounts.outgoing import sent
from accounts.pages import member_required, role_or_403
from accounts.roles import role_for
from accounts.sections import organisation_page

ROWS = 25
MAX_SEARCH = 100
State, Channel = OutboxMessage.State, OutboxMessage.Channel


def _admin(member: Membership) -> Membership:
    role_or_403(member, role_for("mail.manage"))
    return member


def _message(member: Membership, pk: UUID) -> OutboxMessage:
    """A message of the tenant, for admins. Raises 403 or 404."""
    rows = OutboxMessage.objects.visible_to(_admin(member).scope())
    found = rows.select_related("tenant", "endpoint").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@never_cache
@require_safe
@member_required
def outbox(request: HttpRequest, member: Membership) -> HttpResponse:
    """All messages, by state, channel and recipient."""
    state, channel = request.GET.get("state", ""), request.GET.get("channel", "")
    search = request.GET.get("search", "").replace("\0", "").strip()[:MAX_SEARCH]
    state = state if state in State else ""
    channel = channel if channel in Channel else ""
    rows = sent.listed(_admin(member), channel, state, search)
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    chosen = {"state": state, "channel": channel, "search": search}
    return organisation_page(
        request,
        member,
        "outbox",
        "accounts/outbox.html",
        page=page,
        rows=[(row, sent.kind_of(row)) for row in page],
        states=State.choices,
        channels=Channel.choices,
        query=urlencode({name: text for name, text in chosen.items() if text}),
        **chosen,
    )


@never_cache
@require_safe
@member_required
def outbox_message(request: HttpRequest, member: Membership, pk: UUID) -> HttpResponse:
    """One message and its tries; what it says is not shown: it may open something."""
    message = _message(member, pk)
    now = timezone.now()
    waits = message.state == State.WAITING
    return organisation_page(
        request,
        member,
        "outbox",
        "accounts/outbox_message.html",
        message=message,
        kind=sent.kind_of(message),
        attempts=message.history.all(),
        on_its_way=waits and message.is_leased(now),
        may_cancel=waits and not message.is_leased(now),
        may_send_again=not waits and message.sealed is not None,
    )


@require_POST
@member_required
def cancel(request: HttpRequest, member: Membership, pk: UUID) -> HttpResponse:
    """Call a waiting message back."""
    if sent.cancel(_message(member, pk), member.user, timezone.now()):
        messages.success(request, _("It will not be sent."))
    else:
        messages.error(request, _("It is too late: the message is on its way, or was sent."))
    return redirect("outbox_message", pk)


@require_POST
@member_required
def send_again(request: HttpRequest, member: Membership, pk: UUID) -> HttpResponse:
    """Send once more what is over."""
    if sent.send_again(_message(member, pk), member.user, timezone.now()):
        messages.success(request, _("It is sent again."))
    else:
        messages.error(request, _("It waits to be sent, or its content is not kept any more."))
    return redirect("outbox_message", pk)
