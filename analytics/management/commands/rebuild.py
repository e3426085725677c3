from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Site
from analytics import rollup
from analytics.models import SiteDay


class Command(BaseCommand):
    help = "Make the statistics of a site's days anew from their raw events."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--site", required=True, metavar="KEY")
        parser.add_argument("--first", type=date.fromisoformat, default=date.min, metavar="DATE")
        parser.add_argument("--last", type=date.fromisoformat, default=date.max, metavar="DATE")

    def handle(self, *args: Any, **options: Any) -> None:
        sites = Site.objects.unscoped("the command names the site")
        site = sites.filter(key=options["site"]).first()
        if site is None:
            raise CommandError(f"There is no site with the key {options['site']}.")
        wanted = SiteDay.objects.for_tenant(site.tenant_id).filter(
            site=site, date__gte=options["first"], date__lte=options["last"]
        )
        days = list(wanted.order_by("date").values_list("date", "version"))
        changed = 0
        for day, version in days:
            made = rollup.rebuild(site, day)
            changed += made is not None and made.version != version
            note = "sealed, left as it is" if made is None else f"version {made.version}"
            self.stdout.write(f"{day}  {note}")
        self.stdout.write(f"{len(days)} days, {changed} of them changed.")
