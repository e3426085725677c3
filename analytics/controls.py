"""What stands above every report: its days, what they are compared with, and its filters."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import queries
from analytics.asked import COMPARE_KEYS, COMPARISONS, CUSTOM, PERIOD_KEYS, Asked
from analytics.dimensions import BY_KEY, GROUPS, labels
from analytics.period import PRESETS, Period
from analytics.segments import Filter, InvalidFilter, Operator

SHOWN_PRESETS = ("today", "yesterday", "7d", "30d", "month", "12mo")
# The keys of the keyboard that choose a period.
KEYS = {"today": "d", "7d": "w", "30d": "m", "12mo": "y"}
OPERATORS = {
    Operator.IS: gettext_lazy("is"),
    Operator.IS_NOT: gettext_lazy("is not"),
    Operator.CONTAINS: gettext_lazy("contains"),
    Operator.ONE_OF: gettext_lazy("is one of"),
}
FORM_KEYS = ("filter_by", "filter_how", "filter_value")
SUGGESTIONS = 20
# What has a code for a value is found by its name; there are never more values than these.
MOST_CODED = 2_000


def controls(scope: Scope, site: Site, ask: Asked, *, compares: bool = True) -> dict[str, Any]:
    """What `templates/analytics/_controls.html` draws; `compares` where the page can."""
    period = ask.period
    named = [*SHOWN_PRESETS]
    if period.slug in PRESETS and period.slug not in named:
        named.insert(-1, period.slug)
    return {
        "period": dates(ask),
        "periods": [
            {
                "slug": slug,
                "label": str(PRESETS[slug]),
                "url": ask.url({"period": slug}),
                "current": slug == period.slug,
                "key": KEYS.get(slug, ""),
            }
            for slug in named
        ],
        "period_form": {
            "first": period.first,
            "last": period.last,
            "error": ask.error,
            "hidden": ask.pairs(without=PERIOD_KEYS),
        },
        "comparing": _comparing(ask) if compares else None,
        "chips": _chips(scope, site, ask),
        "clear_url": ask.url(filters=()),
        "problems": ask.problems,
        "filter_form": _filter_form(site, ask),
    }


def dates(ask: Asked) -> dict[str, Any]:
    """The days of a page, as templates name them."""
    period = ask.period
    return {
        "slug": period.slug,
        "label": str(PRESETS.get(period.slug, period.label)),
        "first": period.first,
        "last": period.last,
        "unfinished": period.unfinished,
    }


def _comparing(ask: Asked) -> dict[str, Any]:
    before = ask.against or ask.period.previous()
    label = before.label if ask.compare == CUSTOM else str(COMPARISONS[ask.compare])
    return {
        "label": label,
        "choices": [
            {"label": str(text), "url": ask.url({"compare": key}), "current": key == ask.compare}
            for key, text in COMPARISONS.items()
        ],
        "custom": ask.compare == CUSTOM,
        "first": before.first,
        "last": before.last,
        "error": ask.compare_error,
        "hidden": ask.pairs(without=COMPARE_KEYS),
    }


def _chips(scope: Scope, site: Site, ask: Asked) -> list[dict[str, str]]:
    return [
        {"text": text_of(scope, site, item), "url": ask.url(filters=ask.without(item))}
        for item in ask.filters
    ]


def text_of(scope: Scope, site: Site, item: Filter) -> str:
    """A filter in words: “Country is France”."""
    named = labels(scope, site, item.dimension, item.values)
    values = [named[value].text for value in item.values]
    if item.operator == Operator.CONTAINS:
        values = [f"“{value}”" for value in item.values]
    return " ".join(
        (str(BY_KEY[item.dimension].label), str(OPERATORS[item.operator]), ", ".join(values))
    )


def _filter_form(site: Site, ask: Asked) -> dict[str, Any]:
    return {
        "hidden": ask.pairs(),
        "groups": [
            {"title": str(title), "dimensions": [(d.key, str(d.label)) for d in dimensions]}
            for title, dimensions in GROUPS
        ],
        "operators": [(key.value, str(text)) for key, text in OPERATORS.items()],
        "suggestions_url": reverse("suggestions", args=[site.key]),
    }


# --- What people write into the form --------------------------------------------------------------


def values_named(
    scope: Scope, site: Site, period: Period, dimension: str, text: str, limit: int
) -> list[tuple[str, str]]:
    """Values that hold the text, as (value, name), the ones with most visitors first."""
    coded = BY_KEY[dimension].coded
    found = queries.breakdown(
        scope,
        site,
        period,
        dimension,
        ["visitors"],
        limit=MOST_CODED if coded else limit,
        search="" if coded else text,
    )
    named = labels(scope, site, dimension, [row.value for row in found.rows])
    pairs = [(value, label.text) for value, label in named.items()]
    if coded:
        pairs = [pair for pair in pairs if text.casefold() in pair[1].casefold()]
    return pairs[:limit]


def filter_of_form(scope: Scope, site: Site, ask: Asked, query: QueryDict) -> Filter:
    """The filter that the form “Add a filter” names. Raises `InvalidFilter`."""
    dimension, how = query.get("filter_by", ""), query.get("filter_how", Operator.IS)
    text = query.get("filter_value", "").strip()
    if how not in list(Operator) or dimension not in BY_KEY:
        raise InvalidFilter(_("Choose what to filter by, and how."))
    if not text:
        raise InvalidFilter(_("Write what to filter by."))
    if "\0" in text or len(text) > 512:
        raise InvalidFilter(_("A value is too long, or holds a character that no value has."))
    if how == Operator.CONTAINS:
        return _containing(scope, site, ask, dimension, text)
    texts = [part.strip() for part in text.split("|")] if how == Operator.ONE_OF else [text]
    values = tuple(_value(scope, site, ask, dimension, part) for part in texts if part)
    return Filter(dimension, Operator(how), values)


def _containing(scope: Scope, site: Site, ask: Asked, dimension: str, text: str) -> Filter:
    """What is stored as a code contains nothing: the values whose names do are meant."""
    if not BY_KEY[dimension].coded:
        return Filter(dimension, Operator.CONTAINS, (text,))
    named = values_named(scope, site, ask.period, dimension, text, 100)
    return Filter(dimension, Operator.ONE_OF, tuple(value for value, _name in named) or (text,))


def _value(scope: Scope, site: Site, ask: Asked, dimension: str, text: str) -> str:
    """The value of that name, or the text itself."""
    if text == BY_KEY[dimension].name(""):
        return ""
    if not BY_KEY[dimension].coded:
        return text
    found = values_named(scope, site, ask.period, dimension, text, MOST_CODED)
    return next((value for value, name in found if name.casefold() == text.casefold()), text)
