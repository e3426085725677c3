from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from tracking import rejects
from tracking.models import Rejected


def moment(text: str) -> datetime:
    """A time such as 2026-11-22T14:00 on the installation's clock, or with its own zone."""
    at = parse_datetime(text)
    if at is None:
        raise CommandError("--since is a time such as 2026-11-22T14:00.")
    return at if at.tzinfo else timezone.make_aware(at)


class Command(BaseCommand):
    help = (
        "Send kept samples of refused events again, such as those of a site whose domain was "
        "missing. What is stored already counts once; what is refused again stays as it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--site", help="the site's public key; without it, of all sites")
        parser.add_argument("--reason", help="such as site_unknown")
        parser.add_argument("--since", help="only what came at this time or later")
        parser.add_argument("--again", action="store_true", help="also what was sent again before")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Rejected.objects.unscoped("the installation's staff sends them again")
        if options["site"]:
            rows = rows.filter(site__key=options["site"])
        if options["reason"]:
            rows = rows.filter(reason=options["reason"])
        if options["since"]:
            rows = rows.filter(received_at__gte=moment(options["since"]))
        if not options["again"]:
            rows = rows.filter(replayed_at=None)
        ends = rejects.replay(rows.select_related("site").order_by("received_at"))
        if not ends:
            self.stdout.write("Nothing to send again.")
        for end, n in sorted(ends.items()):
            self.stdout.write(f"{end}: {n}")
