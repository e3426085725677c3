from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Site
from analytics import imported


class Command(BaseCommand):
    help = "Bring daily statistics of the time before from another tool (docs/statistics.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--site", required=True, metavar="KEY")
        parser.add_argument("--source", required=True, metavar="NAME", help="such as plausible")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("file", nargs="?", type=Path, metavar="FILE.csv")
        what.add_argument("--remove", action="store_true", help="remove what was brought")

    def handle(self, *args: Any, **options: Any) -> None:
        sites = Site.objects.unscoped("the command names the site")
        site = sites.filter(key=options["site"]).first()
        if site is None:
            raise CommandError(f"There is no site with the key {options['site']}.")
        if options["remove"]:
            removed = imported.remove(site, options["source"])
            self.stdout.write(f"{removed} lines of {options['source']} removed.")
            return
        try:
            with options["file"].open(encoding="utf-8-sig", newline="") as file:
                brought = imported.bring(site, options["source"], imported.read(file))
        except (OSError, UnicodeDecodeError, imported.InvalidImport) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{brought} lines of {options['source']} brought to {site}.")
