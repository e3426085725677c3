"""What the address of an endpoint may ask: described parameters, and the filters of a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.forms import BaseForm, BoundField
from django.utils.translation import gettext as _

from accounts.api_pages.described import in_line
from accounts.api_pages.fields import Choice, Field


def of_parameter(parameter: Any, asked: Mapping[str, str]) -> Field:
    """A field for a described parameter of the address, as it was asked."""
    value = asked.get(parameter.name, "")
    options = [str(one) for one in parameter.enum or ()]
    if parameter.type is bool:
        options = ["true", "false"]
    default = "" if parameter.default is None else str(parameter.default)
    told = f"{parameter.description or ''} " + (
        _("Without it: %(default)s.") % {"default": f"`{default}`"} if default else ""
    )
    choices = [Choice(one, one, one == value) for one in options]
    kind = "select" if options else "number" if parameter.type is int else "text"
    if getattr(parameter.type, "name", "") == "DATE":
        kind = "date"
    return Field(
        id=f"ask-{parameter.name}",
        name=parameter.name,
        label=parameter.name,
        kind=kind,
        value=value,
        required=bool(parameter.required),
        help=in_line(told.strip()),
        choices=(Choice("", "—", not value), *choices) if options else (),
    )


def of_filters(form: BaseForm) -> list[Field]:
    """The fields of django-filter's form."""
    return [_of_filter(bound) for bound in form]


def _of_filter(bound: BoundField) -> Field:
    value = "" if bound.value() is None else str(bound.value())
    given = [*getattr(bound.field, "choices", ())]
    choices = tuple(Choice(str(key), str(label), str(key) == value) for key, label in given)
    return Field(
        id=f"ask-{bound.name}",
        name=bound.name,
        label=str(bound.label),
        kind="select" if choices else getattr(bound.field.widget, "input_type", "text"),
        value=value,
        help=in_line(str(bound.help_text)),
        errors=tuple(map(str, bound.errors)),
        choices=choices,
    )
