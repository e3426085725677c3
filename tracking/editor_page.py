"""What the editor of a link page shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Membership
from accounts.roles import Role
from tracking import bio, codes, links
from tracking.forms import LinkForm, NewLinkForm, ProfileForm
from tracking.models import Link, LinkProfile

# Deleted links that the page offers to bring back.
MOST_DELETED = 20


def rows_of(profile: LinkProfile) -> dict[str, Link]:
    """The living links of a profile by their id as text, as addresses name them."""
    return {str(link.pk): link for link in links.living(profile)}


def _row(link: Link, at: int, n: int, form: LinkForm | None) -> dict[str, Any]:
    """One link: where it stands and may go, its address, and its form if it is being edited."""
    return {
        "link": link,
        "at": at,
        "above": max(at - 1, 0),
        "below": min(at + 1, n - 1),
        "is_first": at == 0,
        "is_last": at == n - 1,
        "address": codes.address(link),
        "form": form,
    }


def _swatches(form: ProfileForm) -> list[dict[str, Any]]:
    """The themes to choose from, each with the colours it paints in light and in dark."""
    return [
        {"choice": choice, "paint": bio.PAINT[str(choice.data["value"])]}
        for choice in form["theme"]
    ]


def page(
    request: HttpRequest, member: Membership, profile: LinkProfile, **more: Any
) -> dict[str, Any]:
    """The context of the page and of its list of links.

    `more`: `form`, `add_form` and `bound` (a form by its link's id) with what is wrong in them;
    `told` (what happened, for those who listen), `trouble`, `focus` (the id of what comes next),
    `undo`. `?edit=` and `?deleted=` in the address name a link to edit or to bring back.
    """
    living = list(links.living(profile))
    may_edit = member.may(Role.MANAGER)
    form = more.pop("form", None) or ProfileForm.of(profile)
    bound = more.pop("bound", None) or _edited(request, living if may_edit else [])
    deleted = _deleted(profile) if may_edit else []
    wanted = request.GET.get("deleted", "")
    undo = next((link for link in deleted if str(link.pk) == wanted), None)
    return {
        "site": profile.site,
        "home": reverse("profile_edit", args=[profile.site.key]),
        "profile": profile,
        "may_edit": may_edit,
        "form": form,
        "swatches": _swatches(form),
        "add_form": NewLinkForm(),
        "rows": [_row(link, at, len(living), bound.get(link.pk)) for at, link in enumerate(living)],
        "full": len(living) >= links.MAX_LINKS,
        "most": links.MAX_LINKS,
        "deleted": deleted,
        "undo": undo,
        "base": codes.host(),
        "address": codes.address(profile),
        "picture": codes.picture_path(profile) if profile.avatar_digest else "",
        "code": codes.svg(profile),
        "focus": next((f"id_link{pk}-title" for pk in bound), ""),
        **more,
    }


def _edited(request: HttpRequest, living: list[Link]) -> dict[int, LinkForm]:
    """The form of the link that somebody is about to edit: of that one only, it takes its time."""
    wanted = request.GET.get("edit", "")
    return {link.pk: LinkForm.of(link) for link in living if str(link.pk) == wanted}


def _deleted(profile: LinkProfile) -> list[Link]:
    gone = profile.links.filter(deleted_at__isnull=False).order_by("-deleted_at")
    return list(gone[:MOST_DELETED])
