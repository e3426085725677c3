import re
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from accounts.models import Site
from tracking import imports
from tracking.access_logs import FORMATS
from tracking.imports import DayDone, Report, Wanted

STDIN = "-"
EVERY_SECONDS = 5.0
BAR_SECONDS = 0.1
BAR_WIDTH = 30


def pattern(text: str) -> re.Pattern[str]:
    """A regular expression of the command line."""
    try:
        return re.compile(text)
    except re.error as error:
        raise ArgumentTypeError(f"{text!r} is no regular expression: {error}") from None


class Progress:
    """How far it is: a bar on a terminal, now and then a plain line elsewhere."""

    def __init__(self, out: OutputWrapper) -> None:
        self.out, self.bar = out, out.isatty()
        self.began = self.told = time.monotonic()
        self.days: list[DayDone] = []

    def _due(self) -> bool:
        now = time.monotonic()
        due = now - self.told >= (BAR_SECONDS if self.bar else EVERY_SECONDS)
        self.told = now if due else self.told
        return due

    def _tell(self, text: str) -> None:
        self.out.write(f"\r{text}\x1b[K" if self.bar else text, ending="" if self.bar else "\n")
        self.out.flush()

    def read(self, lines: int) -> None:
        if self._due():
            rate = lines / (time.monotonic() - self.began)
            self._tell(f"Reading: {lines:,} lines, {rate:,.0f} a second")

    def replaced(self, day: DayDone, days: int) -> None:
        self.days.append(day)
        done = len(self.days)
        if self._due() or (self.bar and done == days):
            filled = BAR_WIDTH * done // days
            bar = f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] " if self.bar else ""
            self._tell(f"{bar}{done} of {days} days, the last one {day.date}")

    def end(self) -> None:
        """Leave the bar's line."""
        if self.bar:
            self.out.write("")


class Command(BaseCommand):
    help = (
        "Replay a web server's access log: its page views become events of a site. The days of "
        "the log replace what the same source brought before. docs/imports.md tells the rules."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "files", nargs="+", metavar="FILE", help="a log, also gzip; - is standard input"
        )
        parser.add_argument("--site", required=True, help="public key of the site")
        parser.add_argument("--source", default="", help="name of the log; its file's name")
        parser.add_argument("--format", choices=FORMATS, default="auto", dest="form")
        parser.add_argument("--include", type=pattern, help="only paths in which this is found")
        parser.add_argument("--exclude", type=pattern, help="no paths in which this is found")
        parser.add_argument("--dry-run", action="store_true", help="count, and store nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        site = self._site(options["site"])
        source = self._source(options["files"], options["source"])
        wanted = Wanted(options["form"], options["include"], options["exclude"])
        progress = Progress(self.stdout)
        try:
            files = opened(options["files"])
            if options["dry_run"]:
                report = imports.look(files, site, wanted, progress)
            else:
                report = imports.replay(files, site, source, wanted, progress)
        except KeyboardInterrupt:
            progress.end()
            self._stopped(progress.days)
        except imports.Busy:
            raise CommandError(f"{source} is being imported into {site} already.") from None
        except (OSError, EOFError) as error:
            raise CommandError(f"The log could not be read to its end: {error}") from error
        progress.end()
        self._tell(report, time.monotonic() - progress.began, stored=not options["dry_run"])

    def _site(self, key: str) -> Site:
        site = Site.objects.unscoped("whoever may run commands names the site").filter(key=key)
        found = site.first()
        if found is None:
            raise CommandError(f"There is no site with the key {key}.")
        return found

    def _source(self, files: list[str], given: str) -> str:
        if given:
            return given
        if len(files) > 1 or files == [STDIN]:
            raise CommandError(
                "Name the log with --source: under that name a later import replaces its days."
            )
        return Path(files[0]).name

    def _stopped(self, days: list[DayDone]) -> None:
        whole = f"{len(days)} days are whole, up to {days[-1].date}" if days else "no day changed"
        self.stderr.write(f"Stopped: {whole}; the day in work is as it was. Run it again to go on.")
        sys.exit(130)

    # --- The closing table ------------------------------------------------------------------------

    def _tell(self, report: Report, seconds: float, *, stored: bool) -> None:
        write = self.stdout.write
        write(f"{'day':<12}{'page views':>12}{'of bots':>10}{'replaced':>10}")
        for day in report.days:
            if day.kept:
                write(f"{day.date!s:<12}{'kept as it is':>32}")
            else:
                write(f"{day.date!s:<12}{day.pages:>12,}{day.bots:>10,}{day.before:>10,}")
        write("")
        rate = report.lines / seconds if seconds else 0
        write(f"{report.lines:>10,}  lines read in {seconds:.1f} s ({rate:,.0f} a second)")
        pages, bots = (sum(getattr(day, name) for day in report.days) for name in ("pages", "bots"))
        write(f"{pages:>10,}  page views {'stored' if stored else 'found'}")
        write(f"{bots:>10,}  page views of bots {'stored' if stored else 'found'}, not counted")
        for reason, count in report.left_out.most_common():
            write(f"{count:>10,}  left out: {reason}")
        self._tell_bad_lines(report)
        if stored and report.days:
            write("The statistics follow within seconds where `make run` or a worker runs.")
        elif not stored:
            write("Nothing was stored (--dry-run).")

    def _tell_bad_lines(self, report: Report) -> None:
        for number, error, text in report.bad_lines:
            shown = text[:100].encode("unicode_escape").decode()  # a terminal might obey it
            self.stdout.write(f"  line {number}: {error}: {shown}")


def opened(names: list[str]) -> Iterator[IO[bytes]]:
    """The logs one after the other, each closed before the next."""
    for name in names:
        with ExitStack() as stack:
            if name == STDIN:
                yield sys.stdin.buffer
            else:
                yield stack.enter_context(Path(name).open("rb"))
