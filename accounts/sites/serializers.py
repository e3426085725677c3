"""Shapes of accounts' rows in the API."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.api import OwnTenantField
from accounts.domains import InvalidDomain, host_name
from accounts.models import FUNNEL_STEPS, Site, Team
from accounts.models.sites import funnel_pages
from accounts.sites.funnels import InvalidRules, checked_pages


class DomainField(serializers.CharField):
    """A host name; pasted addresses are reduced to it."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return host_name(super().to_internal_value(data))
        except InvalidDomain as error:
            raise serializers.ValidationError(str(error), code="invalid_domain") from error


class FunnelPagesField(serializers.DictField):
    """The paths of each step of the funnel; a step that is left out keeps its paths."""

    child = serializers.ListField(child=serializers.CharField(max_length=512), max_length=100)

    def to_internal_value(self, data: Any) -> dict[str, list[str]]:
        given = super().to_internal_value(data)
        if unknown := sorted(set(given) - set(FUNNEL_STEPS)):
            told = _("“%(step)s” is no step. The steps are %(steps)s.")
            names = {"step": unknown[0][:80], "steps": ", ".join(FUNNEL_STEPS)}
            raise serializers.ValidationError(told % names, code="unknown_step")
        try:
            return checked_pages(given)
        except InvalidRules as error:
            raise serializers.ValidationError(str(error), code="invalid_path") from error


class SiteSerializer(serializers.ModelSerializer[Site]):
    """A site of the asking tenant."""

    domains = serializers.ListField(child=DomainField(), max_length=100, required=False)
    team = OwnTenantField(Team, required=False, allow_null=True)
    funnel_pages = FunnelPagesField(required=False)

    class Meta:
        model = Site
        fields = (
            "id",
            "key",
            "kind",
            "name",
            "domains",
            "time_zone",
            "currency",
            "addresses",
            "address_days",
            "excluded_networks",
            "excluded_paths",
            "own_hosts_only",
            "funnel_pages",
            "script_name",
            "delete_at",
            "team",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("key", "kind", "delete_at", "created_at", "updated_at")

    def validate_script_name(self, name: str | None) -> str | None:
        return name or None  # an empty one would be somebody's

    def validate_funnel_pages(self, pages: dict[str, list[str]]) -> dict[str, list[str]]:
        known = self.instance.funnel_pages if isinstance(self.instance, Site) else funnel_pages()
        return {**known, **pages}

    def update(self, instance: Site, validated_data: dict[str, Any]) -> Site:
        before = Site(time_zone=instance.time_zone, earlier_zones=instance.earlier_zones)
        instance.time_zone = validated_data.get("time_zone", instance.time_zone)
        instance.keep_days_of(before, timezone.now())
        return super().update(instance, validated_data)
