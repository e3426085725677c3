"""The pages about invitations: those that an organisation sends, and those that one gets."""

from __future__ import annotations

from functools import wraps
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.authentication import SESSION_TENANT
from accounts.members import invitations, people
from accounts.members.forms import InviteForm
from accounts.models import Invitation, Membership, User
from accounts.pages import member_required, permission_or_403
from accounts.sections import organisation_page
from accounts.sign_in import signing_up

ROWS = 25
GONE = 410

# --- Those that an organisation sends ---------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
def sent(request: HttpRequest, member: Membership) -> HttpResponse:
    """Invite people, and see what became of those who were invited."""
    permission_or_403(member, "people.read")
    form = InviteForm(request.POST or None, tenant=member.tenant)
    if request.method == "POST":
        permission_or_403(member, "people.manage")
        if form.is_valid() and _invited(request, member, form):
            return redirect("invitations")
    now = timezone.now()
    rows = Invitation.objects.for_tenant(member.tenant_id).select_related("team", "invited_by")
    page = Paginator(rows.order_by("-created_at", "-pk"), ROWS).get_page(request.GET.get("page"))
    lines = [{"row": row, "state": row.state(now)} for row in page]
    context = {"form": form, "page": page, "lines": lines}
    context["may_manage"] = member.can("people.manage")
    return organisation_page(request, member, "invitations", "accounts/invitations.html", **context)


def _invited(request: HttpRequest, member: Membership, form: InviteForm) -> bool:
    """Send the mails; what is refused stands at its field."""
    addresses = form.cleaned_data["addresses"]
    try:
        made = invitations.invite(
            member.tenant, addresses, form.rights, timezone.now(), by=member.user
        )
    except people.Refused as problem:
        for line in str(problem).splitlines():
            form.add_error("addresses", line)
        return False
    told = ngettext("%(count)d mail is on its way.", "%(count)d mails are on their way.", len(made))
    messages.success(request, told % {"count": len(made)})
    return True


def _own_or_404(member: Membership, pk: int) -> Invitation:
    rows = Invitation.objects.for_tenant(member.tenant_id).select_related("tenant")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_POST
@member_required
def resend(request: HttpRequest, member: Membership, pk: int) -> HttpResponse:
    """Write again; the former link opens nothing any more."""
    permission_or_403(member, "people.manage")
    found = _own_or_404(member, pk)
    try:
        invitations.resend(found, timezone.now(), by=member.user)
    except people.Refused as problem:
        messages.error(request, str(problem))
    else:
        told = _("A new link is on its way to %(address)s. The old one is dead.")
        messages.success(request, told % {"address": found.email})
    return redirect("invitations")


@require_POST
@member_required
def revoke(request: HttpRequest, member: Membership, pk: int) -> HttpResponse:
    """Take an invitation back."""
    permission_or_403(member, "people.manage")
    found = invitations.revoke(_own_or_404(member, pk), timezone.now(), by=member.user)
    told = _("The invitation of %(address)s is revoked. You can invite them again.")
    messages.success(request, told % {"address": found.email})
    return redirect("invitations")


# --- Those that one gets ----------------------------------------------------------------------


def _unseen(view: Any) -> Any:
    """The page is kept by nobody; its address, the secret, is told to nobody and to no log.

    Its host may be told: without any referrer browsers call a form's origin `null`, which is
    refused as a forgery.
    """

    @never_cache
    @sensitive_variables("secret")
    @wraps(view)
    def quiet(*args: Any, **options: Any) -> HttpResponse:
        response = view(*args, **options)
        response["Referrer-Policy"] = "strict-origin"
        response._has_been_logged = True  # by Django, were it an error
        return response

    return quiet


@_unseen
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """The page behind the link of a mail; joining takes a button."""
    found = invitations.find(secret)
    if found is not None and found.is_open(timezone.now()):
        request.session[signing_up.SESSION_INVITATION] = found.pk
    return _joining(request, found)


@_unseen
@require_http_methods(["GET", "HEAD", "POST"])
def opened(request: HttpRequest) -> HttpResponse:
    """The invitation whose link was opened in this session, after signing in or up."""
    return _joining(request, _of_session(request))


def _of_session(request: HttpRequest) -> Invitation | None:
    pk = request.session.get(signing_up.SESSION_INVITATION)
    if not pk:
        return None
    rows = Invitation.objects.unscoped("the link that was opened says whose it is")
    return rows.select_related("tenant", "team", "invited_by").filter(pk=pk).first()


def _joining(request: HttpRequest, found: Invitation | None) -> HttpResponse:
    user = request.user if isinstance(request.user, User) else None
    if found is None:
        return _page(request, None, "unknown", 404)
    now = timezone.now()
    if why := invitations.refusal(found, now):
        if user and found.accepted_by_id == user.pk:
            return redirect("home")
        return _page(request, found, why.code, GONE)
    if user is None:
        known = User.objects.filter(email=invitations.address_of(found.email)).exists()
        return _page(request, found, "sign_in" if known else "sign_up")
    if not invitations.is_for(found, user):
        return _page(request, found, "other_address", 403 if request.method == "POST" else 200)
    if _is_member(found, user):
        return _page(request, found, "already_member")
    if request.method == "POST":
        return _joined(request, found, user)
    return _page(request, found, "join")


def _is_member(found: Invitation, user: User) -> bool:
    return Membership.objects.for_tenant(found.tenant_id).filter(user=user).exists()


def _joined(request: HttpRequest, found: Invitation, user: User) -> HttpResponse:
    try:
        member = invitations.accept(found, user, timezone.now())
    except people.Refused as problem:
        return _page(request, found, problem.code, GONE)
    request.session.pop(signing_up.SESSION_INVITATION, None)
    request.session[SESSION_TENANT] = str(member.tenant_id)
    messages.success(request, _("Welcome to %(name)s.") % {"name": found.tenant.name})
    return redirect("home")


def _page(
    request: HttpRequest, found: Invitation | None, state: str, status: int = 200
) -> HttpResponse:
    """What has become of the invitation; of one that is over nothing more is told."""
    context = {
        "state": state,
        "invitation": found if status != GONE else None,
        "may_sign_up": signing_up.is_open_for(request),
    }
    return render(request, "accounts/invitation.html", context, status=status)


@require_POST
def change_person(request: HttpRequest) -> HttpResponse:
    """Sign out, and keep the invitation for whoever signs in next."""
    pk = request.session.get(signing_up.SESSION_INVITATION)
    logout(request)
    if pk:
        request.session[signing_up.SESSION_INVITATION] = pk
    return redirect("opened_invitation")


@require_safe
@never_cache
@login_required
def waiting(request: HttpRequest) -> HttpResponse:
    """The invitations to the signed-in person's address."""
    rows = invitations.waiting_for(cast(User, request.user), timezone.now())
    return render(request, "accounts/invitations_waiting.html", {"rows": rows})


@require_POST
@login_required
def join(request: HttpRequest, pk: int) -> HttpResponse:
    """Join by an invitation of one's list."""
    user = cast(User, request.user)
    mine = invitations.waiting_for(user, timezone.now())
    found = next((row for row in mine if row.pk == pk), None)
    if found is None:
        raise Http404
    return _joined(request, found, user)
