"""People who log in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.admin.base import TenantAdmin
from accounts.admin.confirm import ask
from accounts.admin.members import WITHOUT_OWNER, actor_of
from accounts.members import people, suspension
from accounts.models import Membership, User
from accounts.roles import Role

# What signs a person out when staff change it.
SIGNING_OUT = {"email", "is_active", "is_staff", "is_superuser"}


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
    actions = ("stop", "start")
    fieldsets = (
        (None, {"fields": ("email", "password", "name")}),
        (gettext_lazy("Rights"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (gettext_lazy("Dates"), {"fields": ("last_login", "created_at")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Nobody gives more rights than they have."""
        above = () if request.user.is_superuser else ("is_staff", "is_superuser")
        return (*self.readonly_fields, *above)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _reaches(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _reaches(request, obj)

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Staff who set somebody's password leave a trace; the password itself leaves none."""
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            self.note(request, "user.password_set", User.objects.get(pk=id), {})
        return response

    add_fieldsets: Any = ((None, {"fields": ("email", "name", "password1", "password2")}),)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Whose address or rights change is signed out, but not whoever does it here."""
        super().save_model(request, obj, form, change)
        if not change or "email" in form.changed_data:
            obj.trust_address()  # staff know whose it is
        if change and SIGNING_OUT & set(form.changed_data):
            obj.end_sessions()
            if obj.pk == request.user.pk:
                update_session_auth_hash(request, obj)
        if change and "is_active" in form.changed_data:
            _warn(request, [obj])

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        rows, counts, lacking, protected = super().get_deleted_objects(objs, request)
        going = Membership.objects.unscoped("of people who are about to go")
        alone = people.left_without_owner(going.filter(user__in=list(objs)))
        told = [str(WITHOUT_OWNER) % {"name": tenant.name} for tenant in alone]
        return rows, counts, lacking, [*protected, *told]

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """What the person owns goes to somebody in each tenant first."""
        try:
            people.leave_all(obj)
        except people.Refused as problem:  # another owner went a moment ago
            messages.error(request, str(problem))
            return
        super().delete_model(request, obj)

    @admin.action(description=gettext_lazy("Stop the selected accounts"), permissions=["change"])
    def stop(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        """They sign in no more; their sessions and API tokens open nothing."""
        others = queryset.exclude(pk=actor_of(request).pk)
        found = [user for user in others if _reaches(request, user)]
        question = _("Stop these accounts? Their sessions and API tokens end at once.")
        if page := ask(self, request, found, "stop", question, _ownerless(found)):
            return page
        for user in found:
            suspension.stop_account(user, by=actor_of(request))
        return None

    @admin.action(
        description=gettext_lazy("Let the selected accounts sign in again"), permissions=["change"]
    )
    def start(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """With the API tokens that they had."""
        for user in queryset:
            if _reaches(request, user):
                suspension.start_account(user, by=actor_of(request))


def _reaches(request: HttpRequest, user: User | None) -> bool:
    """Whether somebody of staff may change the account: others of staff are for superusers."""
    actor = actor_of(request)
    is_above = user is not None and (user.is_staff or user.is_superuser) and user != actor
    return actor.is_superuser or not is_above


def _ownerless(users: Iterable[User]) -> list[str]:
    """Tenants that nobody can manage while these accounts are stopped, in words."""
    rows = Membership.objects.unscoped("of people whom staff stop").filter(user__in=list(users))
    told = _("Nobody can manage %(name)s meanwhile: it has no other owner.")
    return [told % {"name": tenant.name} for tenant in people.left_without_owner(rows)]


def _warn(request: HttpRequest, users: list[User]) -> None:
    owned = Membership.objects.unscoped("of people whom staff stop").filter(
        user__in=[user for user in users if not user.is_active], role=Role.OWNER
    )
    for tenant in {row.tenant for row in owned.select_related("tenant")}:
        if not people.live_owners([tenant.pk]).exists():
            told = _("Nobody can manage %(name)s meanwhile: it has no other owner.")
            messages.warning(request, told % {"name": tenant.name})
