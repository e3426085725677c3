"""The pages on which staff say why they look into an organisation, and stop."""

from __future__ import annotations

from functools import wraps
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import staff
from accounts.authentication import SESSION_TENANT
from accounts.models import StaffAccess, Tenant, User

LEAST_REASON = 10
MOST_REASON = 500


def staff_required(view: Any) -> Any:
    """The view is for staff who see organisations in the admin."""

    @never_cache
    @login_required
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        if not staff.may_look(request.user):
            raise PermissionDenied(_("This is for the staff of the installation."))
        return view(request, *args, **options)

    return checked


class ReasonForm(forms.Form):
    """Why somebody looks; the organisation reads it."""

    reason = forms.CharField(
        label=gettext_lazy("Why do you look into this organisation?"),
        min_length=LEAST_REASON,
        max_length=MOST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Its admins read this in their audit log, beside your name and each page that you open."
        ),
    )


@staff_required
@require_http_methods(["GET", "HEAD", "POST"])
def look(request: HttpRequest, tenant_id: UUID) -> HttpResponse:
    """Ask why, and look into the organisation from then on."""
    tenant = get_object_or_404(Tenant, pk=tenant_id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        assert isinstance(request.user, User)
        try:
            made = staff.begin(request.user, tenant, form.cleaned_data["reason"], timezone.now())
        except staff.Refused as error:
            form.add_error(None, str(error))
        else:
            request.session[SESSION_TENANT] = str(tenant.pk)
            request.session[staff.SESSION_ACCESS] = made.pk
            return redirect("home")
    return render(request, "accounts/staff_look.html", {"form": form, "tenant": tenant})


@staff_required
@require_safe
def accesses(request: HttpRequest) -> HttpResponse:
    """Who of staff looks into which organisation now, and why."""
    rows = [
        {"access": access, "may_end": _may_end(request, access)}
        for access in staff.open_accesses(timezone.now())
    ]
    return render(request, "accounts/staff_accesses.html", {"rows": rows})


def _may_end(request: HttpRequest, access: StaffAccess) -> bool:
    return access.user_id == request.user.pk or bool(getattr(request.user, "is_superuser", False))


@staff_required
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop looking; superusers stop others as well."""
    rows = StaffAccess.objects.unscoped("staff end accesses of any organisation")
    access = get_object_or_404(rows.select_related("tenant"), pk=pk)
    if not _may_end(request, access):
        raise PermissionDenied(_("Only who looks, or a superuser, ends this."))
    assert isinstance(request.user, User)
    if staff.end(access, request.user, timezone.now()):
        told = _("Nobody looks into “%(tenant)s” by this access any more.")
        messages.success(request, told % {"tenant": access.tenant.name})
    if request.session.get(staff.SESSION_ACCESS) == access.pk:
        staff.forget(request)
    return redirect("staff_accesses")
