"""Accounts for the installation's staff."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.db.models import QuerySet
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts import audit
from accounts.models import (
    ApiToken,
    AuditEntry,
    Membership,
    Site,
    SiteTransfer,
    Team,
    Tenant,
    User,
)
from accounts.roles import TokenScope

admin.site.unregister(EmailAddress)  # people sign in with the address of their user
admin.site.unregister(Group)  # rights come from roles in a tenant, not from groups


class TenantAdmin(ModelAdmin):
    """The base of all tenants' rows in the admin: staff see every tenant, changes are audited."""

    show_full_result_count = False

    def tenant_of(self, row: models.Model) -> Tenant | None:
        """Whose row it is, for the audit."""
        return row if isinstance(row, Tenant) else getattr(row, "tenant", None)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = type(obj)._base_manager.filter(pk=obj.pk).first() if change else None
        super().save_model(request, obj, form, change)
        changes = audit.differences(before, obj, form.changed_data)
        action = f"{obj._meta.model_name}.{'changed' if change else 'created'}"
        self.note(request, action, obj, changes)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Rows within another row's page are audited one by one, like any other."""
        rows = formset.save(commit=False)
        changed = {changed_row.pk: fields for changed_row, fields in formset.changed_objects}
        for row in rows:
            model = type(row)
            before = model._base_manager.filter(pk=row.pk).first() if row.pk in changed else None
            row.save()
            fields = changed.get(row.pk) or [field.name for field in row._meta.concrete_fields]
            action = f"{row._meta.model_name}.{'changed' if before else 'created'}"
            self.note(request, action, row, audit.differences(before, row, fields))
        for row in formset.deleted_objects:
            self.note(request, f"{row._meta.model_name}.deleted", row, {"name": [str(row), None]})
            row.delete()
        formset.save_m2m()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.note(request, f"{obj._meta.model_name}.deleted", obj, {"name": [str(obj), None]})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    def note(self, request: HttpRequest, action: str, row: models.Model, changes: dict) -> None:
        """One audit entry. A tenant that is being deleted cannot be pointed at any more."""
        tenant = None if action == "tenant.deleted" else self.tenant_of(row)
        actor = request.user if isinstance(request.user, User) else None
        audit.record(action, row, tenant=tenant, actor=actor, changes=changes)


class ReadOnlyAdmin(ModelAdmin):
    """Rows that the system writes and nobody changes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MembershipInline(TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("user", "team")


@admin.register(Tenant)
class TenantsAdmin(TenantAdmin):
    list_display = ("name", "time_zone", "created_at")
    search_fields = ("name",)
    inlines: ClassVar[list] = [MembershipInline]


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


@admin.register(Site)
class SiteAdmin(TenantAdmin):
    list_display = ("name", "tenant", "kind", "key", "time_zone", "delete_at")
    list_filter = (
        "kind",
        "tenant",
        ("delete_at", admin.EmptyFieldListFilter),
        ("reset_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("name", "key", "script_name", "tenant__name")
    autocomplete_fields = ("tenant", "owner", "team")
    readonly_fields = ("key", "reset_at", "created_at", "updated_at")
    list_select_related = ("tenant",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            obj.keep_days_of(Site.plain.get(pk=obj.pk), timezone.now())
        super().save_model(request, obj, form, change)


@admin.register(SiteTransfer)
class SiteTransferAdmin(TenantAdmin):
    """Offers of sites: staff look at them and withdraw them, and make none for others."""

    list_display = ("site", "email", "offered_by", "created_at", "expires_at")
    search_fields = ("email", "site__name", "site__key", "offered_by__email")
    list_select_related = ("site", "offered_by")
    readonly_fields = ("site", "email", "offered_by", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def tenant_of(self, row: models.Model) -> Tenant | None:
        return row.site.tenant if isinstance(row, SiteTransfer) else None


class ApiTokenForm(forms.ModelForm):
    """A token's scopes as boxes to tick."""

    scopes = forms.MultipleChoiceField(choices=TokenScope, widget=CheckboxSelectMultiple)

    class Meta:
        model = ApiToken
        fields = ("member", "name", "scopes", "expires_at")


@admin.register(ApiToken)
class ApiTokenAdmin(TenantAdmin):
    form = ApiTokenForm
    list_display = ("name", "prefix", "member", "expires_at", "revoked_at", "last_used_at")
    search_fields = ("name", "prefix", "member__user__email")
    autocomplete_fields = ("member",)
    readonly_fields = ("prefix", "created_at", "revoked_at", "last_used_at")
    list_select_related = ("member__user", "member__tenant")
    actions = ("revoke",)

    def tenant_of(self, row: models.Model) -> Tenant | None:
        return row.member.tenant if isinstance(row, ApiToken) else None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            lines = form.cleaned_data
            token, text = ApiToken.new(lines["member"], name=lines["name"], scopes=lines["scopes"])
            obj.prefix, obj.digest = token.prefix, token.digest
            messages.warning(
                request, _("The token, shown only this once: %(token)s") % {"token": text}
            )
        super().save_model(request, obj, form, change)

    @admin.action(description=gettext_lazy("Revoke the selected tokens"))
    @transaction.atomic
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """They open nothing from now on."""
        for token in queryset.filter(revoked_at=None):
            token.revoked_at = timezone.now()
            token.save(update_fields=["revoked_at"])
            self.note(request, "apitoken.revoked", token, {})


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "actor_label", "action", "target_type", "target_id", "tenant")
    list_filter = ("action", "tenant")
    search_fields = ("actor_label", "target_id", "request_id")
    list_select_related = ("tenant",)
    date_hierarchy = "created_at"
