"""People who log in."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.admin.base import TenantAdmin
from accounts.models import (
    User,
)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, TenantAdmin):  # type: ignore[misc]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("email",)
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    readonly_fields = ("last_login", "created_at")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "password", "name")}),
        (gettext_lazy("Rights"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (gettext_lazy("Dates"), {"fields": ("last_login", "created_at")}),
    )

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Staff who set somebody's password leave a trace; the password itself leaves none."""
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            self.note(request, "user.password_set", User.objects.get(pk=id), {})
        return response

    add_fieldsets: Any = ((None, {"fields": ("email", "name", "password1", "password2")}),)
