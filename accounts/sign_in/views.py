"""The pages around signing in that are not allauth's, and what ours add to those that are."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import requests
import ua_parser
from allauth.account.views import LoginView, SignupView
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.google.views import oauth2_callback as google_callback
from allauth.socialaccount.providers.openid_connect.views import callback as oidc_callback
from allauth.socialaccount.views import ConnectionsView
from allauth.socialaccount.views import SignupView as ProviderSignupView
from allauth.usersessions.models import UserSession
from allauth.utils import get_request_param
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.addresses import address_of
from accounts.models import SignIn, User
from accounts.sections import account_page
from accounts.sign_in import jwt, oauth, proofs
from accounts.sign_in.signing_up import invitation_of

# --- In and up --------------------------------------------------------------------------------


class Login(LoginView):
    """Allauth's sign-in, which also says whether there is a way to sign up."""

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        told = {"anybody_may_sign_up": settings.SIGNUP_POLICY == "open"}
        return super().get_context_data(**more) | told | providers_shown()


class SignUp(SignupView):
    """Allauth's sign-up; whoever comes by an invitation signs up with its address."""

    def get_form(self, form_class: Any = None) -> forms.Form:
        form = for_invited(self.request, super().get_form(form_class))
        form.fields["password1"].help_text = _("At least 8 characters; not a common one.")
        return form

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        told = {"invitation": invitation_of(self.request)}
        return super().get_context_data(**more) | told | providers_shown()


class SocialSignUp(ProviderSignupView):
    """Allauth's sign-up of somebody of whom a provider told no address."""

    def get_form(self, form_class: Any = None) -> forms.Form:
        return for_invited(self.request, super().get_form(form_class))


def for_invited(request: HttpRequest, form: forms.Form) -> forms.Form:
    """The form of a sign-up, which whoever comes by an invitation fills in for its address."""
    if invitation := invitation_of(request):
        form.invited_address = invitation.email  # type: ignore[attr-defined]
        form.initial["email"] = invitation.email
        form.fields["email"].widget.attrs["readonly"] = True
    return form


def providers_shown() -> dict[str, Any]:
    """The providers that pages offer."""
    return {"providers": oauth.providers()}


# --- By a provider ----------------------------------------------------------------------------


@require_POST
@never_cache
def to_provider(request: HttpRequest, key: str) -> HttpResponse:
    """Send a browser to a provider.

    By a page that goes on by itself: our pages let forms lead to ourselves only, and browsers hold
    every redirect of a form against that.
    """
    if oauth.find_provider(key) is None:
        raise Http404
    connects = get_request_param(request, "process") == AuthProcess.CONNECT
    process = AuthProcess.CONNECT if connects else AuthProcess.LOGIN
    if connects and not request.user.is_authenticated:
        return redirect("account_login")
    provider = get_adapter().get_provider(request, key)
    nonce = secrets.token_urlsafe(24)
    try:
        away = provider.redirect(
            request,
            process=process,
            next_url=_next(request),
            auth_params={**provider.get_auth_params(), "nonce": nonce},
            nonce=nonce,  # kept with the state, for `SocialAccountAdapter.pre_social_login`
        )
    except (requests.RequestException, ValueError, KeyError):
        return provider_away(request)
    told = {"url": away.url, "provider": provider.name or provider.app.name}
    return render(request, "socialaccount/login_redirect.html", told)


def _next(request: HttpRequest) -> str | None:
    from allauth.account.utils import get_next_redirect_url  # it loads allauth's adapter

    return get_next_redirect_url(request)


@never_cache
def from_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take a browser that comes back from a provider."""
    try:
        if provider_id == "google":
            return google_callback(request)
        return oidc_callback(request, provider_id)
    except (requests.RequestException, ValidationError, ValueError, KeyError):
        return provider_away(request)
    except SocialApp.DoesNotExist as error:
        raise Http404 from error


def provider_away(request: HttpRequest) -> HttpResponse:
    """Say that the provider does not answer as it should."""
    return render(request, "socialaccount/authentication_error.html", status=502)


class Connected(ConnectionsView):
    """Allauth's page of connected accounts, in our words."""

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        names = {provider.key: provider.name for provider in oauth.providers()}
        person = cast(User, self.request.user)
        rows = [
            {
                "pk": row.pk,
                "name": names.get(row.provider, row.provider),
                "email": row.extra_data.get("email") or profile_of(row).get("email", ""),
                "since": row.date_joined,
            }
            for row in SocialAccount.objects.filter(user=person)
        ]
        return super().get_context_data(**more) | {"rows": rows} | providers_shown()

    def form_valid(self, form: Any) -> HttpResponse:
        account = form.cleaned_data["account"]
        if oauth.find_provider(account.provider) is None:  # it is no longer set up here
            with transaction.atomic():
                account.delete()
                person = account.user
                audit.record("user.account_disconnected", person, tenant=None, actor=person)
            return redirect("socialaccount_connections")
        response: HttpResponse = super().form_valid(form)
        return response


def profile_of(account: SocialAccount) -> dict[str, Any]:
    """What allauth has kept of a person's profile at a provider."""
    kept = account.extra_data
    found = kept.get("userinfo") or kept.get("id_token") or {}
    return found if isinstance(found, dict) else {}


# --- Where one is signed in -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """A browser or a program that is signed in."""

    key: str
    name: str
    ip: str
    since: datetime
    current: bool
    program: bool


def named(agent: str) -> str:
    """What people call the program behind a user agent."""
    found = ua_parser.parse(agent)
    browser = found.user_agent.family if found.user_agent else ""
    system = found.os.family if found.os else ""
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or agent[:60] or _("Unknown program")


def shown_sessions(request: HttpRequest, user: User) -> list[Shown]:
    """Where the person is signed in, this browser first."""
    here = request.session.session_key or ""
    rows = {row.session_key: row for row in UserSession.objects.purge_and_list(user)}
    if here not in rows:  # the session is older than the list
        agent = request.headers.get("User-Agent", "")
        rows[here] = UserSession(ip=address_of(request), user_agent=agent, session_key=here)
    browsers = [
        Shown(str(row.pk or ""), named(row.user_agent), row.ip, row.created_at, key == here, False)
        for key, row in rows.items()
    ]
    now = timezone.now()
    programs = [
        Shown(str(row.pk), named(row.agent), row.ip or "", row.created_at, False, True)
        for row in SignIn.objects.filter(user=user).select_related("user")
        if row.is_alive(now)
    ]
    return sorted([*browsers, *programs], key=lambda one: (one.current, one.since), reverse=True)


@login_required
@never_cache
def sessions(request: HttpRequest) -> HttpResponse:
    """Where one is signed in; POST ends one of them, or all."""
    user = request.user
    assert isinstance(user, User)
    if request.method != "POST":
        rows = shown_sessions(request, user)
        return account_page(request, "sessions", "usersessions/usersession_list.html", rows=rows)
    if "everywhere" in request.POST:
        proofs.end_everywhere(user)
        logout(request)
        messages.success(request, _("You are signed out everywhere."))
        return redirect("account_login")
    _end_one(user, request.POST.get("session", ""), request.POST.get("program", ""))
    messages.success(request, _("Signed out."))
    return redirect("account_sessions")


@transaction.atomic
def _end_one(user: User, session: str, program: str) -> None:
    """End one of the person's sessions; one that is gone already is gone."""
    if session.isascii() and session.isdigit() and len(session) < 19:
        for row in UserSession.objects.filter(user=user, pk=int(session)):
            row.end()
            audit.record("user.session_ended", user, tenant=None, actor=user)
    try:
        found = SignIn.objects.filter(user=user, pk=program).first() if program else None
    except ValidationError:
        found = None
    if found:
        jwt.end(found)
