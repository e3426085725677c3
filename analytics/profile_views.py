"""Link profiles' statistics over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import scope_of
from accounts.roles import Role
from analytics import profile_stats, profile_times, queries
from analytics.profile_stats import Subject
from analytics.questions import Question, period_asked
from analytics.serializers import (
    ProfileAnalyticsSerializer,
    ProfileComparisonSerializer,
    QuickStatsSerializer,
    TimeAnalyticsSerializer,
    TrafficAnalyticsSerializer,
)
from analytics.website_views import period_parameters
from tracking.models import LinkProfile


def subject_of(request: Request, profile_id: int) -> Subject:
    """The profile that the path names, and the days that the address asks for.

    The days before are read as well, for what compares with them. Raises `Http404`.
    """
    scope = scope_of(request)
    profiles = LinkProfile.objects.visible_to(scope).select_related("site")
    profile = get_object_or_404(profiles, pk=profile_id)
    period = period_asked(request, profile.site)
    first = min(period.first, period.previous().first)
    known = queries.days(scope, profile.site, first, period.today)
    return Subject(profile, Question(scope, profile.site, period), known)


class ProfileStatistics(APIView):
    """A question about a profile; each subclass names its answer."""

    read_role = Role.VIEWER
    api_family = "profiles"
    answer: ClassVar[Any]  # a function from the subject to what is told

    def get(self, request: Request, profile_id: int) -> Response:
        return Response(type(self).answer(subject_of(request, profile_id)))


def described(summary: str, shape: Any) -> Callable[[Any], Any]:
    """The description of a profile's view."""
    return extend_schema(
        summary=summary, parameters=period_parameters(30), responses=shape, methods=["get"]
    )


@described("Everything about a profile", ProfileAnalyticsSerializer)
class ProfileView(ProfileStatistics):
    """Totals, links, sources, devices, countries and days of a profile."""

    answer = staticmethod(profile_stats.profile)


@described("Where a profile's views came from", TrafficAnalyticsSerializer)
class TrafficView(ProfileStatistics):
    """Instagram, TikTok, Twitter, direct and others, each with its share of the views."""

    answer = staticmethod(profile_stats.traffic)


@described("When people come to a profile", TimeAnalyticsSerializer)
class TimeView(ProfileStatistics):
    """By hour, weekday, day and week on the site's clock."""

    answer = staticmethod(profile_times.times)


@described("A profile at a glance", QuickStatsSerializer)
class QuickStatsView(ProfileStatistics):
    """Clicks, views and CTR of the period and of today, and the top link."""

    answer = staticmethod(profile_stats.quick_stats)


@described("A profile beside itself before", ProfileComparisonSerializer)
class CompareView(ProfileStatistics):
    """The finished days of the period, as many before them, and the changes."""

    answer = staticmethod(profile_stats.compare)
