"""The pages about an organisation's teams."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.members import lists, people, teams
from accounts.members.forms import TeamForm, TeamMemberForm
from accounts.members.views import person_or_404, stay_signed_in
from accounts.models import Membership, Team
from accounts.pages import member_required, permission_or_403
from accounts.roles import AccessLevel
from accounts.sections import organisation_page


def _team_or_404(member: Membership, pk: int) -> Team:
    team = Team.objects.for_tenant(member.tenant_id).filter(pk=pk).first()
    if team is None:
        raise Http404
    team.tenant = member.tenant
    return team


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
def team_list(request: HttpRequest, member: Membership) -> HttpResponse:
    """All teams, and for owners a new one."""
    permission_or_403(member, "people.read")
    form = TeamForm(request.POST or None)
    if request.method == "POST":
        permission_or_403(member, "people.manage")
        if form.is_valid():
            try:
                team = teams.make(member.tenant, form.cleaned_data["name"], by=member.user)
            except people.Refused as problem:
                form.add_error("name", str(problem))
            else:
                messages.success(request, _("The team is made. Who is in it?"))
                return redirect("team", pk=team.pk)
    counted = Team.objects.for_tenant(member.tenant_id).annotate(count=Count("memberships"))
    context = {"rows": list(counted.order_by("name")), "form": form}
    context["may_manage"] = member.can("people.manage")
    return organisation_page(request, member, "teams", "accounts/teams.html", **context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
def team(request: HttpRequest, member: Membership, pk: int) -> HttpResponse:
    """A team: its name and its members."""
    permission_or_403(member, "people.read")
    found = _team_or_404(member, pk)
    form = TeamForm(request.POST or None, initial={"name": found.name})
    if request.method == "POST":
        permission_or_403(member, "people.manage")
        if form.is_valid():
            try:
                teams.rename(found, form.cleaned_data["name"], by=member.user)
            except people.Refused as problem:
                form.add_error("name", str(problem))
            else:
                messages.success(request, _("Saved."))
                return redirect("team", pk=pk)
    return _team(request, member, _team_or_404(member, pk), form, None)


def _team(
    request: HttpRequest,
    member: Membership,
    found: Team,
    form: TeamForm,
    adding: forms.Form | None,
) -> HttpResponse:
    rows = lists.found(member.tenant, "").filter(team=found)
    context = {
        "team": found,
        "form": form,
        "adding": adding or TeamMemberForm(team=found),
        "lines": lists.lines(rows),
        "may_manage": member.can("people.manage"),
    }
    return organisation_page(request, member, "teams", "accounts/team.html", **context)


@require_POST
@member_required
def add_member(request: HttpRequest, member: Membership, pk: int) -> HttpResponse:
    """Put somebody into the team."""
    permission_or_403(member, "people.manage")
    found = _team_or_404(member, pk)
    form = TeamMemberForm(request.POST, team=found)
    if not form.is_valid():
        return _team(request, member, found, TeamForm(initial={"name": found.name}), form)
    return _put(request, member, form.cleaned_data["member"], found, found)


@require_POST
@member_required
def drop_member(request: HttpRequest, member: Membership, pk: int, person: int) -> HttpResponse:
    """Take somebody out of the team."""
    permission_or_403(member, "people.manage")
    found, row = _team_or_404(member, pk), person_or_404(member, person)
    if row.team_id != found.pk:
        raise Http404
    return _put(request, member, row, None, found)


def _put(
    request: HttpRequest, member: Membership, row: Membership, team: Team | None, shown: Team
) -> HttpResponse:
    try:
        teams.put(team, row, by=member.user)
    except people.Refused as problem:
        messages.error(request, str(problem))
    else:
        stay_signed_in(request, row.user)
        names = {"name": row.user.get_full_name(), "team": shown.name}
        told = _("%(name)s is in %(team)s now.") if team else _("%(name)s left %(team)s.")
        messages.success(request, told % names)
    return redirect("team", pk=shown.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
def delete_team(request: HttpRequest, member: Membership, pk: int) -> HttpResponse:
    """Delete a team, once it is said for how many that changes what they see."""
    permission_or_403(member, "people.manage")
    found = _team_or_404(member, pk)
    if request.method == "POST":
        try:
            fallen = teams.delete(found, by=member.user)
        except people.Refused as problem:
            messages.error(request, str(problem))
            return redirect("team", pk=pk)
        stay_signed_in(request, member.user)
        messages.success(request, _deleted(found, fallen))
        return redirect("teams")
    rows = Membership.objects.for_tenant(member.tenant_id).filter(team=found)
    context = {
        "team": found,
        "count": rows.count(),
        "falling": rows.filter(level=AccessLevel.TEAM).count(),
    }
    return organisation_page(request, member, "teams", "accounts/team_delete.html", **context)


def _deleted(team: Team, fallen: int) -> str:
    told = _("The team %(name)s is deleted.") % {"name": team.name}
    if not fallen:
        return told
    more = ngettext(
        "%(count)d member sees only their own now.",
        "%(count)d members see only their own now.",
        fallen,
    )
    return f"{told} {more % {'count': fallen}}"
