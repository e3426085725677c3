"""What `manage.py check --database default` looks at besides Django's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections

# Who acts: a superuser may everything, an owner may drop what it owns.
ACTING = """
SELECT rolsuper OR rolbypassrls,
    EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('accounts_auditentry')
        AND relowner = r.oid)
FROM pg_roles r WHERE rolname = current_user
"""
HINT = "Run manage.py sync_roles and set DATABASE_ROLES=true; see docs/operations.md."


def acting_problem(row: tuple[bool, bool] | None) -> str:
    """What is wrong with who acts, from the answer to `ACTING`; nothing as a rule."""
    superuser, owner = row or (False, False)
    if superuser:
        return "Processes act as a superuser of the database."
    return "Processes act as the owner of the tables." if owner else ""


@register(Tags.database)
def roles_are_in_use(databases: Sequence[str] | None = None, **_more: Any) -> list[CheckMessage]:
    """In production the role of this process may neither everything nor change the schema."""
    if not settings.PRODUCTION or "default" not in (databases or ()) or settings.DATABASE_ROLES:
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute(ACTING)
        problem = acting_problem(cursor.fetchone())
    return [Warning(problem, hint=HINT, id="linkpro.W001")] if problem else []
