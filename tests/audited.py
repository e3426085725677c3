"""Whether each change that people make through a request has its entry in the audit log."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection
from django.test import Client

from accounts.models import Tenant, User
from accounts.tenancy import TenantOwned

_WRITE = re.compile(
    r'\s*(INSERT INTO|UPDATE|DELETE FROM) "?(\w+)"?(?: SET (.*?) WHERE)?', re.DOTALL
)
_COLUMN = re.compile(r'"(\w+)" = ')
ENTRY = "accounts_auditentry"
# What is no configuration: what happened, what is derived of it, and the log itself.
OTHERWISE = {
    "accounts_auditanchor",
    "accounts_audithead",
    ENTRY,
    "accounts_outboxattempt",
    "accounts_outboxmessage",
    "accounts_signin",
    "accounts_usedstate",
    "accounts_logo",  # written with its tenant
}
OTHER_APPS = {"privacy", "analytics"}
OTHER_MODELS = {"event", "eventkey", "session", "dirtyday", "outcome", "rejected", "agent"}
# allauth stores a person anew whose address is proven; one that differs is audited as a change.
STORED_ANEW = {"/accounts/confirm-email/": {"accounts_user"}}
# Columns that change by themselves.
BY_THEMSELVES = {"last_login", "last_used_at", "updated_at", "session_epoch"}


@cache
def audited_tables() -> frozenset[str]:
    """The tables that people configure."""
    return frozenset(
        model._meta.db_table
        for model in apps.get_models()
        if (issubclass(model, TenantOwned) or model in (User, Tenant))
        and model._meta.app_label not in OTHER_APPS
        and model._meta.model_name not in OTHER_MODELS
        and model._meta.db_table not in OTHERWISE
    )


def written(sql: str) -> str | None:
    """The audited table that a statement changes, or that of the log."""
    found = _WRITE.match(sql)
    if not found or found[2] not in audited_tables() | {ENTRY}:
        return None
    columns = set(_COLUMN.findall(found[3] or ""))
    return None if columns and columns <= BY_THEMSELVES else found[2]


@contextmanager
def watched(tell: Callable[[str], None]) -> Iterator[None]:
    """Within it, each request that changes something and writes no entry is told."""
    original = Client.request

    def request(self: Client, **options: Any) -> Any:
        tables: set[str] = set()

        def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            result = execute(sql, params, many, context)
            if context["cursor"].rowcount and (table := written(str(sql))):
                tables.add(table)
            return result

        with connection.execute_wrapper(note):
            answer = original(self, **options)
        tables -= STORED_ANEW.get(str(options.get("PATH_INFO")), set())
        if tables and ENTRY not in tables and answer.status_code < 400:
            path = f"{options.get('REQUEST_METHOD', 'GET')} {options.get('PATH_INFO')}"
            tell(f"{path} changed {', '.join(sorted(tables))} and wrote no entry")
        return answer

    Client.request = request  # type: ignore[method-assign]
    try:
        yield
    finally:
        Client.request = original  # type: ignore[method-assign]
