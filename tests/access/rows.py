"""A row of any model, with a mark in every text: new models need no line of their own."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts.models import WebhookEndpoint

_count = itertools.count(100_000)


def _text(field: models.Field[Any, Any], word: str) -> str:
    if field.choices:
        return str(field.choices[0][0])
    end = f"-{next(_count)}" if field.unique else ""
    if isinstance(field, models.EmailField):
        return f"{word}{end}@{word}.test"
    return (word + end)[: field.max_length]


def _value(field: models.Field[Any, Any], word: str) -> Any:
    n, now = next(_count), timezone.now()
    by_kind: tuple[tuple[type, Any], ...] = (
        (models.CharField, lambda: _text(field, word)),
        (models.TextField, lambda: _text(field, word)),
        (models.BinaryField, lambda: n.to_bytes(32, "big")),
        (models.BooleanField, lambda: False),
        (models.DateTimeField, lambda: now + timedelta(days=1)),
        (models.DateField, now.date),
        (models.UUIDField, uuid.uuid4),
        (models.GenericIPAddressField, lambda: "84.160.1.1"),
        (models.JSONField, lambda: {word: word}),
        (ArrayField, list),
        (models.SmallIntegerField, lambda: n % 30_000),
        (models.IntegerField, lambda: n),
        (models.FloatField, lambda: 0.5),
        (models.DecimalField, lambda: 1),
    )
    return next(make() for kind, make in by_kind if isinstance(field, kind))


def _related(field: models.ForeignKey[Any, Any], near: Mapping[Any, Any], tenant: Any) -> Any:
    model: Any = field.related_model
    if model in near:
        return near[model]
    if hasattr(model, "tenant_path"):
        return model.objects.for_tenant(tenant).first()
    return None


def make(
    model: type[models.Model], word: str, near: Mapping[Any, Any], tenant: Any, **given: Any
) -> Any:
    """A stored row: `near` has the rows that it may point to, by model; `given` fields stand."""
    values = dict(given)
    for field in model._meta.concrete_fields:
        known = field.name in values or field.attname in values
        if known or isinstance(field, models.AutoField) or field.name in ("pk",):
            continue
        if isinstance(field, models.ForeignKey):
            values[field.name] = _related(field, near, tenant)
        elif field.has_default() or getattr(field, "auto_now_add", False):
            if isinstance(field, models.CharField) and field.get_default() == "":
                values[field.name] = _text(field, word)
        elif not field.null or isinstance(field, models.CharField | models.TextField):
            values[field.name] = _value(field, word)
    if model.__dict__.get("tenant_path") == "tenant_id" and "tenant_id" not in given:
        values["tenant_id"] = tenant.pk
    row = model(**values)
    if isinstance(row, WebhookEndpoint):
        row.url = f"https://{word}.test/"
    row.save(force_insert=True)
    return row
