"""How people sign in: allauth's own pages show secrets, these do not."""

from __future__ import annotations

from typing import Any

from allauth.mfa.base.internal.flows import delete_dangling_recovery_codes
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.base import TenantAdmin
from accounts.models import SignIn

for model in (Authenticator, SocialAccount, SocialApp, SocialToken, UserSession):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class TakenAwayAdmin(TenantAdmin):
    """What only its person makes; staff may look, and take it away."""

    search_fields = ("user__email",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("user")


@admin.register(Authenticator)
class FactorAdmin(TakenAwayAdmin):
    """Second factors: one whose device is lost is taken away, its secret is never shown."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    fields = ("user", "type", "created_at", "last_used_at")

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        """Recovery codes go with the last factor that they stand in for."""
        super().delete_model(request, obj)
        delete_dangling_recovery_codes(obj.user)


@admin.register(SocialAccount)
class ConnectedAccountAdmin(TakenAwayAdmin):
    list_display = ("user", "provider", "date_joined", "last_login")
    list_filter = ("provider",)
    fields = ("user", "provider", "uid", "date_joined", "last_login")


@admin.register(SignIn)
class SignInAdmin(TakenAwayAdmin):
    list_display = ("user", "agent", "created_at", "refreshed_at", "expires_at")
    fields = ("user", "agent", "ip", "created_at", "refreshed_at", "expires_at")
