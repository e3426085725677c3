"""The pages about one's organisation and about oneself: a section each, side by side."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from accounts.roles import Role

# (section, name of its address, its name, the role that it needs)
ORGANISATION: tuple[tuple[str, str, Any, Role], ...] = (
    ("general", "organisation_general", _("General"), Role.VIEWER),
    ("people", "people", _("People"), Role.ADMIN),
    ("teams", "teams", _("Teams"), Role.ADMIN),
    ("invitations", "invitations", _("Invitations"), Role.ADMIN),
    ("roles", "roles", _("Roles"), Role.VIEWER),
    ("membership", "own_membership", _("Your membership"), Role.VIEWER),
    ("branding", "organisation_branding", _("Branding"), Role.ADMIN),
    ("recipients", "organisation_recipients", _("Recipients"), Role.ADMIN),
    ("tokens", "all_tokens", _("API tokens"), Role.ADMIN),
    ("mail", "mail_server", _("Mail server"), Role.ADMIN),
    ("outbox", "outbox", _("What was sent"), Role.ADMIN),
    ("webhooks", "webhooks", _("Webhooks"), Role.ADMIN),
    ("audit", "audit_log", _("Audit log"), Role.ADMIN),
    ("danger", "organisation_danger", _("Delete"), Role.ADMIN),
)
# (section, name of its address, its name)
ACCOUNT: tuple[tuple[str, str, Any], ...] = (
    ("profile", "account", _("Profile")),
    ("email", "account_email", _("E-mail address")),
    ("password", "account_change_password", _("Password")),
    ("factors", "mfa_index", _("Two-factor sign-in")),
    ("passkeys", "mfa_list_webauthn", _("Passkeys")),
    ("sessions", "account_sessions", _("Sessions")),
    ("connected", "socialaccount_connections", _("Connected accounts")),
    ("tokens", "tokens", _("API tokens")),
    ("notifications", "account_notifications", _("Notifications")),
    ("data", "account_data", _("Your data")),
)


def organisation_page(
    request: HttpRequest, member: Membership, section: str, template: str, **context: Any
) -> HttpResponse:
    """A page about the member's organisation, beside the sections that they may open.

    The template extends `accounts/section.html`. Whether the member may is asked by the view.
    """
    sections = [
        {"url_name": url, "label": label, "current": name == section}
        for name, url, label, role in ORGANISATION
        if member.may(role)
    ]
    frame = {"sections": sections, "heading": member.tenant.name, "area": _("Organisation")}
    return render(request, template, {**frame, "section": "organisation", **context})


def account_frame(section: str) -> dict[str, Any]:
    """What `accounts/section.html` shows around a page about the signed-in person."""
    sections = [
        {"url_name": url, "label": label, "current": name == section}
        for name, url, label in ACCOUNT
    ]
    return {"sections": sections, "heading": _("Your account"), "area": _("Your account")}


def account_page(request: HttpRequest, section: str, template: str, **context: Any) -> HttpResponse:
    """A page about the signed-in person; the template extends `accounts/section.html`."""
    return render(request, template, {**account_frame(section), **context})


def framed(section: str, view: Any) -> Any:
    """A page of allauth's about the signed-in person, in the frame of `accounts/section.html`."""

    @login_required
    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        response: HttpResponse = view(request, *args, **options)
        if isinstance(response, TemplateResponse):
            response.context_data = {**account_frame(section), **(response.context_data or {})}
        return response

    return shown
