from argparse import ArgumentTypeError
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.audit_log.chain import End
from accounts.audit_log.chain_check import Report, chains, check

INSTALLATION = "installation"


def tenant_id(text: str) -> UUID | None:
    """Whose chain: the id of a tenant, or `installation`."""
    if text == INSTALLATION:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no id of a tenant") from None


def noted_end(text: str) -> End:
    """A place and its hash as an earlier run told them: `1204:9f86d0…`."""
    place, _colon, digest = text.partition(":")
    try:
        found = End(int(place), bytes.fromhex(digest))
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no place and hash") from None
    if found.sequence < 1 or len(found.hash) != len(End().hash):
        raise ArgumentTypeError(f"{text!r} is no place and hash")
    return found


class Command(BaseCommand):
    help = "Check that no entry of the audit log was changed or deleted; names the first that was."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--tenant",
            type=tenant_id,
            action="append",
            help=f"check this tenant's log only ({INSTALLATION!r}: what belongs to no tenant)",
        )
        parser.add_argument(
            "--noted",
            type=noted_end,
            metavar="PLACE:HASH",
            help="an end that an earlier run told; with --tenant",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["noted"] and len(options["tenant"] or []) != 1:
            raise CommandError("--noted needs the one --tenant whose end it is.")
        now = timezone.now()
        asked = options["tenant"] or chains()
        reports = [check(tenant, now, options["noted"]) for tenant in asked]
        for report in reports:
            self._tell(report)
        if broken := sum(bool(report.broken) for report in reports):
            raise CommandError(f"{broken} of {len(reports)} logs are broken.")
        entries = sum(report.entries for report in reports)
        self.stdout.write(f"Whole: {len(reports)} logs, {entries} entries.")

    def _tell(self, report: Report) -> None:
        name = str(report.tenant or INSTALLATION)
        if report.broken:
            self.stderr.write(self.style.ERROR(f"{name}: {report.broken}"))
        else:
            end = f"{report.end.sequence}:{report.end.hash.hex()}"
            self.stdout.write(f"{name}: {report.entries} entries, ends at {end}")
