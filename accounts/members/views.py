"""The pages about an organisation's members, and about one's own membership."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.api_tokens import tokens
from accounts.authentication import memberships_of
from accounts.members import lists, people
from accounts.members.forms import HandOverForm, HeirForm, RightsForm
from accounts.models import Membership, User
from accounts.pages import member_required, permission_or_403
from accounts.roles import LEVELS, MEMBER_LEVELS, PERMISSIONS, AccessLevel, Role
from accounts.sections import organisation_page

ROWS = 25
# What somebody owns is named up to here, and counted beyond.
MOST_NAMED = 10


def person_or_404(member: Membership, pk: int) -> Membership:
    """A member of the asking member's tenant. Raises `Http404`."""
    rows = Membership.objects.for_tenant(member.tenant_id).filter(pk=pk)
    found = rows.select_related("user", "team", "tenant").first()
    if found is None:
        raise Http404
    return found


def stay_signed_in(request: HttpRequest, changed: User) -> None:
    """Whoever changes their own rights stays signed in where they do it."""
    user = cast(User, request.user)
    if changed.pk == user.pk:
        user.refresh_from_db()
        update_session_auth_hash(request, user)


# --- Members ----------------------------------------------------------------------------------


@require_safe
@never_cache
@member_required
def members(request: HttpRequest, member: Membership) -> HttpResponse:
    """All members, found by words and cut into pages; admins see them."""
    permission_or_403(member, "people.read")
    search = lists.search_of(request.GET.get("q", ""))
    found = lists.found(member.tenant, search)
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    context: dict[str, Any] = {"page": page, "search": search}
    context["query"] = urlencode({"q": search}) if search else ""
    context["lines"] = lists.lines(page)
    context["may_manage"] = member.can("people.manage")
    return organisation_page(request, member, "people", "accounts/people.html", **context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
def person(request: HttpRequest, member: Membership, pk: int) -> HttpResponse:
    """A member: their rights, and for owners what can be done about them."""
    permission_or_403(member, "people.read")
    row = person_or_404(member, pk)
    form = RightsForm(
        request.POST or None, tenant=member.tenant, initial=RightsForm.initial_of(row)
    )
    if request.method == "POST":
        permission_or_403(member, "people.manage")
        if form.is_valid():
            try:
                people.change(row, form.rights, by=member.user)
            except people.Refused as problem:
                form.add_error(None, str(problem))
            else:
                stay_signed_in(request, row.user)
                messages.success(request, _("Saved. The new rights count from now on."))
                return _back(member)
    return _person(request, member, person_or_404(member, pk), form)


def _person(
    request: HttpRequest, member: Membership, row: Membership, form: RightsForm
) -> HttpResponse:
    context = {
        "line": lists.lines([row])[0],
        "form": form,
        "hand_over": HandOverForm(),
        "tokens": tokens.living(tokens.tokens_of(row), timezone.now()).count(),
        "may_manage": member.can("people.manage"),
        "oneself": row.pk == member.pk,
        "alone": people.left_without_owner([row]),
    }
    return organisation_page(request, member, "people", "accounts/member.html", **context)


def _back(member: Membership) -> HttpResponse:
    """The list of members, or one's own page for somebody who may see the list no more."""
    now = Membership.objects.for_tenant(member.tenant_id).filter(pk=member.pk).first()
    return redirect("people" if now and now.can("people.read") else "own_membership")


def _acts(act: Callable[[Membership, Membership], Any], done: Callable[[Membership], str]) -> Any:
    """A button of an owner about a member; what is refused is told."""

    @require_POST
    @member_required
    def view(request: HttpRequest, member: Membership, pk: int) -> HttpResponse:
        permission_or_403(member, "people.manage")
        row = person_or_404(member, pk)
        try:
            act(member, row)
        except people.Refused as problem:
            messages.error(request, str(problem))
        else:
            messages.success(request, done(row))
        return redirect("member", pk=pk)

    return view


suspend = _acts(
    lambda member, row: people.suspend(row, timezone.now(), by=member.user),
    lambda row: _("%(name)s is suspended.") % {"name": row.user.get_full_name()},
)
resume = _acts(
    lambda member, row: people.resume(row, by=member.user),
    lambda row: _("%(name)s may come in again.") % {"name": row.user.get_full_name()},
)


@require_POST
@member_required
def hand_over(request: HttpRequest, member: Membership, pk: int) -> HttpResponse:
    """Make somebody an owner, and become an admin oneself if that was chosen."""
    permission_or_403(member, "ownership.manage")
    row, form = person_or_404(member, pk), HandOverForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say whether you stay an owner."))
        return redirect("member", pk=pk)
    try:
        people.hand_over(row, by=member.user, step_down=form.cleaned_data["step_down"])
    except people.Refused as problem:
        messages.error(request, str(problem))
    else:
        stay_signed_in(request, member.user)
        told = _("%(name)s is an owner of %(tenant)s now.")
        names = {"name": row.user.get_full_name(), "tenant": member.tenant.name}
        messages.success(request, told % names)
    return redirect("member", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
def remove(request: HttpRequest, member: Membership, pk: int) -> HttpResponse:
    """Take somebody out, once it is said who gets what they own."""
    permission_or_403(member, "people.manage")
    row = person_or_404(member, pk)
    if row.pk == member.pk:
        return redirect("own_membership")
    owned = _owned(row)
    owns = bool(owned["owned_count"])
    form = HeirForm(request.POST or None, leaving=row, owns=owns, usual=member)
    if request.method == "POST" and form.is_valid():
        try:
            heir = form.cleaned_data.get("heir")
            count = people.remove(row, by=member.user, heir=heir)
        except people.Refused as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, _removed(row, heir or member, count))
            return redirect("people")
    context = {"row": row, "form": form, "alone": people.left_without_owner([row]), **owned}
    return organisation_page(request, member, "people", "accounts/member_remove.html", **context)


def _owned(row: Membership) -> dict[str, Any]:
    rows = people.owned_rows(row)
    named = [(found._meta.verbose_name, str(found)) for found in rows[:MOST_NAMED]]
    return {"owned": named, "owned_count": len(rows), "owned_more": len(rows) - len(named)}


def _removed(row: Membership, heir: Membership, count: int) -> str:
    told = _("%(name)s is not a member any more.") % {"name": row.user.get_full_name()}
    if not count:
        return told
    given = ngettext(
        "%(count)d thing they owned is %(heir)s’s now.",
        "%(count)d things they owned are %(heir)s’s now.",
        count,
    )
    return f"{told} {given % {'count': count, 'heir': heir.user.get_full_name()}}"


# --- Oneself ----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
def own_membership(request: HttpRequest, member: Membership) -> HttpResponse:
    """What one may oneself, and the way out."""
    owned = _owned(member) if member.pk else {}
    alone = bool(member.pk) and bool(people.left_without_owner([member]))
    form = None
    if member.pk and not alone:
        form = HeirForm(request.POST or None, leaving=member, owns=bool(owned["owned_count"]))
        form.ask_of_oneself()
    if request.method == "POST" and form and form.is_valid() and _left(request, member, form):
        others = memberships_of(member.user).exists()
        return redirect("home" if others else "waiting_invitations")
    context = {
        "form": form,
        "alone": alone,
        "level_told": LEVELS[AccessLevel(member.level)],
        "may": [line.told for line in PERMISSIONS.values() if member.may(line.role)],
        **owned,
    }
    template = "accounts/member_own.html"
    return organisation_page(request, member, "membership", template, **context)


def _left(request: HttpRequest, member: Membership, form: HeirForm) -> bool:
    """Go; what is refused stands in the form."""
    try:
        people.leave(member, heir=form.cleaned_data.get("heir"))
    except people.Refused as problem:
        form.add_error(None, str(problem))
        return False
    stay_signed_in(request, member.user)
    messages.success(request, _("You have left %(name)s.") % {"name": member.tenant.name})
    return True


@require_safe
@member_required
def roles(request: HttpRequest, member: Membership) -> HttpResponse:
    """The table of who may do what."""
    table = [
        {
            "told": line.told,
            "role": line.role,
            "top": line.role == Role.OWNER,
            "marks": [role.covers(line.role) for role in Role],
        }
        for line in PERMISSIONS.values()
    ]
    levels = [(level.label, LEVELS[level]) for level in MEMBER_LEVELS]
    context = {"table": table, "roles": list(Role), "levels": levels}
    return organisation_page(request, member, "roles", "accounts/people_roles.html", **context)
