"""The pages where managers make a link page and where everybody in the tenant looks at it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from accounts.middleware import CONTENT_SECURITY_POLICY
from accounts.models import Membership
from accounts.pages import member_required, no_such_site, role_or_403
from accounts.roles import Role
from tracking import bio, codes, links, profiles
from tracking.editor_page import page, rows_of
from tracking.forms import LinkForm, NewLinkForm, NewProfileForm, ProfileForm
from tracking.models import Link, LinkProfile

Answer = Callable[..., HttpResponse]


def profile_or_404(member: Membership, key: str) -> LinkProfile:
    """The profile of the member's site with this key. Raises `Http404`."""
    rows = LinkProfile.objects.visible_to(member.scope()).select_related("site__tenant")
    found = rows.filter(site__key=key).first()
    if found is None:
        raise no_such_site(member, key)
    return found


def saved(form: forms.Form, save: Callable[[], Any]) -> Any:
    """What `save` gives; None, with the reasons in the form, when there is something wrong."""
    if not form.is_valid():
        return None
    try:
        return save()
    except ValidationError as error:
        if getattr(error, "code", "") == "deleted":  # there is no row any more to show the form in
            raise
        form.add_error(None, error)
        return None


def _template(request: HttpRequest) -> str:
    """The list of links for htmx, which asks for nothing else, or the whole page."""
    part = getattr(request, "htmx", None)
    return "tracking/_editor_links.html" if part else "tracking/editor.html"


# --- The page ---------------------------------------------------------------------------------


@member_required
def profile_new(request: HttpRequest, member: Membership) -> HttpResponse:
    """Make a link page; managers may."""
    role_or_403(member, Role.MANAGER)
    form = NewProfileForm(request.POST or None, initial={"time_zone": member.tenant.time_zone})
    if request.method == "POST":
        made = saved(form, lambda: profiles.make(member.tenant, member.user, form.cleaned_data))
        if made is not None:
            messages.success(request, _("Your page is online. Add its first link."))
            return redirect("profile_edit", key=made.site.key)
    return render(request, "tracking/editor_new.html", {"form": form, "base": codes.host()})


@member_required
def profile_edit(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """The editor; those who may not change the page see it without forms."""
    profile = profile_or_404(member, key)
    if request.method != "POST":
        return render(request, _template(request), page(request, member, profile))
    role_or_403(member, Role.MANAGER)
    form = ProfileForm(request.POST, request.FILES)
    if saved(form, lambda: _save_profile(profile, member, form)):
        messages.success(request, _("The page was saved."))
        return redirect("profile_edit", key=key)
    return render(request, "tracking/editor.html", page(request, member, profile, form=form))


@transaction.atomic
def _save_profile(profile: LinkProfile, member: Membership, form: ProfileForm) -> LinkProfile:
    changed = profiles.change(profile, member.user, form.values())
    if picture := form.cleaned_data["picture"]:
        return profiles.set_picture(changed, member.user, picture)
    if form.cleaned_data["remove_picture"]:
        return profiles.set_picture(changed, member.user, None)
    return changed


# --- Its links --------------------------------------------------------------------------------


def answer(
    request: HttpRequest, member: Membership, profile: LinkProfile, told: str, **more: Any
) -> HttpResponse:
    """After a change of links: the list anew for htmx, else back to the page, at the link."""
    link, trouble = more.get("link"), more.pop("trouble", "")
    if getattr(request, "htmx", None):
        context = page(request, member, profile, told=told, trouble=trouble, **more)
        return render(request, _template(request), context)
    response = redirect("profile_edit", key=profile.site.key)
    if undo := more.get("undo"):
        response["Location"] += f"?deleted={undo.pk}"  # the page says so itself, and offers a way
        return response
    messages.add_message(request, messages.ERROR if trouble else messages.SUCCESS, trouble or told)
    if link is not None:
        response["Location"] += f"#link-{link.pk}"
    return response


def wrong(request: HttpRequest, member: Membership, profile: LinkProfile, **form: Any) -> Any:
    """The list, or without htmx the whole page, with the form that cannot be saved."""
    told = _("Not saved: see what is wrong.")
    context = page(request, member, profile, told=told, **form)
    return render(request, _template(request), context)


def link_action(view: Answer) -> Answer:
    """The view changes links: managers may, with POST; the address alone leads to the page."""

    @member_required
    @wraps(view)
    def checked(request: HttpRequest, member: Membership, key: str, **given: Any) -> HttpResponse:
        profile = profile_or_404(member, key)
        if request.method != "POST":  # somebody had to sign in before, or has come back
            return redirect("profile_edit", key=key)
        role_or_403(member, Role.MANAGER)
        if "pk" not in given:
            return view(request, member, profile)
        link = profile.links.filter(pk=given["pk"]).first()
        if link is None:
            raise Http404
        link.profile = profile
        try:
            return view(request, member, profile, link)
        except ValidationError as error:  # deleted by somebody else, or too many
            return answer(request, member, profile, "", trouble=" ".join(error.messages))

    return checked


@link_action
def link_add(request: HttpRequest, member: Membership, profile: LinkProfile) -> HttpResponse:
    """A new link, last or first."""
    form = NewLinkForm(request.POST)

    def save() -> Link:
        values = dict(form.cleaned_data)
        first = 0 if values.pop("first") else None
        return links.add(profile, member.user, values, position=first)

    link = saved(form, save)
    if link is None:
        return wrong(request, member, profile, add_form=form)
    told = _("“%(title)s” was added.") % {"title": link.title}
    return answer(request, member, profile, told, link=link, focus="id_new-title")


@link_action
def link_change(
    request: HttpRequest, member: Membership, profile: LinkProfile, link: Link
) -> HttpResponse:
    """What a link says, where it leads, its short name."""
    form = LinkForm.of(link, request.POST)
    changed = saved(form, lambda: links.change(link, member.user, form.cleaned_data))
    if changed is None:
        return wrong(request, member, profile, bound={link.pk: form})
    told = _("“%(title)s” was saved.") % {"title": changed.title}
    return answer(request, member, profile, told, link=changed)


@link_action
def link_activate(
    request: HttpRequest, member: Membership, profile: LinkProfile, link: Link
) -> HttpResponse:
    """Show a link on the page, or not: `active` is 1 or 0."""
    active = request.POST.get("active") == "1"
    links.change(link, member.user, {"is_active": active})
    told = _("“%(title)s” is on the page.") if active else _("“%(title)s” is off the page.")
    return answer(request, member, profile, told % {"title": link.title}, link=link)


@link_action
def link_move(
    request: HttpRequest, member: Membership, profile: LinkProfile, link: Link
) -> HttpResponse:
    """Put a link at `position`, counted from 0."""
    given = request.POST.get("position", "")
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise ValidationError(_("Say where the link is to stand: 0 is first."))
    moved = links.move(link, member.user, int(given))
    told = _("Link moved to position %(at)s of %(n)s.") % {
        "at": moved.position + 1,
        "n": links.living(profile).count(),
    }
    return answer(request, member, profile, told, link=moved)


@link_action
def link_delete(
    request: HttpRequest, member: Membership, profile: LinkProfile, link: Link
) -> HttpResponse:
    """Take a link off the page; the answer offers to take that back."""
    deleted = links.delete(link, member.user)
    told = _("“%(title)s” was deleted.") % {"title": link.title}
    return answer(request, member, profile, told, undo=deleted)


@link_action
def link_restore(
    request: HttpRequest, member: Membership, profile: LinkProfile, link: Link
) -> HttpResponse:
    """Bring a deleted link back to where it stood."""
    restored = links.restore(link, member.user)
    told = _("“%(title)s” is back.") % {"title": link.title}
    return answer(request, member, profile, told, link=restored)


# --- What belongs to it -----------------------------------------------------------------------


@require_safe
@member_required
@xframe_options_sameorigin
def profile_preview(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """The public page as it is, or would be with what is typed; nothing is counted.

    `title`, `bio` and `theme` in the address stand in for what is stored.
    """
    profile = profile_or_404(member, key)
    shown = copy.copy(profile)
    for name, most in (("title", 80), ("bio", 300), ("theme", 16)):
        if name in request.GET:
            setattr(shown, name, request.GET[name].strip()[:most] or "")
    context = bio.context(shown, links.living(profile), preview=True)
    if profile.avatar_digest:
        context["avatar"] = codes.picture_path(profile)
    response = render(request, bio.TEMPLATE, context)
    policy = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
    response["Content-Security-Policy"] = policy
    return response


@require_safe
@member_required
def profile_picture(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """The picture, for those who edit: also that of a page that is not published."""
    profile = profile_or_404(member, key)
    if not profile.avatar:
        raise Http404
    headers = {"Cache-Control": "private, max-age=86400"}
    return HttpResponse(bytes(profile.avatar), content_type="image/webp", headers=headers)


@require_safe
@member_required
def profile_code(request: HttpRequest, member: Membership, key: str, kind: str) -> HttpResponse:
    """A QR code to save, as `svg` or `png`: of the page, or of one of its links (`?link=`)."""
    profile = profile_or_404(member, key)
    row: LinkProfile | Link | None = profile
    if given := request.GET.get("link"):
        found = rows_of(profile).get(given)
        row = found
    if row is None:
        raise Http404
    name = row.slug if isinstance(row, Link) else row.username
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    kinds = {"svg": "image/svg+xml", "png": "image/png"}
    data = codes.svg_file(row) if kind == "svg" else codes.png_file(row)
    return HttpResponse(data, content_type=kinds[kind], headers=headers)
