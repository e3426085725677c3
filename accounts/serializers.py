"""Shapes of accounts' rows in the API."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from accounts.api import OwnTenantField
from accounts.domains import InvalidDomain, host_name
from accounts.models import Site, Team


class DomainField(serializers.CharField):
    """A host name; pasted addresses are reduced to it."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return host_name(super().to_internal_value(data))
        except InvalidDomain as error:
            raise serializers.ValidationError(str(error), code="invalid_domain") from error


class SiteSerializer(serializers.ModelSerializer[Site]):
    """A site of the asking tenant."""

    domains = serializers.ListField(child=DomainField(), max_length=100, required=False)
    team = OwnTenantField(Team, required=False, allow_null=True)

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
            "team",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("key", "kind", "created_at", "updated_at")

    def update(self, instance: Site, validated_data: dict[str, Any]) -> Site:
        before = Site(time_zone=instance.time_zone, earlier_zones=instance.earlier_zones)
        instance.time_zone = validated_data.get("time_zone", instance.time_zone)
        instance.keep_days_of(before, timezone.now())
        return super().update(instance, validated_data)
