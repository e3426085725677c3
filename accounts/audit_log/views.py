"""The audit log on a page, as a file, and over the API; admins read it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit, dates
from accounts.api import whole_number
from accounts.audit_log import entries, words
from accounts.audit_log.entries import LogFilters
from accounts.models import AuditEntry, Membership
from accounts.pages import member_required, role_or_403
from accounts.permissions import member_or_403, refuse_partial
from accounts.roles import Role
from accounts.schema import parameter
from accounts.sections import organisation_page
from accounts.spreadsheets import (
    XLSX_TYPE,
    TooManyRows,
    csv_lines,
    file_name,
    pieces_of,
    xlsx_file,
)
from accounts.streaming import streamed

# --- The page ---------------------------------------------------------------------------------


def _choices(member: Membership) -> dict[str, list[tuple[str, Any]]]:
    """What the selects of the page offer."""
    people = entries.people_of(member.tenant)
    return {
        "people": [(str(user.pk), user.get_full_name()) for user in people],
        "actors": list(entries.ACTORS.items()),
        "actions": [(name, label) for name, (label, _rows) in entries.GROUPS.items()],
        "kinds": words.kinds(),
    }


@never_cache
@require_safe
@member_required
def log(request: HttpRequest, member: Membership) -> HttpResponse:
    """Who did what in the organisation, the newest first."""
    role_or_403(member, Role.ADMIN)
    form = LogFilters(request.GET or {})
    context: dict[str, Any] = {"form": form, "choices": _choices(member), "lines": []}
    if form.is_valid():
        given, wanted = form.cleaned_data, form.wanted()
        rows = entries.matching(member.tenant, given, dates.reader().zone)
        page = entries.cut(rows, given["before"], entries.PAGE)
        older = urlencode({**wanted, "before": page.next}) if page.next else ""
        context |= {
            "lines": words.lines(member.tenant, page.entries),
            "wanted": wanted,
            "query": urlencode(wanted),
            "older": older,
            "later": given["before"] is not None,
        }
    return organisation_page(request, member, "audit", "accounts/audit.html", **context)


# --- Files ------------------------------------------------------------------------------------

COLUMNS = (
    gettext_lazy("Time (UTC)"),
    gettext_lazy("Who"),
    gettext_lazy("Person’s id"),
    gettext_lazy("Kind of actor"),
    gettext_lazy("Action"),
    gettext_lazy("Kind of target"),
    gettext_lazy("Target"),
    gettext_lazy("Changes"),
    gettext_lazy("Reason"),
    gettext_lazy("Request"),
    gettext_lazy("Place"),
    gettext_lazy("Hash"),
)


@never_cache
@require_safe
@member_required
def export(request: HttpRequest, member: Membership, kind: str) -> Any:
    """The filtered log as a file, `csv` or `xlsx`; that somebody took it is written down."""
    role_or_403(member, Role.ADMIN)
    form = LogFilters(request.GET or {})
    if not form.is_valid():  # the page says what is wrong with them
        return redirect(f"{reverse('audit_log')}?{request.GET.urlencode()}")
    rows = entries.matching(member.tenant, form.cleaned_data, dates.reader().zone)
    header, cells = [str(column) for column in COLUMNS], _cells(member, rows)
    kind_of_file = "text/csv; charset=utf-8"
    lines: Iterator[str | bytes] = iter(csv_lines(header, cells))
    if kind == "xlsx":
        try:
            book = xlsx_file([("Audit log", header, cells)])
        except TooManyRows:
            messages.error(request, _("So many entries fit into a CSV file only."))
            return redirect(f"{reverse('audit_log')}?{request.GET.urlencode()}")
        kind_of_file, lines = XLSX_TYPE, pieces_of(book)
    _note_export(member, kind, form.wanted())
    name = file_name(f"audit-log-{member.tenant.name}", kind)
    return streamed(request, lines, content_type=kind_of_file, filename=name)


@transaction.atomic
def _note_export(member: Membership, kind: str, wanted: dict[str, str]) -> None:
    told = {"format": kind, **{name: value for name, value in wanted.items() if name != "target"}}
    audit.record(
        "audit.exported", member.tenant, tenant=member.tenant, actor=member.user, changes=told
    )


def _cells(member: Membership, rows: Any) -> Iterator[list[Any]]:
    for piece in entries.all_of(rows):
        names = words.Names.of(member.tenant, piece)
        for entry in piece:
            yield [
                entries.moment(entry),
                names.who(entry),
                entry.actor_id,
                entry.actor_kind,
                entry.action,
                entry.target_type,
                entry.target_id,
                json.dumps(entry.changes, ensure_ascii=False, sort_keys=True),
                entry.reason,
                entry.request_id,
                entry.sequence,
                bytes(entry.hash).hex() if entry.hash else None,
            ]


# --- The API ----------------------------------------------------------------------------------

MOST_LIMIT = 500


class ActorSerializer(serializers.Serializer[Any]):
    """Who did it."""

    kind = serializers.ChoiceField(AuditEntry.ActorKind.choices)
    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField(help_text="While the person is a member; else in words.")
    token_id = serializers.IntegerField(allow_null=True)


class LogSerializer(serializers.Serializer[Any]):
    """One entry of the audit log."""

    id = serializers.IntegerField()
    timestamp = serializers.DateTimeField()
    user_id = serializers.IntegerField(allow_null=True)
    actor = ActorSerializer()
    action = serializers.CharField(help_text="Such as `site.created`.")
    target_type = serializers.CharField()
    target_id = serializers.CharField()
    changes = serializers.DictField(help_text="By field what it was and what it is.")
    reason = serializers.CharField()
    request_id = serializers.CharField()
    sequence = serializers.IntegerField(
        allow_null=True, help_text="Its place in the chain; null in its first seconds."
    )
    hash = serializers.CharField(allow_null=True)


class LogsSerializer(serializers.Serializer[Any]):
    """A page of the audit log."""

    logs = LogSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="The address of older entries.")


def _told(entry: AuditEntry, names: words.Names) -> dict[str, Any]:
    actor = {"kind": entry.actor_kind, "id": entry.actor_id, "token_id": entry.token_id}
    return {
        "id": entry.pk,
        "timestamp": entries.moment(entry),
        "user_id": entry.actor_id,
        "actor": actor | {"name": names.who(entry)},
        "action": entry.action,
        "target_type": entry.target_type,
        "target_id": entry.target_id,
        "changes": entry.changes,
        "reason": entry.reason,
        "request_id": entry.request_id,
        "sequence": entry.sequence,
        "hash": bytes(entry.hash).hex() if entry.hash else None,
    }


class AuditLogs(APIView):
    """Who did what in the organisation, the newest first; for admins."""

    read_role = Role.ADMIN
    api_family = "audit"

    @extend_schema(
        summary="The audit log",
        parameters=[
            parameter("limit", f"At most {MOST_LIMIT}.", int, default=100),
            parameter("who", "A person's id, or `token`, `staff`, `system`."),
            parameter("action", f"`site.created`, or one of: {', '.join(entries.GROUPS)}."),
            parameter("kind", "The kind of target, such as `site`."),
            parameter("target", "The id of the target."),
            parameter("first", "The first day, in your time zone.", OpenApiTypes.DATE),
            parameter("last", "The last day, inclusive.", OpenApiTypes.DATE),
            parameter("before", "Where a page ended; `next` holds it."),
        ],
        responses=LogsSerializer,
    )
    def get(self, request: Request) -> Response:
        refuse_partial(request)
        limit = whole_number(request, "limit", 100, 1, MOST_LIMIT)
        form = LogFilters(request.query_params)
        if not form.is_valid():
            raise exceptions.ValidationError(cast(Any, form.errors))
        member = member_or_403(request)
        rows = entries.matching(member.tenant, form.cleaned_data, dates.reader().zone)
        page = entries.cut(rows, form.cleaned_data["before"], limit)
        names = words.Names.of(member.tenant, page.entries)
        query = urlencode({**form.wanted(), "limit": limit, "before": page.next})
        following = request.build_absolute_uri(f"?{query}") if page.next else None
        logs = [_told(entry, names) for entry in page.entries]
        return Response({"logs": logs, "next": following})
