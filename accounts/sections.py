"""The pages about one's organisation and about oneself: a section each, side by side."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from accounts.roles import Role

# (section, name of its address, its name, the role that it needs)
ORGANISATION: tuple[tuple[str, str, Any, Role], ...] = (
    ("tokens", "all_tokens", _("API tokens"), Role.ADMIN),
)
# (section, name of its address, its name)
ACCOUNT: tuple[tuple[str, str, Any], ...] = (
    ("password", "account_change_password", _("Password")),
    ("tokens", "tokens", _("API tokens")),
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
