"""Shapes of link profiles and links in the API; the rules are those of their use cases."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api import OwnTenantField
from tracking import bio, codes
from tracking.models import Link, LinkProfile


class LinkProfileSerializer(serializers.Serializer[LinkProfile]):
    """A link-in-bio page. It is counted by a site of its own, which is made with it."""

    id = serializers.IntegerField(read_only=True)
    site = serializers.CharField(
        source="site.key", read_only=True, help_text="The key of the site that counts the page."
    )
    username = serializers.CharField(
        max_length=60, help_text="The end of its address: a-z, 0-9, dots, - and _."
    )
    title = serializers.CharField(max_length=80)
    bio = serializers.CharField(max_length=300, required=False, allow_blank=True)
    theme = serializers.ChoiceField(choices=LinkProfile.Theme.choices, required=False)
    is_published = serializers.BooleanField(
        required=False, help_text="Whether everybody can see the page; true without."
    )
    time_zone = serializers.CharField(
        source="site.time_zone",
        max_length=64,
        required=False,
        help_text="By which its days begin and end; the tenant's without. Change it on the site.",
    )
    public_url = serializers.SerializerMethodField(help_text="Where everybody finds the page.")
    avatar_url = serializers.SerializerMethodField(help_text="Its picture, a square WebP.")
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def get_public_url(self, profile: LinkProfile) -> str:
        return codes.address(profile)

    def get_avatar_url(self, profile: LinkProfile) -> str | None:
        if not profile.avatar_digest:
            return None
        return settings.BASE_URL + bio.avatar_path(profile.username, profile.avatar_digest)

    def validate_time_zone(self, zone: str) -> str:
        if self.instance is not None and zone != self.instance.site.time_zone:
            raise serializers.ValidationError(_("Change the time zone on the site."), "read_only")
        return zone

    def values(self) -> dict[str, Any]:
        """What the use cases take."""
        given = dict(self.validated_data)
        site = given.pop("site", {})
        return given if self.instance is not None else given | site


@extend_schema_field({"type": "string", "format": "binary"})
class PictureField(serializers.FileField):
    """An uploaded picture; it is read by `tracking.avatars` only."""


class PictureSerializer(serializers.Serializer[Any]):
    """A picture to put up, as `multipart/form-data`: JPEG, PNG, WebP or GIF, at most 5 MB."""

    picture = PictureField()


class LinkSerializer(serializers.Serializer[Link]):
    """A link of a profile."""

    id = serializers.IntegerField(read_only=True)
    profile = OwnTenantField(LinkProfile, help_text="The id of its profile; it stays there.")
    site = serializers.CharField(
        source="profile.site.key", read_only=True, help_text="The key of the profile's site."
    )
    title = serializers.CharField(max_length=100)
    url = serializers.CharField(
        max_length=4_000,
        help_text="http(s) with a host, mailto: or tel:; a bare domain gets https://.",
    )
    slug = serializers.CharField(
        max_length=40,
        required=False,
        allow_blank=True,
        help_text="The link is also at /l/ and this short name; empty: one is made.",
    )
    position = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=2_147_483_647,
        help_text="0 is first; past the end means last, where a new link stands without.",
    )
    is_active = serializers.BooleanField(required=False, help_text="Whether the page shows it.")
    click_url = serializers.SerializerMethodField(
        help_text="The short address that counts a click and leads on."
    )
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def get_click_url(self, link: Link) -> str:
        return codes.address(link)

    def validate_profile(self, profile: LinkProfile) -> LinkProfile:
        if self.instance is not None and profile.pk != self.instance.profile_id:
            raise serializers.ValidationError(
                _("A link stays with its profile. Make a new one there."), "read_only"
            )
        return profile


class MoveSerializer(serializers.Serializer[Any]):
    """Where a link is to stand."""

    position = serializers.IntegerField(
        min_value=0, max_value=2_147_483_647, help_text="0 is first; past the end means last."
    )
