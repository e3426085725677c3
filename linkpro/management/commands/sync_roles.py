from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError, connection, transaction

from linkpro.roles_sql import statements

# One number for "somebody is granting", so that two cannot at once.
ROLES_LOCK = 4_711_003


class Command(BaseCommand):
    help = "Make the roles of the database and grant them what they need; may be run at any time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sql", action="store_true", help="print the SQL and run nothing")
        parser.add_argument(
            "--where-used", action="store_true", help="do nothing unless DATABASE_ROLES is on"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["sql"]:
            self.stdout.write("\n".join(statement.strip() for statement in statements()))
            return
        if options["where_used"] and not settings.DATABASE_ROLES:
            return
        try:
            self._grant()
        except ProgrammingError as error:
            raise CommandError(
                f"The database refused: {str(error).strip()}\n"
                "This needs a login that owns the tables and may create roles. Let an administrator"
                " run what `manage.py sync_roles --sql` prints, with the login of LinkPro in place"
                " of CURRENT_USER; or set DATABASE_ROLES=false, and all processes act as the login."
            ) from error

    @transaction.atomic
    def _grant(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ROLES_LOCK])
            cursor.execute("SET LOCAL lock_timeout = '10s'")
            for statement in statements():
                cursor.execute(statement)
