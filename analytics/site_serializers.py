"""The shapes of a site's statistics in the API, as the description of it tells them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from analytics.metrics import METRICS, Unit
from analytics.serializers import (
    AnswerSerializer,
    ChangeSerializer,
    PeriodSerializer,
    Shape,
    SiteOfAnswerSerializer,
    count,
    ratio,
    text,
)


def _field(unit: Unit, told: str) -> serializers.Field[Any, Any, Any, Any]:
    if unit is Unit.MONEY:
        return text(f"{told} A decimal number.", required=False)
    made = count(told) if unit is Unit.COUNT else ratio(told)
    made.required = False
    return made


class MetricsSerializer(Shape[Any]):
    """Metrics by their keys, those that were asked for; null where nobody measured it."""

    def get_fields(self) -> dict[str, Any]:
        """The catalogue's metrics."""
        return {key: _field(metric.unit, str(metric.help)) for key, metric in METRICS.items()}


class ComparedMetricsSerializer(Shape[Any]):
    """One of two periods."""

    period = PeriodSerializer()
    metrics = MetricsSerializer()


class ComparisonSerializer(Shape[Any]):
    """Finished days beside as many others."""

    current = ComparedMetricsSerializer()
    previous = ComparedMetricsSerializer()
    changes = serializers.DictField(child=ChangeSerializer(allow_null=True))


class TotalsSerializer(AnswerSerializer):
    """The metrics of a period."""

    metrics = MetricsSerializer()
    comparison = ComparisonSerializer(
        required=False, allow_null=True, help_text="Null while no day is finished."
    )


class PointSerializer(Shape[Any]):
    """One step of a series: an hour (with its offset), or the first day of a longer one."""

    at = serializers.CharField()
    finished = serializers.BooleanField()
    metrics = MetricsSerializer()


class OtherPointsSerializer(Shape[Any]):
    """The steps of the period compared with."""

    period = PeriodSerializer()
    points = PointSerializer(many=True)


class SeriesSerializer(AnswerSerializer):
    """Metrics step by step."""

    interval = serializers.CharField()
    points = PointSerializer(many=True)
    previous = OtherPointsSerializer(required=False)


class ValueSerializer(MetricsSerializer):
    """One value of a dimension with its metrics."""

    def get_fields(self) -> dict[str, Any]:
        """The value, what people call it, and its metrics."""
        value = serializers.CharField(allow_blank=True, help_text="Empty for what has none.")
        return {"value": value, "name": serializers.CharField(), **super().get_fields()}


class BreakdownSerializer(AnswerSerializer):
    """A page of a dimension's values."""

    dimension = serializers.CharField()
    order = serializers.CharField()
    count = count("How many values there are.")
    page = serializers.IntegerField()
    page_size = serializers.IntegerField()
    more = serializers.BooleanField()
    results = ValueSerializer(many=True)


class HourOfWeekSerializer(Shape[Any]):
    """An hour of the week on the site's clock; weekday 0 is Monday."""

    weekday = serializers.IntegerField()
    hour = serializers.IntegerField()
    average = ratio()


class HeatMapSerializer(AnswerSerializer):
    """The hours of the week."""

    metric = serializers.CharField()
    hours = HourOfWeekSerializer(many=True)


class ValueNowSerializer(Shape[Any]):
    """A page or source and who is there."""

    value = serializers.CharField(allow_blank=True)
    visitors = serializers.IntegerField()


class NowSerializer(Shape[Any]):
    """Who is on the site."""

    site = SiteOfAnswerSerializer()
    at = serializers.DateTimeField()
    visitors = serializers.IntegerField(help_text="Of the last five minutes.")
    visitors_by_minute = serializers.ListField(
        child=serializers.IntegerField(), help_text="Of the last 30 minutes, the oldest first."
    )
    pages = ValueNowSerializer(many=True)
    sources = ValueNowSerializer(many=True)


class VisitSerializer(Shape[Any]):
    """One visit."""

    session_id = serializers.CharField()
    visitor_id = serializers.CharField(help_text="A pseudonym of the day.")
    date = serializers.DateField()
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    duration_seconds = serializers.IntegerField()
    page_count = serializers.IntegerField()
    event_count = serializers.IntegerField()
    click_count = serializers.IntegerField()
    conversion_count = serializers.IntegerField()
    bounced = serializers.BooleanField()
    entry_page = text()
    exit_page = text()
    source = text()  # type: ignore[assignment]
    medium = text()
    campaign = text()
    channel = text()
    country = text()
    device = text()
    browser = text()
    os = text()


class VisitPageSerializer(AnswerSerializer):
    """A page of visits, newest first; `next` is the address of the following one."""

    next = text()
    results = VisitSerializer(many=True)


class OutcomeSerializer(Shape[Any]):
    """One way in which events ended."""

    reason = serializers.CharField()
    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    means = serializers.CharField()
    events = serializers.IntegerField()


class OutcomesSerializer(Shape[Any]):
    """What became of the events that arrived."""

    site = SiteOfAnswerSerializer()
    period = PeriodSerializer()
    received = serializers.IntegerField()
    outcomes = OutcomeSerializer(many=True)


class MetricOfCatalogueSerializer(Shape[Any]):
    """A metric: what it is called, what it counts, what it means."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.ChoiceField(list(Unit))
    help = serializers.CharField()
    good_when_up = serializers.BooleanField(allow_null=True)
    orders = serializers.BooleanField(help_text="Whether values can be ordered by it.")


class NamedSerializer(Shape[Any]):
    """A key and what people call it."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class CatalogueSerializer(Shape[Any]):
    """What can be asked."""

    metrics = MetricOfCatalogueSerializer(many=True)
    dimensions = NamedSerializer(many=True)
    periods = NamedSerializer(many=True)
    intervals = serializers.ListField(child=serializers.CharField())
    operators = serializers.ListField(child=serializers.CharField())
