"""Shapes of API tokens."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.api_tokens import tokens
from accounts.models import ApiToken, Site
from accounts.permissions import member_or_403, scope_of
from accounts.roles import TokenScope

MOST_ID = 2**31 - 1


class SitesField(serializers.ListField):
    """Sites by their ids; one that the asking member does not see does not exist."""

    child = serializers.IntegerField(min_value=1)

    def to_internal_value(self, data: Any) -> list[int]:
        wanted = set(super().to_internal_value(data))
        if not wanted:
            told = _("Name at least one site, or null for all that you see.")
            raise serializers.ValidationError(told, code="empty")
        scope = scope_of(self.context["request"])
        wanted_here = [pk for pk in wanted if pk <= MOST_ID]
        seen = Site.objects.visible_to(scope).filter(pk__in=wanted_here)
        found = set(seen.values_list("pk", flat=True))
        if missing := sorted(wanted - found):
            told = _("There is no site %(site)s.") % {"site": missing[0]}
            raise serializers.ValidationError(told, code="does_not_exist")
        return sorted(found)


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """A token without its text, which nobody can read again."""

    scopes = serializers.ListField(
        child=serializers.ChoiceField(TokenScope.choices), allow_empty=False, max_length=10
    )
    sites = SitesField(
        source="site_ids",
        required=False,
        allow_null=True,
        help_text="Ids of sites; null: all that the maker sees.",
    )
    user = serializers.IntegerField(source="member.user_id", read_only=True)
    state = serializers.SerializerMethodField()

    class Meta:
        model = ApiToken
        fields = (
            "id",
            "name",
            "prefix",
            "scopes",
            "sites",
            "user",
            "state",
            "created_at",
            "expires_at",
            "revoked_at",
            "last_used_at",
        )
        read_only_fields = ("prefix", "created_at", "revoked_at", "last_used_at")

    def get_state(self, token: ApiToken) -> str:
        """`live`, `expired`, `revoked` or `stopped`."""
        return tokens.state_of(token, timezone.now())

    def validate_scopes(self, scopes: list[str]) -> list[str]:
        allowed = tokens.scopes_for(member_or_403(self.context["request"]))
        if refused := [scope for scope in scopes if scope not in allowed]:
            raise serializers.ValidationError(
                _("Your role gives no token “%(scope)s”.") % {"scope": refused[0]},
                code="scope_not_yours",
            )
        return list(dict.fromkeys(scopes))

    def validate_expires_at(self, at: Any) -> Any:
        if at is not None and at <= timezone.now():
            raise serializers.ValidationError(_("This moment is over."), code="in_the_past")
        return at


class MadeTokenSerializer(TokenSerializer):
    """A token that was just made, with its text."""

    token = serializers.CharField(read_only=True, help_text="Shown only this once.")

    class Meta(TokenSerializer.Meta):
        fields = ("token", *TokenSerializer.Meta.fields)  # type: ignore[assignment]
