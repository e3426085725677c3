"""API tokens."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models, transaction
from django.db.models import QuerySet
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.base import TenantAdmin
from accounts.models import (
    ApiToken,
    Tenant,
)
from accounts.roles import TokenScope


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
