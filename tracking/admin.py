"""What arrived, and the pages of links, for the installation's staff."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin import ReadOnlyAdmin, TenantAdmin
from accounts.models import Tenant, User
from tracking import bio, profiles, rejects
from tracking.models import Agent, Link, LinkProfile, Outcome, Rejected
from tracking.targets import valid_link_url

TIMES = ("created_at", "updated_at")


@admin.register(Outcome)
class OutcomeAdmin(ReadOnlyAdmin):
    list_display = ("hour", "site", "reason", "n")
    list_filter = ("reason",)
    list_select_related = ("site",)
    ordering = ("-hour", "site", "reason")


@admin.register(Agent)
class AgentAdmin(ReadOnlyAdmin):
    list_display = ("text", "browser", "os", "device", "bot", "created_at")
    list_filter = ("bot", "device")
    search_fields = ("text",)


@admin.register(Rejected)
class RejectedAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "site", "reason", "page", "size", "replayed_at", "outcome")
    list_filter = ("reason", "outcome", "hour")
    search_fields = ("page", "sample", "site__name", "site__key")
    list_select_related = ("site",)
    ordering = ("-received_at",)
    actions = ("send_again",)

    @admin.action(description=gettext_lazy("Send the selected events again"), permissions=["act"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Try the selected samples once more."""
        ends = rejects.replay(queryset.select_related("site"))
        told = ", ".join(f"{end}: {n}" for end, n in sorted(ends.items()))
        messages.info(request, _("Sent again. %(ends)s") % {"ends": told})


@admin.register(LinkProfile)
class LinkProfileAdmin(TenantAdmin):
    """A profile is made in the product, together with its site, and goes with it."""

    list_display = ("username", "title", "tenant_of", "theme", "is_published", "created_at")
    list_filter = ("is_published", "theme")
    search_fields = ("username", "title", "site__name", "site__key", "site__tenant__name")
    list_select_related = ("site__tenant",)
    fields = ("site", "username", "title", "bio", "picture", "theme", "is_published", *TIMES)
    readonly_fields = ("site", "picture", *TIMES)
    actions = ("remove_pictures",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("avatar")

    @admin.display(description=gettext_lazy("tenant"), ordering="site__tenant__name")
    def tenant_of(self, row: Any) -> Tenant | None:
        return row.site.tenant

    @admin.display(description=gettext_lazy("picture"))
    def picture(self, row: LinkProfile) -> str:
        """The picture as visitors see it."""
        if not row.avatar_digest:
            return "–"
        path = bio.avatar_path(row.username, row.avatar_digest)
        return format_html('<img src="{}" width="64" height="64" alt="">', path)

    @admin.action(
        description=gettext_lazy("Remove the pictures of the selected profiles"),
        permissions=["change"],
    )
    def remove_pictures(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """For pictures that nobody should see."""
        for profile in queryset:
            profiles.set_picture(profile, cast(User, request.user), None)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LinkAdminForm(forms.ModelForm):
    """A link by the rules of the product."""

    class Meta:
        model = Link
        fields = ("title", "url", "slug", "is_active")

    def clean_url(self) -> str:
        return valid_link_url(self.cleaned_data["url"])


@admin.register(Link)
class LinkAdmin(TenantAdmin):
    """Links are added and moved in the product, which keeps their order."""

    form = LinkAdminForm
    list_display = ("title", "url", "slug", "profile", "position", "is_active", "deleted_at")
    list_filter = ("is_active", ("deleted_at", admin.EmptyFieldListFilter))
    search_fields = ("title", "url", "slug", "profile__username")
    list_select_related = ("profile__site__tenant",)
    fields = ("profile", "title", "url", "slug", "is_active", "position", "deleted_at", *TIMES)
    readonly_fields = ("profile", "position", "deleted_at", *TIMES)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("profile__avatar")

    def tenant_of(self, row: Any) -> Tenant | None:
        return row.profile.site.tenant

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
