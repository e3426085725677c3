"""The pages of an organisation's settings, a new organisation, and the switch between them."""

from __future__ import annotations

from copy import copy
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import dates
from accounts.authentication import SESSION_TENANT, find_member
from accounts.models import Membership, User
from accounts.pages import member_required, role_or_403
from accounts.roles import Role
from accounts.sections import organisation_page
from accounts.tenants import colours, organisation, tenant_deletion
from accounts.tenants.forms import (
    FIRST_COLOUR,
    BrandingForm,
    ConfirmTenantForm,
    NewOrganisationForm,
    OrganisationForm,
    RecipientsForm,
)

form_page = require_http_methods(["GET", "HEAD", "POST"])


def _page(request: HttpRequest, member: Membership, section: str, **context: Any) -> HttpResponse:
    template = f"accounts/organisation_{section}.html"
    shown = {"tenant": member.tenant, "may_change": member.may(Role.ADMIN), **context}
    return organisation_page(request, member, section, template, **shown)


def _save(
    request: HttpRequest, member: Membership, form: forms.BaseForm, values: dict[str, Any]
) -> bool:
    """Change the organisation; False, and the form knows why, where that cannot be."""
    try:
        organisation.change(member.tenant, member.user, values)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    messages.success(request, _("Saved."))
    return True


# --- Sections ---------------------------------------------------------------------------------


@form_page
@member_required
def general(request: HttpRequest, member: Membership) -> HttpResponse:
    """Name, clock, dates and retention: read by every member, changed by admins."""
    form = OrganisationForm(request.POST or None, instance=copy(member.tenant))
    if request.method == "POST":
        role_or_403(member, Role.ADMIN)
        if form.is_valid() and _save(request, member, form, form.cleaned_data):
            return redirect("organisation_general")
    return _page(request, member, "general", form=form)


@form_page
@member_required
def branding(request: HttpRequest, member: Membership) -> HttpResponse:
    """Colour and logo, with how both look on light and on dark."""
    role_or_403(member, Role.ADMIN)
    tenant = member.tenant
    first = {"own_colour": bool(tenant.colour), "colour": tenant.colour or FIRST_COLOUR}
    form = BrandingForm(request.POST or None, request.FILES or None, initial=first)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if _save(request, member, form, {"colour": given["colour"]}):
            if given["logo"] or given["remove_logo"]:
                organisation.set_logo(tenant, member.user, given["logo"])
            return redirect("organisation_branding")
    return _page(request, member, "branding", form=form, **_preview(member, tenant.colour))


@require_safe
@member_required
def branding_preview(request: HttpRequest, member: Membership) -> HttpResponse:
    """How a colour would look: the picture alone, for a page that asks as one chooses."""
    role_or_403(member, Role.ADMIN)
    colour = request.GET.get("colour", "").lower() if request.GET.get("own_colour") else ""
    context = {"tenant": member.tenant, **_preview(member, colour)}
    return render(request, "accounts/_branding_preview.html", context)


def _preview(member: Membership, colour: str) -> dict[str, Any]:
    shades = organisation.shades_of(colour)
    grounds = []
    for name, ground, ink in (
        (_("On light"), colours.LIGHT, colours.BLACK),
        (_("On dark"), colours.DARK, colours.WHITE),
    ):
        drawn = colours.legible(colour or FIRST_COLOUR, ground) if shades else ink
        ratio = colours.contrast(colour, ground) if shades else None
        grounds.append({"name": name, "ground": ground, "drawn": drawn, "ratio": ratio})
    return {
        "shades": shades,
        "colour": colour,
        "grounds": grounds,
        "logo_path": organisation.logo_path(member.tenant),
    }


@form_page
@member_required
def recipients(request: HttpRequest, member: Membership) -> HttpResponse:
    """To which domains invitations and reports may go."""
    role_or_403(member, Role.ADMIN)
    first = {"recipient_domains": "\n".join(member.tenant.recipient_domains)}
    form = RecipientsForm(request.POST or None, initial=first)
    valid = request.method == "POST" and form.is_valid()
    if valid and _save(request, member, form, form.cleaned_data):
        return redirect("organisation_recipients")
    return _page(request, member, "recipients", form=form)


@form_page
@member_required
def danger(request: HttpRequest, member: Membership) -> HttpResponse:
    """Delete the organisation after its days of grace; owners may."""
    role_or_403(member, Role.ADMIN)
    form = ConfirmTenantForm(request.POST or None, tenant=member.tenant)
    if request.method == "POST":
        role_or_403(member, Role.OWNER)
        if form.is_valid():
            tenant_deletion.schedule(member.tenant, member.user, timezone.now())
            return redirect("organisation_danger")
    context = {
        "form": form,
        "may_delete": member.may(Role.OWNER),
        "grace_days": settings.TENANT_GRACE_DAYS,
        "delete_at": timezone.now() + timedelta(days=settings.TENANT_GRACE_DAYS),
    }
    return _page(request, member, "danger", **context)


@require_POST
@member_required
def keep(request: HttpRequest, member: Membership) -> HttpResponse:
    """Take the deletion of the organisation back; owners may."""
    role_or_403(member, Role.OWNER)
    tenant = tenant_deletion.keep(member.tenant, member.user)
    messages.success(request, _("%(name)s stays.") % {"name": tenant.name})
    return redirect("organisation_danger")


# --- Several organisations --------------------------------------------------------------------


@form_page
@login_required
def new_organisation(request: HttpRequest) -> HttpResponse:
    """A further organisation, which the person then sees."""
    user = cast(User, request.user)
    if not organisation.may_found(user):
        raise PermissionDenied(_("New organisations are made by those who run this installation."))
    first = {"time_zone": dates.reader().zone}
    form = NewOrganisationForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            member = organisation.found(user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            request.session[SESSION_TENANT] = str(member.tenant_id)
            messages.success(request, _("%(name)s is ready.") % {"name": member.tenant.name})
            return redirect("home")
    return render(request, "accounts/organisation_new.html", {"form": form})


@require_POST
@login_required
def switch(request: HttpRequest) -> HttpResponse:
    """Let the session show another organisation; one that is not the person's does not exist."""
    wanted = request.POST.get("tenant", "")
    member = find_member(cast(User, request.user), wanted) if wanted else None
    if member is None:
        raise Http404
    request.session[SESSION_TENANT] = str(member.tenant_id)
    messages.info(request, _("You are looking at %(name)s now.") % {"name": member.tenant.name})
    path = request.POST.get("next", "")
    own = url_has_allowed_host_and_scheme(path, None) and path.startswith("/")
    return redirect(path if own else "home")


# --- The logo ---------------------------------------------------------------------------------


@require_safe
def logo(request: HttpRequest, tenant_id: UUID, digest: str) -> HttpResponse:
    """An organisation's picture, for whoever has its address: it also stands in mails."""
    picture = organisation.logo_of(tenant_id, digest)
    if picture is None:
        raise Http404
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return HttpResponse(picture, content_type="image/png", headers=headers)
