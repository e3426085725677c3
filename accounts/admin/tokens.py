"""API tokens."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db import models, transaction
from django.db.models import QuerySet
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.base import TenantAdmin
from accounts.api_tokens import tokens
from accounts.models import ApiToken, Tenant, User
from accounts.roles import TokenScope


class ApiTokenForm(forms.ModelForm):
    """A token's scopes as boxes to tick."""

    scopes = forms.MultipleChoiceField(choices=TokenScope, widget=CheckboxSelectMultiple)

    class Meta:
        model = ApiToken
        fields = ("member", "name", "scopes", "expires_at")

    def clean(self) -> dict[str, Any]:
        """Nobody is given a scope that their role does not carry."""
        cleaned = super().clean() or {}
        member = cleaned.get("member") or getattr(self.instance, "member", None)
        if member is not None:
            allowed = tokens.scopes_for(member)
            if [scope for scope in cleaned.get("scopes", ()) if scope not in allowed]:
                self.add_error("scopes", _("The member's role does not carry these."))
        return cleaned


@admin.register(ApiToken)
class ApiTokenAdmin(TenantAdmin):
    form = ApiTokenForm
    list_display = ("name", "prefix", "member", "expires_at", "revoked_at", "last_used_at")
    search_fields = ("name", "prefix", "member__user__email")
    autocomplete_fields = ("member",)
    readonly_fields = ("prefix", "created_at", "revoked_at", "last_used_at")
    list_select_related = ("member__user", "member__tenant")
    actions = ("revoke",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A token stays its maker's."""
        return (*self.readonly_fields, "member") if obj else self.readonly_fields

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

    @admin.action(description=gettext_lazy("Revoke the selected tokens"), permissions=["change"])
    @transaction.atomic
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """They open nothing from now on."""
        for token in queryset.filter(revoked_at=None).select_related("member__tenant"):
            tokens.revoke(token, cast(User, request.user))
