"""Members of tenants, and who is invited."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.base import TenantAdmin
from accounts.admin.confirm import ask
from accounts.members import invitations, people
from accounts.members.people import Rights
from accounts.models import Invitation, Membership, User
from accounts.roles import Role

WITHOUT_OWNER = gettext_lazy(
    "%(name)s would be without an owner: make somebody else an owner first."
)


def actor_of(request: HttpRequest) -> User:
    """The person of staff who acts; nobody else gets into the admin."""
    return cast(User, request.user)


class MembershipForm(forms.ModelForm):
    """Rights of a member, which leave the tenant an owner."""

    class Meta:
        model = Membership
        fields = ("user", "tenant", "role", "level", "team")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk and cleaned.get("role") != Role.OWNER:
            people.lock([self.instance.tenant_id])
            try:
                people.keep_an_owner([self.instance])
            except people.Refused as problem:
                self.add_error("role", str(problem))
        return cleaned


@admin.register(Membership)
class MembershipAdmin(TenantAdmin):
    form = MembershipForm
    list_display = ("user", "tenant", "role", "level", "team", "suspended_at")
    list_filter = ("role", "level", ("suspended_at", admin.EmptyFieldListFilter), "tenant")
    search_fields = ("user__email", "tenant__name")
    autocomplete_fields = ("user", "tenant", "team")
    list_select_related = ("user", "tenant", "team")
    actions = ("suspend", "resume")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("user", "tenant", "suspended_at") if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and form.changed_data:
            people.settle(obj, actor_of(request))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        rows, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return rows, counts, lacking, [*protected, *_ownerless(objs)]

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        try:
            people.remove(obj, by=actor_of(request), as_staff=True)
        except people.Refused as problem:  # another owner went a moment ago
            messages.error(request, str(problem))

    @admin.action(description=gettext_lazy("Suspend the selected members"), permissions=["change"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[Membership]) -> HttpResponse | None:
        """They come in no more, nor do their API tokens."""
        question = _("Suspend these members? They and their API tokens are out at once.")
        if page := ask(self, request, queryset, "suspend", question):
            return page
        for member in queryset:
            try:
                people.suspend(member, timezone.now(), by=actor_of(request), as_staff=True)
            except people.Refused as problem:
                messages.error(request, f"{member}: {problem}")
        return None

    @admin.action(
        description=gettext_lazy("Let the selected members in again"), permissions=["change"]
    )
    def resume(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        """With the rights and the API tokens that they had."""
        for member in queryset:
            people.resume(member, by=actor_of(request), as_staff=True)


def _ownerless(going: Any) -> list[str]:
    """What keeps some memberships from being deleted, in words."""
    alone = people.left_without_owner(going)
    return [str(WITHOUT_OWNER) % {"name": tenant.name} for tenant in alone]


class InvitationForm(forms.ModelForm):
    """Somebody to invite."""

    class Meta:
        model = Invitation
        fields = ("tenant", "email", "role", "level", "team")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            address, now = invitations.address_of(cleaned["email"]), timezone.now()
            problem = invitations.problem_with(cleaned["tenant"], address, now)
            if problem := problem or invitations.too_many(cleaned["tenant"], 1, now):
                self.add_error("email", str(problem))
        return cleaned


@admin.register(Invitation)
class InvitationAdmin(TenantAdmin):
    """Invitations: staff send and revoke them; the link in the mail is shown nowhere."""

    form = InvitationForm
    list_display = ("email", "tenant", "role", "state", "sent_at", "expires_at")
    list_filter = ("role", "tenant")
    search_fields = ("email", "tenant__name")
    autocomplete_fields = ("tenant", "team")
    list_select_related = ("tenant",)
    actions = ("revoke",)

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: Invitation) -> str:
        """What has become of it."""
        return row.state(timezone.now())

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        rights = Rights(obj.role, obj.level, obj.team)
        (made,) = invitations.invite(
            obj.tenant, [obj.email], rights, timezone.now(), by=actor_of(request), as_staff=True
        )
        obj.pk = made.pk

    @admin.action(description=gettext_lazy("Revoke the selected invitations"), permissions=["add"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> HttpResponse | None:
        """Their links open nothing from now on."""
        question = _("Revoke these invitations? Their links open nothing from then on.")
        if page := ask(self, request, queryset, "revoke", question):
            return page
        for row in queryset:
            invitations.revoke(row, timezone.now(), by=actor_of(request))
        return None
