"""The shapes of statistics in the API, as the description of it tells them.

A number that nobody measured is null, never 0.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

Shape = serializers.Serializer


def count(told: str = "") -> serializers.IntegerField:
    """A number of things."""
    return serializers.IntegerField(allow_null=True, help_text=told)


def ratio(told: str = "") -> serializers.FloatField:
    """A ratio, a rate or percent."""
    return serializers.FloatField(allow_null=True, help_text=told)


def text(told: str = "", **more: Any) -> serializers.CharField:
    """A text that may be absent."""
    return serializers.CharField(allow_null=True, help_text=told, **more)


# --- What every answer says ---------------------------------------------------------------------


class SiteOfAnswerSerializer(Shape[Any]):
    """The site that the numbers are of."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    time_zone = serializers.CharField()
    currency = serializers.CharField()


class PeriodSerializer(Shape[Any]):
    """The days, both ends inclusive, on the site's clock."""

    name = serializers.CharField()
    first = serializers.DateField()
    last = serializers.DateField()
    days = serializers.IntegerField()
    unfinished = serializers.BooleanField(help_text="Whether a part of it is still to come.")


class CoverageSerializer(Shape[Any]):
    """What the numbers rest on."""

    finished = serializers.BooleanField(help_text="Every day is over and everything is counted.")
    since = serializers.DateField(allow_null=True, help_text="The first known day of the period.")
    gaps = serializers.IntegerField(help_text="How many days after it are not known.")
    sources = serializers.ListField(
        child=serializers.CharField(), help_text="Tools that earlier days were brought from."
    )
    live = serializers.DateField(allow_null=True, help_text="The first day counted here.")


class AnswerSerializer(Shape[Any]):
    """Of what the numbers are, and what they rest on."""

    site = SiteOfAnswerSerializer()
    period = PeriodSerializer()
    coverage = CoverageSerializer()


# --- A small website ----------------------------------------------------------------------------


class WebsiteMetricsSerializer(Shape[Any]):
    """The four numbers of a website."""

    total_visitors = count()
    conversions = count()
    conversion_rate = ratio("Percent of the visitors, with one decimal.")
    avg_session_pages = ratio("Page views of a visit.")


class TrafficSourceSerializer(Shape[Any]):
    """One source of visits."""

    source = serializers.CharField()  # type: ignore[assignment]
    name = serializers.CharField()
    visitors = count()
    sessions = count()
    page_views = count()
    conversions = count()
    share = ratio("Part of all visitors, from 0 to 1.")


class FunnelStepSerializer(Shape[Any]):
    """One step of the funnel of pages."""

    step = serializers.CharField()
    name = serializers.CharField()
    count = count("Views of the step's pages; null where the site names none.")
    rate = ratio("Part of the first step, from 0 to 1.")
    step_rate = ratio("Part of the step before, from 0 to 1.")
    paths = serializers.ListField(child=serializers.CharField())


class ConversionSerializer(Shape[Any]):
    """One conversion."""

    id = serializers.UUIDField()
    session_id = text()
    conversion_type = serializers.CharField()
    source_path = text()
    value = text("A decimal number.")
    currency = text()
    timestamp = serializers.DateTimeField()
    source = text()  # type: ignore[assignment]
    country = text()


class WebsiteSerializer(AnswerSerializer):
    """The numbers of a website."""

    metrics = WebsiteMetricsSerializer()
    traffic_sources = TrafficSourceSerializer(many=True)
    funnel_data = FunnelStepSerializer(many=True)
    recent_conversions = ConversionSerializer(many=True)


class FunnelSerializer(AnswerSerializer):
    """The funnel of pages."""

    homepage_views = count()
    vertical_views = count()
    pricing_views = count()
    demo_views = count()
    conversions = count()
    funnel_data = FunnelStepSerializer(many=True)


# --- Link profiles ------------------------------------------------------------------------------


class ProfileOfAnswerSerializer(Shape[Any]):
    """The profile that the numbers are of."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    title = serializers.CharField()


class ProfileAnswerSerializer(AnswerSerializer):
    """Of which profile, site and days the numbers are."""

    profile = ProfileOfAnswerSerializer()


class BasicMetricsSerializer(Shape[Any]):
    """Clicks, views and CTR."""

    clicks = count()
    views = count("Views of the profile's page.")
    ctr = ratio("Clicks divided by views, in percent.")
    click_rate = ratio("The same from 0 to 1.")
    visitors = count()
    clickers = count("Visitors who clicked.")
    visits = count()


class LinkAnalyticsSerializer(Shape[Any]):
    """One link and what became of it."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    url = serializers.CharField()
    position = serializers.IntegerField()
    is_active = serializers.BooleanField()
    deleted = serializers.BooleanField()
    clicks = count()
    clickers = count()
    ctr = ratio("Clicks divided by all views of the profile, in percent.")
    click_rate = ratio("The same from 0 to 1.")
    share = ratio("Part of all clicks, from 0 to 1.")


class ProfileValueSerializer(Shape[Any]):
    """One source, device or country."""

    value = serializers.CharField(allow_blank=True)
    name = serializers.CharField()
    views = count()
    visitors = count()
    clicks = count()
    ctr = ratio("Percent.")
    share = ratio("Part of all views, from 0 to 1.")


class ProfileDaySerializer(BasicMetricsSerializer):
    """One day."""

    date = serializers.DateField()
    finished = serializers.BooleanField()


class ProfileAnalyticsSerializer(ProfileAnswerSerializer):
    """Everything about a profile."""

    metrics = BasicMetricsSerializer()
    links = LinkAnalyticsSerializer(many=True)
    traffic_sources = ProfileValueSerializer(many=True)
    devices = ProfileValueSerializer(many=True)
    countries = ProfileValueSerializer(many=True)
    daily = ProfileDaySerializer(many=True)


class PlatformSerializer(Shape[Any]):
    """One platform's part of a profile's views."""

    platform = serializers.CharField()
    views = count()
    visitors = count()
    clicks = count()
    share = ratio("Part of all views, from 0 to 1.")


class TrafficAnalyticsSerializer(ProfileAnswerSerializer):
    """Where a profile's views came from."""

    metrics = BasicMetricsSerializer()
    platforms = PlatformSerializer(many=True)
    sources = ProfileValueSerializer(many=True)


class SlotSerializer(Shape[Any]):
    """The sums of an hour of the day, or of a weekday."""

    days = serializers.IntegerField(help_text="On how many days it was measured.")
    views = count()
    clicks = count()
    visitors = count()
    ctr = ratio("Percent.")
    views_per_day = ratio()
    clicks_per_day = ratio()


class HourSlotSerializer(SlotSerializer):
    """An hour of the day on the site's clock."""

    hour = serializers.IntegerField()


class WeekdaySlotSerializer(SlotSerializer):
    """A weekday; 0 is Monday."""

    weekday = serializers.IntegerField()
    name = serializers.CharField()


class ProfileWeekSerializer(BasicMetricsSerializer):
    """A calendar week, cut at the period's ends."""

    week = serializers.CharField(help_text="Such as 2026-W47.")
    first = serializers.DateField()
    last = serializers.DateField()


class SampleSerializer(Shape[Any]):
    """How much the best hour and day rest on."""

    views = count()
    clicks = count()
    small = serializers.BooleanField()
    note = text()


class TimeAnalyticsSerializer(ProfileAnswerSerializer):
    """When people come to a profile."""

    by_hour = HourSlotSerializer(many=True)
    by_weekday = WeekdaySlotSerializer(many=True)
    by_day = ProfileDaySerializer(many=True)
    by_week = ProfileWeekSerializer(many=True)
    best_hour = HourSlotSerializer(allow_null=True)
    best_day = WeekdaySlotSerializer(allow_null=True)
    sample = SampleSerializer()


class TopLinkSerializer(Shape[Any]):
    """The link with the most clicks."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    url = serializers.CharField()
    clicks = count()
    share = ratio("Part of all clicks, from 0 to 1.")


class QuickStatsSerializer(ProfileAnswerSerializer, BasicMetricsSerializer):
    """A profile at a glance."""

    today = BasicMetricsSerializer()
    top_link = TopLinkSerializer(allow_null=True)


class ComparedSerializer(Shape[Any]):
    """The numbers of one of two periods."""

    period = PeriodSerializer()
    metrics = BasicMetricsSerializer()


class ChangeSerializer(Shape[Any]):
    """How much more or less it is."""

    absolute = ratio()
    percent = ratio("Null where it began at 0.")


class ProfileComparisonSerializer(ProfileAnswerSerializer):
    """The period beside the one before it."""

    current = ComparedSerializer()
    previous = ComparedSerializer()
    changes = serializers.DictField(child=ChangeSerializer(allow_null=True))
