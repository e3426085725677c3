"""Fields of the API's pages: how those of serializers are drawn.

A form's text becomes JSON by the names of its fields (`accounts.parsers.as_json`), so that it says
the same as a program's body.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import NOT_PROVIDED
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.fields import Field as ApiField
from rest_framework.fields import empty

from accounts.api_pages.described import in_line

MOST_CHOICES = 500
INPUTS: tuple[tuple[type[ApiField], str], ...] = (
    (serializers.EmailField, "email"),
    (serializers.URLField, "url"),
    (serializers.IntegerField, "number"),
    (serializers.FloatField, "number"),
    (serializers.DecimalField, "decimal"),
    (serializers.DateTimeField, "datetime-local"),
    (serializers.DateField, "date"),
    (serializers.TimeField, "time"),
    (serializers.FileField, "file"),
    (serializers.BooleanField, "checkbox"),
    (serializers.MultipleChoiceField, "choices"),
    (serializers.ManyRelatedField, "choices"),
    (serializers.ChoiceField, "select"),
    (serializers.RelatedField, "select"),
    (serializers.ListField, "lines"),
    (serializers.DictField, "json"),
    (serializers.JSONField, "json"),
    (serializers.ListSerializer, "json"),
    (serializers.Serializer, "group"),
)
PLAIN = (serializers.CharField, serializers.IntegerField, serializers.FloatField)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form; `kind` is its input's type or how it is drawn."""

    id: str
    name: str
    label: str
    kind: str
    value: str = ""
    required: bool = False
    help: str = ""
    errors: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    fields: tuple[Field, ...] = ()
    longest: int | None = None

    @property
    def key(self) -> str:
        """What programs call it."""
        return self.name.partition(":")[0]

    @property
    def described_by(self) -> str:
        """The ids of its error and its hint, for `aria-describedby`."""
        parts = [f"{self.id}-error"] if self.errors else []
        return " ".join([*parts, f"{self.id}-hint"] if self.help else parts)

    @property
    def is_long(self) -> bool:
        """Whether it is a text of several lines."""
        return self.kind in ("textarea", "lines", "json")

    @property
    def input_type(self) -> str:
        """The `type` of its input."""
        return "text" if self.kind == "decimal" else self.kind


@dataclass(frozen=True, slots=True)
class Filling:
    """What a form of a method shows: what is there or was sent, and what is wrong with it."""

    method: str
    values: Mapping[str, Any]
    errors: Mapping[str, Any]

    def within(self, name: str) -> Filling:
        """The part of a nested serializer."""
        values, errors = self.values.get(name), self.errors.get(name)
        return Filling(
            self.method,
            values if isinstance(values, Mapping) else {},
            errors if isinstance(errors, Mapping) else {},
        )


def writable(serializer: Any) -> list[ApiField]:
    """The fields of a serializer that somebody may send."""
    return [
        one
        for one in serializer.fields.values()
        if not one.read_only and not isinstance(one, serializers.HiddenField)
    ]


def of_serializer(serializer: Any, filling: Filling, path: str = "") -> tuple[Field, ...]:
    """The fields of a form for a serializer; `path` leads to a nested one."""
    return tuple(_field(one, filling, path) for one in writable(serializer))


def _field(field: Any, filling: Filling, path: str) -> Field:
    name = path + field.field_name
    kind, value = kind_of(field), value_of(field, filling)
    nested = (
        of_serializer(field, filling.within(field.field_name), f"{name}.")
        if (kind == "group")
        else ()
    )
    must = field.required and filling.method != "PATCH" and kind not in ("checkbox", "file")
    return Field(
        id=f"{filling.method.lower()}-{name.replace('.', '-')}",
        name=name + _suffix(field, kind, filling.method),
        label=capfirst(str(field.label or field.field_name)),
        kind=kind,
        value="" if kind == "password" else _text(value, kind),
        required=must or (field.required and kind == "file"),
        help=_help(field, kind),
        errors=_errors(filling.errors.get(field.field_name)) if kind != "group" else (),
        choices=_choices(field, value, kind),
        fields=nested,
        longest=getattr(field, "max_length", None) if kind in ("text", "email", "url") else None,
    )


def kind_of(field: Any) -> str:
    """The type of its input, or how else it is drawn."""
    if field.style.get("input_type") == "password":
        return "password"
    if isinstance(field, serializers.CharField) and field.write_only:
        return "password"
    if isinstance(field, serializers.ListField):
        if isinstance(field.child, serializers.ChoiceField):
            return "choices"
        return "lines" if isinstance(field.child, PLAIN) else "json"
    found = next((kind for known, kind in INPUTS if isinstance(field, known)), "text")
    if found == "text" and field.style.get("base_template") == "textarea.html":
        return "textarea"
    return found


def _suffix(field: Any, kind: str, method: str) -> str:
    """What `as_json` makes of an empty input, or of the text of it."""
    if kind in ("lines", "choices", "json"):
        return f":{kind}"
    if kind == "checkbox":
        return ":flag"
    if kind in ("file", "group"):
        return ""
    if not field.required and (method == "POST" or kind == "password"):
        return ":given"
    return ":null" if field.allow_null else ""


def value_of(field: Any, filling: Filling) -> Any:
    """What is there or was sent, else what it would be without being sent."""
    if field.field_name in filling.values:
        return filling.values[field.field_name]
    if field.default is not empty and not callable(field.default):
        return field.default
    meta = getattr(getattr(field.parent, "Meta", None), "model", None)
    try:
        column = meta._meta.get_field(field.source) if meta and filling.method == "POST" else None
    except FieldDoesNotExist:
        column = None
    default = getattr(column, "default", NOT_PROVIDED)
    if default is not NOT_PROVIDED:
        return default() if callable(default) else default
    return None


def _text(value: Any, kind: str) -> str:
    if value is None or value is empty or kind in ("file", "group", "choices"):
        return ""
    if kind == "json":
        return value if isinstance(value, str) else json.dumps(value, indent=2, default=str)
    if kind == "lines":
        return "\n".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    if kind == "checkbox":
        return "true" if value in (True, "true", "on", "1") else ""
    if kind == "datetime-local":
        return _local(value)
    return str(value)


def _local(value: Any) -> str:
    """A moment on the clock that the form is read on, as `datetime-local` wants it."""
    try:
        at = value if isinstance(value, datetime) else parse_datetime(str(value))
    except ValueError:
        return ""
    if at is None:
        return ""
    if timezone.is_aware(at):
        at = timezone.localtime(at).replace(tzinfo=None)
    return at.replace(microsecond=0).isoformat()


def _help(field: Any, kind: str) -> str:
    told = [str(field.help_text)] if field.help_text else []
    if kind == "lines":
        told.append(_("One a line."))
    elif kind == "json":
        told.append(_("As JSON."))
    elif kind == "datetime-local":
        told.append(_("On the clock of %(zone)s.") % {"zone": timezone.get_current_timezone_name()})
    elif kind == "choices":
        told.append(_("Any of them."))
    return in_line(" ".join(told))


def _errors(errors: Any) -> tuple[str, ...]:
    """The words of an error, wherever it stands in a list or a mapping."""
    if not errors:
        return ()
    if isinstance(errors, Mapping):
        return tuple(f"{place}: {text}" for place, some in errors.items() for text in _errors(some))
    if isinstance(errors, list | tuple):
        return tuple(text for one in errors for text in _errors(one))
    return (str(errors),)


def _choices(field: Any, value: Any, kind: str) -> tuple[Choice, ...]:
    """The values to choose from; what is there already is always among them."""
    if kind not in ("select", "choices"):
        return ()
    several = value if isinstance(value, list | tuple | set) else [value]
    chosen = {str(one) for one in several if one not in (None, "")}
    source: Any = field.child if isinstance(field, serializers.ListField) else field
    source = getattr(source, "child_relation", source)
    known = {str(key): str(label) for key, label in list(source.choices.items())[:MOST_CHOICES]}
    known |= {one: one for one in sorted(chosen - set(known))}
    options = [Choice(key, label, key in chosen) for key, label in known.items()]
    if kind == "select" and (field.allow_null or not field.required or not chosen):
        options.insert(0, Choice("", "—", not chosen))
    return tuple(options)


def errors_of_all(errors: Any, fields: Iterable[Field]) -> tuple[str, ...]:
    """The errors that belong to no field of a form."""
    if not isinstance(errors, Mapping):
        return _errors(errors)
    shown = {one.name.partition(":")[0] for one in fields}
    rest = {name: some for name, some in errors.items() if name not in shown}
    general = _errors(rest.pop("non_field_errors", None))
    return general + _errors(rest)
