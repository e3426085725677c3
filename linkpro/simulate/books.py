"""The log and the books of a trial, held against what was sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from ipaddress import ip_address, ip_network

from django.db.models import Count, F, Sum

from accounts.models import Site
from linkpro.simulate.place import Place
from linkpro.simulate.readings import Comparison
from linkpro.world import Event
from linkpro.world.events import TOLERATED
from linkpro.world.strays import RULES
from linkpro.world.trial import Trial
from tracking.models import Event as StoredEvent
from tracking.models import EventKey, Outcome
from tracking.models.events import EventFlag

# A part of the days that sites keep addresses: a nightly task takes away older ones.
ADDRESS_DAYS = timedelta(days=20)
# What is known of an event besides what it says.
FLAGS: tuple[tuple[str, EventFlag, Callable[[Event], bool]], ...] = (
    ("at their arrival", EventFlag.CLOCK_CLAMPED, lambda event: bool(event.told.says)),
    ("clocks corrected", EventFlag.CLOCK_CORRECTED, lambda e: abs(e.told.ahead) > TOLERATED),
    ("prefetched", EventFlag.AUTOMATED, lambda event: event.told.prefetch),
    ("told for somebody", EventFlag.SPEAKS_FOR, lambda event: event.speaks_for),
)


def counted(site: Site | None) -> Counter[str]:
    """The books of a site, or of what is nobody's: events by outcome."""
    rows = Outcome.objects.unscoped("the books of what names no site").filter(site=site)
    return Counter(dict(rows.values_list("reason").annotate(sum=Sum("n"))))


def of_outcomes(
    place: Place, true: Counter[tuple[str | None, str]], before: Counter[str]
) -> Iterator[Comparison]:
    """What is written of each outcome; of what is nobody's, what came since `before`."""
    nobodys = counted(None)
    nobodys.subtract(before)
    books = {slug: counted(site) for slug, site in place.sites.items()}
    for slug, measured in (*books.items(), (None, +nobodys)):
        for reason in sorted({key for owner, key in true if owner == slug} | measured.keys()):
            which = slug or "of no site"
            numbers = true[slug, reason], measured[reason]
            yield Comparison(f"books: {reason}", which, *numbers, adds=True)
    sums = sum(true.values()), sum(sum(one.values()) for one in (*books.values(), +nobodys))
    yield Comparison("books: sent", "everything", *sums, adds=True)


def of_answers(true: Counter[str], measured: Counter[str]) -> Iterator[Comparison]:
    """What senders were told."""
    for end in sorted(true.keys() | measured.keys()):
        yield Comparison(f"told: {end}", "", true[end], measured[end], adds=True)


def of_the_log(trial: Trial, place: Place) -> Iterator[Comparison]:
    """The events as they are stored."""
    for spec in trial.sites:
        events = [event for event in trial.events if event.site is spec]
        site, slug = place.sites[spec.slug], spec.slug
        rows = StoredEvent.objects.visible_to(place.scope).filter(site=site)
        keys = EventKey.objects.visible_to(place.scope).filter(site=site)
        yield Comparison("log: events", slug, len(events), rows.count(), adds=True)
        yield Comparison("log: ids", slug, len(events), keys.count(), adds=True)
        for line, flag, of in FLAGS:
            marked = rows.annotate(marked=F("flags").bitand(int(flag))).exclude(marked=0)
            true = sum(map(of, events))
            yield Comparison(f"log: {line}", slug, true, marked.count(), adds=True)
        yield from _by_value(
            "log: bots",
            slug,
            Counter(event.person.browser.bot for event in events if event.person.bot),
            dict(
                rows.exclude(agent=None)
                .exclude(agent__bot="")
                .values_list("agent__bot")
                .annotate(n=Count("*"))
            ),
        )
        day = trial.now - ADDRESS_DAYS
        recent = [event for event in events if event.at >= day]
        handling = RULES[slug]["addresses"]
        yield from _by_value(
            "log: addresses",
            slug,
            Counter(_kept(event.person.address, handling) for event in recent),
            dict(rows.filter(occurred_at__gte=day).values_list("ip").annotate(n=Count("*"))),
        )
        yield from _by_value(
            "log: worth",
            slug,
            _worth(events),
            dict(rows.exclude(value=None).values_list("currency").annotate(sum=Sum("value"))),
        )


def _kept(address: str, handling: str) -> str | None:
    """What a site keeps of an address."""
    if not address or handling == "none":
        return None
    bits = {4: 24, 6: 48}[ip_address(address).version] if handling == "truncated" else 128
    network = ip_network(f"{address}/{min(bits, ip_address(address).max_prefixlen)}", strict=False)
    return str(network.network_address)


def _by_value(line: str, slug: str, true: dict, measured: dict) -> Iterator[Comparison]:
    for value in sorted(true.keys() | measured.keys(), key=str):
        numbers = true.get(value), measured.get(value)
        yield Comparison(line, f"{slug} {value or 'none'}", *numbers)


def _worth(events: list[Event]) -> dict[str | None, Decimal]:
    found: dict[str | None, Decimal] = {}
    for event in events:
        if "value" in event.more:
            currency = event.more.get("currency")
            value = Decimal(str(event.more["value"]))
            found[currency] = found.get(currency, Decimal()) + value
    return found
