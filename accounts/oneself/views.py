"""The pages about one's own account: profile, mails, what is kept, and its end."""

from __future__ import annotations

import json
import zipfile
from copy import copy
from io import BytesIO
from typing import cast

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.members import people
from accounts.models import User
from accounts.oneself import account_deletion, own_account
from accounts.oneself.forms import DeleteAccountForm, MailsForm, ProfileForm
from accounts.sections import account_page

form_page = require_http_methods(["GET", "HEAD", "POST"])


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


@never_cache
@form_page
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Name and time zone."""
    user = _person(request)
    member = getattr(request, "member", None)
    zone = member.tenant.time_zone if member else ""
    form = ProfileForm(request.POST or None, instance=copy(user), organisation_zone=zone)
    if request.method == "POST" and form.is_valid():
        own_account.change(user, form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("account")
    return account_page(request, "profile", "accounts/account_profile.html", form=form)


@never_cache
@form_page
@login_required
def notifications(request: HttpRequest) -> HttpResponse:
    """Which mails one wants."""
    user = _person(request)
    wanted = [kind for kind in own_account.MUTABLE if own_account.wants(user, kind)]
    form = MailsForm(request.POST if request.method == "POST" else None, initial={"wanted": wanted})
    if request.method == "POST" and form.is_valid():
        own_account.change(user, {"muted": form.muted})
        messages.success(request, _("Saved."))
        return redirect("account_notifications")
    always = [kind.label for kind in own_account.MAIL_KINDS.values() if not kind.may_be_muted]
    template = "accounts/account_notifications.html"
    return account_page(request, "notifications", template, form=form, always=always)


@csrf_exempt
@never_cache
@form_page
def unsubscribe(request: HttpRequest, signed: str) -> HttpResponse:
    """End a kind of mail: at once by a POST, as mail programs send it (RFC 8058).

    A GET asks first, since programs that look for harm follow every link of a mail. The address is
    signed, so whoever sends it needs no session, and other sites do not know it.
    """
    found = own_account.subscription_of(signed)
    if found is None:
        raise Http404
    user, kind = found
    if request.method == "POST":
        own_account.mute(user, kind)
    shown = {"label": own_account.MAIL_KINDS[kind].label, "done": request.method == "POST"}
    return render(request, "accounts/unsubscribe.html", shown)


# --- What is kept -----------------------------------------------------------------------------


def _data_page(request: HttpRequest, form: DeleteAccountForm) -> HttpResponse:
    context = {
        "form": form,
        "farewell": account_deletion.farewell(_person(request)),
        "holdings": [label for label, _read in own_account.HOLDINGS.values()],
        "grace_days": settings.TENANT_GRACE_DAYS,
    }
    return account_page(request, "data", "accounts/account_data.html", **context)


@never_cache
@require_safe
@login_required
def data(request: HttpRequest) -> HttpResponse:
    """Take everything along, or end the account."""
    return _data_page(request, DeleteAccountForm(user=_person(request)))


@never_cache
@require_POST
@login_required
@reauthentication_required
@transaction.atomic
def export(request: HttpRequest) -> HttpResponse:
    """Everything that is kept about the person, as a zip of JSON and of a page to read."""
    user = _person(request)
    packed = _packed(user)
    audit.record("user.exported", user, tenant=None, actor=user)
    name = f"linkpro-account-{timezone.now():%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(packed, content_type="application/zip", headers=headers)


def _packed(user: User) -> bytes:
    found = own_account.everything_about(user)
    text = json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
    plain = json.loads(text)
    sections = [
        {
            "label": label,
            "heads": list(rows[0]) if rows else (),
            "rows": [row.values() for row in rows],
        }
        for (label, _read), rows in zip(own_account.HOLDINGS.values(), plain.values(), strict=True)
    ]
    page = render_to_string("accounts/own_data.html", {"sections": sections, "now": timezone.now()})
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("account.json", text)
        archive.writestr("account.html", page)
    return file.getvalue()


# --- The end ----------------------------------------------------------------------------------


@never_cache
@require_POST
@login_required
@reauthentication_required
def delete(request: HttpRequest) -> HttpResponse:
    """Delete the account, and sign out."""
    user = _person(request)
    form = DeleteAccountForm(request.POST, user=user)
    if not form.is_valid():
        return _data_page(request, form)
    try:
        account_deletion.delete(user, timezone.now())
    except people.Refused as problem:
        form.add_error(None, str(problem))
        return _data_page(request, form)
    logout(request)
    return render(request, "accounts/account_gone.html")
