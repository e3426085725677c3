"""Tenants and their teams."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline
from unfold.decorators import action

from accounts.admin.base import TenantAdmin
from accounts.admin.confirm import ask
from accounts.members import suspension, teams
from accounts.models import Membership, Team, Tenant, User
from accounts.tenants import tenant_deletion


class MembershipInline(TabularInline):
    """Who is in a tenant; each is changed on a page of their own, which keeps an owner."""

    model = Membership
    extra = 0
    fields = readonly_fields = ("user", "role", "level", "team", "suspended_at")
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Tenant)
class TenantsAdmin(TenantAdmin):
    list_display = ("name", "time_zone", "created_at", "suspended_at", "delete_at")
    list_filter = (
        ("suspended_at", admin.EmptyFieldListFilter),
        ("delete_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("name",)
    readonly_fields = ("suspended_at", "delete_at", "created_at")
    inlines: ClassVar[list] = [MembershipInline]
    actions = ("suspend", "resume", "delete_later", "keep")
    actions_detail: Any = ("look_into",)

    @action(  # type: ignore[operator]
        description=gettext_lazy("Look into this organisation"),  # type: ignore[arg-type]
        url_path="look",
        permissions=["view"],
    )
    def look_into(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page that asks why."""
        return redirect("staff_look", object_id)

    @admin.action(description=gettext_lazy("Suspend the selected tenants"), permissions=["change"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> HttpResponse | None:
        """Nobody of theirs, and no program, comes in from now on."""
        question = _(
            "Suspend these tenants? Sessions and API tokens of their members stop at once, and"
            " their mails and webhooks wait until they are let in again."
        )
        if page := ask(self, request, queryset, "suspend", question):
            return page
        for tenant in queryset:
            suspension.suspend_tenant(tenant, timezone.now(), by=cast(User, request.user))
        return None

    @admin.action(
        description=gettext_lazy("Let the selected tenants in again"), permissions=["change"]
    )
    def resume(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> None:
        """What was suspended works as before, and what waited to be sent leaves."""
        for tenant in queryset:
            suspension.resume_tenant(tenant, by=cast(User, request.user))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes one at once: a request cannot, where there are a million rows."""
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Whether somebody of staff may let tenants be deleted."""
        return super().has_delete_permission(request)

    @admin.action(
        description=gettext_lazy("Delete the selected tenants after their days of grace"),
        permissions=["end"],
    )
    def delete_later(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> HttpResponse | None:
        """As an owner would: the owners are told, and everything goes on until then."""
        question = _("Delete these tenants in %(days)d days, with all that is theirs?")
        asked = question % {"days": settings.TENANT_GRACE_DAYS}
        if page := ask(self, request, queryset, "delete_later", asked):
            return page
        for tenant in queryset:
            tenant_deletion.schedule(tenant, cast(User, request.user), timezone.now())
        return None

    @admin.action(
        description=gettext_lazy("Do not delete the selected tenants"), permissions=["end"]
    )
    def keep(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> None:
        """Take the deletion back."""
        for tenant in queryset:
            tenant_deletion.keep(tenant, cast(User, request.user))


@admin.register(Team)
class TeamAdmin(TenantAdmin):
    list_display = ("name", "tenant")
    list_filter = ("tenant",)
    search_fields = ("name", "tenant__name")
    autocomplete_fields = ("tenant",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("tenant",) if obj else ()

    def delete_model(self, request: HttpRequest, obj: Team) -> None:
        teams.delete(obj, by=cast(User, request.user), as_staff=True)
