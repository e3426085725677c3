import signal
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.tenants.onboarding import AlreadyFounded, is_empty_installation
from linkpro import demo
from linkpro.demo import Demo
from linkpro.sender import KINDS, Refused, Sender
from linkpro.world import BIO, SITES

TELL_SECONDS = 3.0


@contextmanager
def ending_quietly(stop: threading.Event) -> Iterator[None]:
    """SIGINT and SIGTERM set `stop` as long as the block runs."""
    before = {
        number: signal.signal(number, lambda *_given: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Command(BaseCommand):
    help = (
        "In an empty installation, make a company with two web sites and a link page, and send "
        "weeks of visits through the running endpoint; with --follow, go on with live ones. "
        "Touches nothing of an installation that is in use. docs/demo.md tells more."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--follow", action="store_true", help="go on with live visits")
        parser.add_argument("--url", default=settings.BASE_URL, help="where LinkPro runs")
        parser.add_argument("--days", type=int, default=30, help="days of the past, with today")
        parser.add_argument("--seed", type=int, default=1, help="another one, another world")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo has a public password: it does not run in production.")
        if not 1 <= options["days"] <= 400:
            raise CommandError("--days is 1 to 400.")
        if urlsplit(options["url"]).scheme not in KINDS:
            raise CommandError("--url begins with http:// or https://.")
        self.stop = threading.Event()
        try:
            with ending_quietly(self.stop):
                self._run(options)
        except Refused as error:
            raise CommandError(str(error)) from error

    def _run(self, options: dict[str, Any]) -> None:
        with Sender(options["url"], "", self.stop) as sender:
            if not sender.wait_until_alive():
                return
        found = self._found()
        if found is None:
            self.stdout.write(f"This installation is in use: {settings.BASE_URL}")
            return
        if demo.unfinished(found) and not self._load(found, options):
            return
        self._introduce(found)
        if options["follow"] and found.sites and not self.stop.is_set():
            world = demo.world_of(found, options["seed"], options["days"])
            demo.follow(world, found, options["url"], self.stop)

    def _found(self) -> Demo | None:
        """The demo's company, made if there is nobody yet."""
        if is_empty_installation():
            try:
                return demo.found()
            except AlreadyFounded:  # somebody was faster
                pass
        return demo.find()

    def _load(self, found: Demo, options: dict[str, Any]) -> bool:
        world, began = demo.world_of(found, options["seed"], options["days"]), time.monotonic()
        self.stdout.write(f"Sending {options['days']} days of visits to {len(SITES)} sites ...")
        told, last = began, 0

        def tell(count: int) -> None:
            nonlocal told, last
            if count != last and time.monotonic() - told > TELL_SECONDS:
                told, last = time.monotonic(), count
                self.stdout.write(f"{count:,} events are in.")

        count = demo.load(world, found, options["url"], self.stop, tell)
        if count is None:
            return False
        self.stdout.write(f"{count:,} events are in, after {time.monotonic() - began:.0f} s.")
        return True

    def _introduce(self, found: Demo) -> None:
        """Say once where it is and who may sign in."""
        names = [
            f"{found.sites[spec.slug].name} ({spec.zone})"
            for spec in SITES
            if spec.slug in found.sites
        ]
        roles = ", ".join(role.value for role in demo.PEOPLE)
        self.stdout.write(
            f"\n  {demo.ORGANISATION}  {settings.BASE_URL}\n"
            f"  sign in as   {demo.email_of(next(iter(demo.PEOPLE)))}\n"
            f"  password     {demo.PASSWORD}\n"
            f"  other roles  {roles}: the name before @demo.localhost, the same password\n"
            f"  sites        {', '.join(names)}\n"
            f"  link page    {settings.BASE_URL}/@{BIO.username}\n"
        )
