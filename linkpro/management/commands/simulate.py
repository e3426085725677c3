"""Hold what the running LinkPro says against what is true."""

from __future__ import annotations

import signal
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from linkpro import simulate
from linkpro.sender import KINDS
from linkpro.simulate import Comparison, NotCounted, Options, Size, Unreachable

MOST_DIFFERENCES = 50  # written out
FACTS = ("seed", "days", "visits", "clients")


class Command(BaseCommand):
    help = (
        "Send a world with known answers through the running endpoints, and compare the statistics"
        " with what is true; fails on any difference. Makes a tenant of its own and removes it."
        " docs/simulate.md tells more."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        usual = Options(settings.BASE_URL)
        parser.add_argument("--url", default=usual.url, help="where LinkPro runs")
        parser.add_argument(
            "--seed", type=int, default=usual.seed, help="another one, other chances"
        )
        parser.add_argument("--days", type=int, default=usual.size.days, help="days until today")
        parser.add_argument(
            "--visits", type=int, default=usual.size.visits, help="ordinary visits of a site's day"
        )
        parser.add_argument("--clients", type=int, default=usual.clients, help="how many send")
        parser.add_argument("--keep", action="store_true", help="leave the tenant, to look at it")
        parser.add_argument(
            "--rebuild", action="store_true", help="make the statistics here: no worker runs"
        )

    def handle(self, *args: Any, **given: Any) -> None:
        if urlsplit(given["url"]).scheme not in KINDS:
            raise CommandError("--url begins with http:// or https://.")
        if not (1 <= given["days"] <= 90 and given["visits"] >= 1 and given["clients"] >= 1):
            raise CommandError("--days is 1 to 90; --visits and --clients are at least 1.")
        options = Options(
            url=given["url"].rstrip("/"),
            seed=given["seed"],
            size=Size(visits=given["visits"], days=given["days"]),
            clients=given["clients"],
            keep=given["keep"],
            rebuild=given["rebuild"],
        )
        began = time.monotonic()
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing stays
        try:
            comparisons = simulate.compare(options, self.stdout.write)
        except (NotCounted, Unreachable) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped before the end.") from None
        finally:
            signal.signal(signal.SIGTERM, before)
        for line in table(comparisons):
            self.stdout.write(line)
        again = " ".join(f"--{name} {given[name]}" for name in FACTS)
        self.stdout.write(
            f"{time.monotonic() - began:.0f} s. Once more: manage.py simulate"
            f" --url {options.url} {again}"
        )
        different = sum(not one.agrees for one in comparisons)
        summary = f"{len(comparisons):,} comparisons, {different:,} differences"
        if different:
            raise CommandError(summary)
        self.stdout.write(summary)


def table(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """A line for each kind of number; then the numbers that differ."""
    lines: dict[str, list[Comparison]] = {}
    for one in comparisons:
        lines.setdefault(one.line, []).append(one)
    width = max(map(len, lines))
    yield f"{'':{width}} {'true':>14} {'measured':>14} {'numbers':>9} {'differ':>7}"
    for line, group in lines.items():
        true = measured = ""
        if all(one.adds for one in group):
            true, measured = (_sum(one.true for one in group), _sum(one.measured for one in group))
        differ = sum(not one.agrees for one in group)
        yield f"{line:{width}} {true:>14} {measured:>14} {len(group):>9,} {differ:>7,}"
    different = [one for one in comparisons if not one.agrees]
    for one in different[:MOST_DIFFERENCES]:
        yield f"DIFFERS  {one.line} · {one.which}: true {one.true}, measured {one.measured}"
    if len(different) > MOST_DIFFERENCES:
        yield f"... and {len(different) - MOST_DIFFERENCES:,} more"


def _sum(values: Iterator[Any]) -> str:
    found = sum((value for value in values if value is not None), Decimal())
    return f"{found.normalize():,f}" if found else "0"
