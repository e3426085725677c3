"""What lists of link profiles and links can be narrowed to."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import rest_framework as filters  # type: ignore[import-untyped]

from tracking.models import Link, LinkProfile
from tracking.profiles import tidy_username


class LinkProfileFilter(filters.FilterSet):
    """`?site=` (a key), `?username=`, `?is_published=`."""

    site = filters.CharFilter(field_name="site__key", help_text="The key of its site.")
    username = filters.CharFilter(method="named", help_text="With or without @.")
    is_published = filters.BooleanFilter()

    class Meta:
        model = LinkProfile
        fields = ("site", "username", "is_published")

    def named(self, rows: QuerySet[LinkProfile], _name: str, text: str) -> QuerySet[LinkProfile]:
        return rows.filter(username=tidy_username(text))


class LinkFilter(filters.FilterSet):
    """`?site=` (a key), `?profile=` (an id), `?username=`, `?is_active=`."""

    site = filters.CharFilter(
        field_name="profile__site__key", help_text="The key of its profile's site."
    )
    profile = filters.NumberFilter(field_name="profile_id", help_text="The id of its profile.")
    username = filters.CharFilter(method="named", help_text="That of its profile.")
    is_active = filters.BooleanFilter()

    class Meta:
        model = Link
        fields = ("site", "profile", "username", "is_active")

    def named(self, rows: QuerySet[Link], _name: str, text: str) -> QuerySet[Link]:
        return rows.filter(profile__username=tidy_username(text))
