"""An action of the admin that asks before it acts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.admin import helpers
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin


def ask(
    page: ModelAdmin,
    request: HttpRequest,
    rows: Iterable[Model],
    action: str,
    question: Any,
    warnings: Sequence[Any] = (),
) -> HttpResponse | None:
    """The page that asks, or None once it was answered with yes."""
    if request.POST.get("confirmed") == "yes":
        return None
    context = {
        **page.admin_site.each_context(request),
        "title": question,
        "rows": list(rows),
        "warnings": warnings,
        "action": action,
        "opts": page.model._meta,
        "checkbox": helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "accounts/admin_confirm.html", context)
