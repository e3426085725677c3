"""The roles of PostgreSQL that our processes act as, so that a fault of one reaches not all.

`manage.py sync_roles` makes them (`linkpro.roles_sql` says what each may). A process whose
`DATABASE_ROLE` is set acts as that role; docs/decisions/0005-database-roles.md says why.
"""

from __future__ import annotations

from django.conf import settings

WEB = "linkpro_web"
INGEST = "linkpro_ingest"
MAINTENANCE = "linkpro_maintenance"
ALL = (WEB, INGEST, MAINTENANCE)


def option_for(role: str) -> str:
    """The option of a connection that acts as the role; nothing where roles are not in use."""
    return f" -c role={role}" if settings.DATABASE_ROLE else ""
