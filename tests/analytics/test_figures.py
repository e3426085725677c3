"""Numbers as people read them: rounded, grouped, with their unit."""

import pytest

from analytics.figures import change_text, direction, figure
from analytics.metrics import Unit


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, Unit.COUNT, None),
        (0, Unit.COUNT, "0"),
        (12847, Unit.COUNT, "12,847"),
        (2 / 3, Unit.RATE, "66.7\u202f%"),
        (42 / 1247, Unit.RATE, "3.4\u202f%"),
        (0.0, Unit.RATE, "0.0\u202f%"),
        (2.666, Unit.PER, "2.7"),
        (7909.0, Unit.PER, "7,909.0"),
        (48.4, Unit.SECONDS, "48s"),
        (125, Unit.SECONDS, "2m 05s"),
        (3725, Unit.SECONDS, "1h 02m"),
        (59.7, Unit.SECONDS, "1m 00s"),
    ],
)
def test_a_figure_is_rounded_and_has_its_unit(value, unit, text):
    assert figure(value, unit) == text


@pytest.mark.parametrize(
    ("key", "now", "before", "text"),
    [
        ("visitors", 112, 100, "+12\u202f%"),
        ("visitors", 97, 100, "−3\u202f%"),
        ("visitors", 100, 100, "0\u202f%"),
        ("visitors", 5000, 1, "+499,900\u202f%"),
        ("visitors", 5, 0, "new"),
        ("visitors", 0, 0, None),
        ("visitors", None, 5, None),
        ("visitors", 5, None, None),
        ("bounce_rate", 0.41, 0.431, "−2.1 points"),
        ("bounce_rate", 0.42, 0.41, "+1.0 point"),
        ("bounce_rate", 0.4, 0.4, "0.0 points"),
    ],
)
def test_a_change_is_told_in_percent_or_points(key, now, before, text):
    assert change_text(key, now, before) == text


@pytest.mark.parametrize(
    ("now", "before", "way"), [(2, 1, "up"), (1, 2, "down"), (1, 1, "flat"), (None, 1, None)]
)
def test_a_direction_is_told_where_both_are_known(now, before, way):
    assert direction(now, before) == way
