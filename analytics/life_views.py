"""The buttons that change what becomes of a site: empty it, give it away, delete it, keep it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import dates
from accounts.models import Membership, Site, SiteTransfer, User
from accounts.pages import member_required, role_or_403, site_or_404
from accounts.roles import Role
from accounts.sites import lifecycle
from accounts.sites.forms import ConfirmForm, OfferForm
from analytics import lifecycle as emptying
from analytics.settings_views import changeable, page


def _danger(
    request: HttpRequest, member: Membership, site: Site, **given: forms.Form
) -> HttpResponse:
    """The section with its three forms; `given` are those with something to mend."""
    sure = {name: ConfirmForm(site=site, prefix=name) for name in ("reset", "delete")}
    shown: dict[str, Any] = {**sure, "offer_form": OfferForm(), **given}
    offers = SiteTransfer.objects.visible_to(member.scope()).filter(site=site)
    context = {
        "offer": offers.filter(expires_at__gt=timezone.now()).first(),
        "may_offer": member.may(Role.ADMIN),
        "delete_at": _day(site, timezone.now() + timedelta(days=settings.SITE_GRACE_DAYS)),
        "grace_days": settings.SITE_GRACE_DAYS,
        "offer_days": lifecycle.OFFER_DAYS,
    }
    return page(request, member, site, "danger", **context, **shown)


def _day(site: Site, at: Any) -> str:
    return dates.day(site.local(at).date())


@require_safe
@member_required
def danger(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """What cannot be taken back, or only for a while."""
    return _danger(request, member, changeable(member, key))


@require_POST
@member_required
def reset(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """Erase everything that was received until now."""
    site = changeable(member, key)
    form = ConfirmForm(request.POST, site=site, prefix="reset")
    if not form.is_valid():
        return _danger(request, member, site, reset=form)
    emptying.reset(site, member, timezone.now())
    messages.success(request, _("The site begins anew: what was received before is being erased."))
    return redirect("overview", key=key)


@require_POST
@member_required
def delete(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """Delete the site after its days of grace."""
    site = changeable(member, key)
    form = ConfirmForm(request.POST, site=site, prefix="delete")
    if not form.is_valid():
        return _danger(request, member, site, delete=form)
    site = lifecycle.schedule_deletion(site, member, timezone.now())
    told = {"name": site.name, "day": _day(site, site.delete_at)}
    messages.success(request, _("%(name)s will be deleted on %(day)s.") % told)
    return redirect("sites")


@require_POST
@member_required
def keep(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """Take a deletion back."""
    site = lifecycle.keep(changeable(member, key), member, timezone.now())
    messages.success(request, _("%(name)s stays.") % {"name": site.name})
    return redirect("overview", key=key)


# --- Given to others --------------------------------------------------------------------------


@require_POST
@member_required
def offer(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """Offer the site to a person of another organisation; admins may."""
    site = site_or_404(member, key)
    role_or_403(member, Role.ADMIN)
    form = OfferForm(request.POST)
    if form.is_valid():
        try:
            made = lifecycle.offer(site, form.cleaned_data["email"], member, timezone.now())
        except lifecycle.Refused as problem:
            form.add_error("email", str(problem))
        else:
            told = {"email": made.email, "day": _day(site, made.expires_at)}
            text = _("The site is offered to %(email)s until %(day)s. Tell them to sign in here.")
            messages.success(request, text % told)
            return redirect("site_danger", key=key)
    return _danger(request, member, site, offer_form=form)


@require_POST
@member_required
def withdraw(request: HttpRequest, member: Membership, key: str) -> HttpResponse:
    """Take an offer back."""
    site = site_or_404(member, key)
    role_or_403(member, Role.ADMIN)
    if lifecycle.withdraw(site, member):
        messages.success(request, _("The offer is withdrawn."))
    else:
        messages.info(request, _("There is no offer any more."))
    return redirect("site_danger", key=key)


@require_POST
@member_required
def accept(request: HttpRequest, member: Membership, offer_id: int) -> HttpResponse:
    """Take an offered site into one of one's organisations."""
    user = cast(User, request.user)
    homes = Membership.objects.unscoped("the person's own memberships").filter(user=user)
    chosen = request.POST.get("home", "")
    home = homes.filter(pk=int(chosen)).first() if _is_id(chosen) else None
    try:
        taken = lifecycle.accept(offer_id, user, home or member, timezone.now())
    except lifecycle.Refused as problem:
        messages.error(request, str(problem))
        return redirect("sites")
    told = {"name": taken.site.name, "tenant": taken.home.tenant.name}
    messages.success(request, _("%(name)s belongs to %(tenant)s now.") % told)
    return redirect("sites")


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


@require_POST
@member_required
def decline(request: HttpRequest, member: Membership, offer_id: int) -> HttpResponse:
    """Turn an offer down."""
    site = lifecycle.decline(offer_id, cast(User, request.user), timezone.now())
    if site is None:
        messages.info(request, _("This offer is over already."))
    else:
        messages.success(request, _("You turned %(name)s down.") % {"name": site.name})
    return redirect("sites")
