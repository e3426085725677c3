"""A world with known answers, sent through the running endpoints and compared with what is true.

`linkpro.world` says what happens and what is true of it. Here it is sent, with all that senders
do wrong, and read again. docs/simulate.md tells how to add a fact.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings

from accounts.addresses import is_trusted_proxy, plain_address
from analytics import rollup
from linkpro.simulate import books, requests
from linkpro.simulate.clients import Clients, Unreachable
from linkpro.simulate.place import Place, make
from linkpro.simulate.readings import Comparison, Reader
from linkpro.world.trial import Size, Trial
from tracking.models import DirtyDay

__all__ = ["Comparison", "NotCounted", "Options", "Size", "Unreachable", "compare"]

PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.25
# What is stored at its arrival arrives within this time, and within one hour of the clock.
ARRIVAL_SECONDS = 20


class NotCounted(Exception):
    """The statistics were not made in time: no worker runs, or it cannot follow."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a trial is run. `rebuild` makes the statistics here, where no worker runs."""

    url: str
    seed: int = 1
    size: Size = field(default_factory=Size)
    clients: int = 8
    keep: bool = False
    rebuild: bool = False


def compare(options: Options, tell: Callable[[str], None]) -> list[Comparison]:
    """Run a trial; `tell` hears what is going on. Raises `Unreachable` and `NotCounted`."""
    name = secrets.token_hex(4)
    address = _own_address(options.url)
    forwards = is_trusted_proxy(address)
    now = _away_from_the_hours_end()
    trial = Trial(
        options.seed, now, options.size, name=name, one_address="" if forwards else address
    )
    plan = requests.plan(trial, settings.CLIENT_IP_HEADER if forwards else "")
    place = make(trial, name)
    try:
        strangers = books.counted(None)
        clients = _send(plan, place, options, tell)
        tell("Comparing ...")
        return [
            *Reader(trial, trial.truth(), place).everything(),
            *books.of_the_log(trial, place),
            *books.of_outcomes(place, requests.booked(plan), strangers),
            *books.of_answers(requests.answered(plan), clients.answers),
        ]
    finally:
        if options.keep:
            tell(f"Kept: the tenant “{place.tenant.name}”.")
        else:
            place.remove()


def _send(
    plan: requests.Plan, place: Place, options: Options, tell: Callable[[str], None]
) -> Clients:
    clients = Clients(options.url, place, options.clients)
    events = sum(len(request.items) for request in plan.requests)
    tell(
        f"Sending {events:,} events in {len(plan.requests):,} requests"
        f" by {options.clients} clients ..."
    )
    clients.go(plan.goings)
    clients.send(plan.first)
    clients.misfit(plan.misfits)
    _wait_until_counted(place, options.rebuild)
    tell("Sending what is late, and some once more ...")
    clients.send(plan.late)
    clients.send_again(request for request in plan.first if request.again)
    _wait_until_counted(place, options.rebuild)
    return clients


def _own_address(url: str) -> str:
    """The address by which the endpoint sees this machine. Raises `Unreachable`."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=5) as link:
            return plain_address(link.getsockname()[0])
    except OSError as error:
        raise Unreachable(f"{url} does not answer: {error}") from error


def _away_from_the_hours_end() -> datetime:
    """Now; shortly before a full hour, when that is over."""
    now = datetime.now(UTC)
    left = 3600 - (now.minute * 60 + now.second)
    if left < ARRIVAL_SECONDS:
        time.sleep(left + 1)
    return datetime.now(UTC)


def _wait_until_counted(place: Place, rebuild: bool) -> None:
    """Return when no day of the place is marked any more. Raises `NotCounted`."""
    until = time.monotonic() + PATIENCE_SECONDS
    marks = DirtyDay.objects.for_tenant(place.tenant)
    while marked := set(marks.values_list("site", "date")):
        if time.monotonic() > until:
            days = len(marked)
            raise NotCounted(f"{days} days are not counted after a minute: does a worker run?")
        if rebuild:
            sites = {site.pk: site for site in place.sites.values()}
            for site_id, day in marked:
                rollup.rebuild(sites[site_id], day, if_marked=True)
        else:
            time.sleep(LOOK_SECONDS)
