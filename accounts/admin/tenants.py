"""Tenants, their teams and members."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline
from unfold.decorators import action

from accounts.admin.base import TenantAdmin
from accounts.models import (
    Membership,
    Team,
    Tenant,
)


class MembershipInline(TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("user", "team")


@admin.register(Tenant)
class TenantsAdmin(TenantAdmin):
    list_display = ("name", "time_zone", "created_at")
    search_fields = ("name",)
    inlines: ClassVar[list] = [MembershipInline]
    actions_detail = ("look_into",)

    @action(
        description=gettext_lazy("Look into this organisation"),
        url_path="look",
        permissions=["view"],
    )
    def look_into(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page that asks why."""
        return redirect("staff_look", object_id)


@admin.register(Team)
class TeamAdmin(TenantAdmin):
    list_display = ("name", "tenant")
    list_filter = ("tenant",)
    search_fields = ("name", "tenant__name")
    autocomplete_fields = ("tenant",)


@admin.register(Membership)
class MembershipAdmin(TenantAdmin):
    list_display = ("user", "tenant", "role", "level", "team")
    list_filter = ("role", "level", "tenant")
    search_fields = ("user__email", "tenant__name")
    autocomplete_fields = ("user", "tenant", "team")
    list_select_related = ("user", "tenant", "team")
