from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Site
from analytics import rollup
from analytics.models import SiteDay
from tracking.models import Event


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
        known = SiteDay.objects.for_tenant(site.tenant_id).filter(site=site)
        versions = dict(known.values_list("date", "version"))
        wanted = {*versions, *days_with_events(site)}
        days = sorted(day for day in wanted if options["first"] <= day <= options["last"])
        changed = 0
        for day in days:
            made = rollup.rebuild(site, day)
            changed += made is not None and made.version != versions.get(day, 0)
            note = "sealed, left as it is" if made is None else f"version {made.version}"
            self.stdout.write(f"{day}  {note}")
        self.stdout.write(f"{len(days)} days, {changed} of them changed.")


def days_with_events(site: Site) -> Iterator[date]:
    """The site's days that have raw events, one step by the index for each."""
    events = Event.objects.for_tenant(site.tenant_id).filter(site=site)
    times = events.order_by("occurred_at").values_list("occurred_at", flat=True)
    end = datetime(1, 1, 2, tzinfo=UTC)
    while (at := times.filter(occurred_at__gte=end).first()) is not None:
        day = site.clock.date_of(at)
        yield day
        end = site.clock.bounds(day)[1]
