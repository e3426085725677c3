"""The page about a tenant's mail server."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import MailServer, Membership, OutboxMessage
from accounts.outgoing import mail_servers
from accounts.outgoing.mail_forms import MailServerForm
from accounts.pages import member_required, role_or_403
from accounts.roles import role_for
from accounts.sections import organisation_page


def _own(member: Membership) -> MailServer | None:
    """The tenant's server, for those who may set it up. Raises 403."""
    role_or_403(member, role_for("mail.manage"))
    return MailServer.objects.visible_to(member.scope()).select_related("tenant").first()


def _own_or_404(member: Membership) -> MailServer:
    server = _own(member)
    if server is None:
        raise Http404
    return server


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def mail_server(request: HttpRequest, member: Membership) -> HttpResponse:
    """See and change the tenant's mail server."""
    server = _own(member)
    form = MailServerForm(request.POST or None, instance=server)
    if request.method == "POST" and form.is_valid() and _configured(member, form):
        messages.success(request, _("The mail server was saved. Send a test to see it work."))
        return redirect("mail_server")
    return organisation_page(
        request, member, "mail", "accounts/mail_server.html", form=form, **_state(server)
    )


def _configured(member: Membership, form: MailServerForm) -> bool:
    values = {name: form.cleaned_data[name] for name in mail_servers.FIELDS}
    try:
        mail_servers.configure(member.tenant, member.user, values, form.cleaned_data["password"])
    except mail_servers.PasswordNeeded as error:
        form.add_error("password", str(error))
    except ValidationError as error:
        form.add_error(None, error)
    return not form.errors


def _state(server: MailServer | None) -> dict[str, Any]:
    test = mail_servers.last_test(server) if server else None
    attempt = test.history.last() if test else None
    waits = test is not None and test.state == OutboxMessage.State.WAITING
    return {"server": server, "test": test, "attempt": attempt, "waits": waits}


@never_cache
@require_safe
@member_required
def mail_test_state(request: HttpRequest, member: Membership) -> HttpResponse:
    """What came of the last test: the part of the page that looks again by itself."""
    return render(request, "accounts/mail_test.html", _state(_own_or_404(member)))


@require_POST
@member_required
def send_mail_test(request: HttpRequest, member: Membership) -> HttpResponse:
    """Send a test to whoever asks."""
    mail_servers.send_test(_own_or_404(member), member.user)
    return redirect("mail_server")


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def remove_mail_server(request: HttpRequest, member: Membership) -> HttpResponse:
    """Ask, then forget the server: mail leaves by the installation's from then on."""
    server = _own_or_404(member)
    if request.method == "POST":
        mail_servers.remove(server, member.user)
        messages.success(request, _("The mail server was removed."))
        return redirect("mail_server")
    return organisation_page(
        request, member, "mail", "accounts/mail_server_remove.html", server=server
    )
