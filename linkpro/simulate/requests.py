"""How the world reaches the endpoint: requests of many forms, and what senders do wrong.

Answers get lost and requests are sent again, two clients send the same, a batch holds an event
twice, some arrive late. Whatever happens on the way, it is known what must come of it.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone

from linkpro.simulate.place import Place
from linkpro.world import Event
from linkpro.world.strays import MISFITS, NO_SITE, Misfit, Stray
from linkpro.world.trial import Trial
from linkpro.world.visits import Dice

LOST, TWIN, AGAIN = 0.08, 0.05, 0.05  # of the requests
DOUBLED, LATE = 0.03, 0.06  # of the events that servers send
LARGEST = 120  # events of a server's batch
FORMS = ("key", "origin", "page")  # how a browser's request says which site it means
PATHS = ("/api/track", "/api/v1/track")
# How a moment is written: all of them are whole seconds.
STAMPS: dict[str, Callable[[datetime], str | int]] = {
    "utc": datetime.isoformat,
    "zulu": lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}",
    "elsewhere": lambda at: at.astimezone(timezone(timedelta(hours=5, minutes=45))).isoformat(),
    "seconds": lambda at: int(at.timestamp()),
    "milliseconds": lambda at: int(at.timestamp()) * 1_000,
    "microseconds": lambda at: int(at.timestamp()) * 1_000_000,
    "nanoseconds": lambda at: str(int(at.timestamp()) * 1_000_000_000),
}

Item = Event | Stray


@dataclass(frozen=True, slots=True)
class Request:
    """Some events of one site, on their way together."""

    items: tuple[Item, ...]
    form: str = "key"
    path: str = PATHS[0]
    stamp: str = "utc"
    batch: bool = True
    packed: bool = False
    beacon: bool = False
    says_when_sent: bool = False
    lost: bool = False  # the first answer is not seen; then it is sent again
    times: int = 1  # how many clients send it at the same time
    again: bool = False  # it is sent once more, long after
    forwarded: str = ""  # the header in which a proxy names the browser's address

    @property
    def first(self) -> Item:
        return self.items[0]

    @property
    def by_browser(self) -> bool:
        """Whether a browser speaks for itself."""
        return (
            self.first.told.by_browser if isinstance(self.first, Event) else self.first.by_browser
        )

    @property
    def urgent(self) -> bool:
        """Whether it matters when it arrives."""
        return isinstance(self.first, Event) and self.first.told.on_arrival

    @property
    def sendings(self) -> int:
        """How often it is sent in all."""
        return self.times + self.lost + self.again

    # --- As it is sent ----------------------------------------------------------------------------

    def body(self, place: Place) -> bytes:
        """The request's body, at this moment."""
        envelope: dict[str, str] = {}
        if isinstance(self.first, Stray) and self.first.homeless:
            envelope["site"] = NO_SITE
        elif self.form == "key":
            envelope["site"] = place.sites[self.first.site.slug].key
        if self.says_when_sent and isinstance(self.first, Event):
            envelope["sent_at"] = (datetime.now(UTC) + self.first.told.ahead).isoformat()
        texts = [self._text(item) for item in self.items]
        head = json.dumps(envelope)[1:-1]
        if self.batch:
            text = f'{{{head}{", " if head else ""}"events": [{", ".join(texts)}]}}'
        else:
            text = f"{{{head}{', ' if head else ''}{texts[0][1:]}"
        return gzip.compress(text.encode()) if self.packed else text.encode()

    def _text(self, item: Item) -> str:
        if isinstance(item, Stray):
            return item.text
        given = item.payload()
        if not item.told.on_arrival:
            at = datetime.fromisoformat(given["timestamp"])
            given["timestamp"] = STAMPS[self.stamp](at)
        if self.beacon:  # the browser's own header says it
            del given["language"]
        return json.dumps(given)

    def headers(self, place: Place) -> dict[str, str]:
        """What its client says besides."""
        kind = "text/plain;charset=UTF-8" if self.beacon else "application/json"
        found = {"Content-Type": kind}
        if self.packed:
            found["Content-Encoding"] = "gzip"
        if not self.by_browser:
            return found | {"Authorization": f"Bearer {place.sending}"}
        site = self.first.site
        if self.form == "origin":
            found["Origin"] = site.address
        if isinstance(self.first, Stray):
            return found
        person = self.first.person
        languages = f"{person.language},en;q=0.5"
        found |= {"User-Agent": person.agent, "Accept-Language": languages}
        if self.forwarded:
            found[self.forwarded] = person.address
        if self.first.told.prefetch:
            found["Sec-Purpose"] = "prefetch;prerender"
        return found

    # --- What must come of it ---------------------------------------------------------------------

    def different(self) -> list[Item]:
        """Its items, each once."""
        return list({id(item): item for item in self.items}.values())

    def booked(self) -> Counter[tuple[str | None, str]]:
        """By site (its slug; None for nobody's) and outcome: what the books must say."""
        found: Counter[tuple[str | None, str]] = Counter()
        for item in self.different():
            if isinstance(item, Stray):
                slug = None if item.homeless else item.site.slug
                found[slug, item.reason] += self.sendings
            else:
                found[item.site.slug, "bot" if item.automated else "stored"] += 1
        events = sum(isinstance(item, Event) for item in self.items)
        found[self.first.site.slug, "duplicate"] += events * self.sendings - sum(
            isinstance(item, Event) for item in self.different()
        )
        return +found

    def answered(self) -> Counter[str]:
        """What the answers that are seen must say, event by event."""
        found: Counter[str] = Counter()
        seen = self.sendings - self.lost
        for item in self.different():
            if isinstance(item, Stray):
                found[f"rejected {item.reason}"] += seen
                continue
            first = 0 if self.lost else 1
            found["accepted bot" if item.automated else "accepted"] += first
            found["duplicate"] += seen - first
        return +found


# --- The way of a trial -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Going:
    """A page of LinkPro's own is opened, or a link of it followed: that is the event."""

    event: Event
    forwarded: str = ""

    @property
    def path(self) -> str:
        """What is asked for."""
        if link := self.event.more.get("link_id"):
            return f"/l/{link}{self.event.query}"
        return f"/@{self.event.site.username}{self.event.query}"

    @property
    def headers(self) -> dict[str, str]:
        """What the browser says."""
        person = self.event.person
        found = {"User-Agent": person.agent, "Accept-Language": f"{person.language},en;q=0.5"}
        if self.event.referrer:
            found["Referer"] = self.event.referrer
        if self.forwarded:
            found[self.forwarded] = person.address
        if self.event.told.prefetch:
            found["Sec-Purpose"] = "prefetch"
        return found

    @property
    def status(self) -> int:
        """What it is answered with."""
        return 302 if self.event.name == "click" else 200


@dataclass(slots=True)
class Plan:
    """What is sent, in two waves: the second when the first has been counted."""

    first: list[Request] = field(default_factory=list)
    late: list[Request] = field(default_factory=list)
    goings: list[Going] = field(default_factory=list)
    misfits: Sequence[Misfit] = MISFITS

    @property
    def requests(self) -> list[Request]:
        return self.first + self.late


def plan(trial: Trial, forwarded: str) -> Plan:
    """How the trial's events travel; `forwarded` is the header for the addresses of browsers."""
    dice = Dice(trial.seed, "ways")
    found = Plan()
    for visit in trial.visits:
        if visit[0].told.by_going:
            found.goings += [Going(event, forwarded) for event in visit]
        elif visit[0].told.by_browser:
            found.first += _by_browser(visit, dice, forwarded)
    for stray in trial.strays:
        if stray.by_browser:
            alone = stray.text.startswith("{") and dice.happens(0.5)
            found.first.append(Request((stray,), batch=not alone))
    for site in trial.sites:
        told: list[Item] = [
            event for event in trial.events if event.site is site and not event.told.by_browser
        ]
        told += [s for s in trial.strays if s.site is site and not (s.by_browser or s.homeless)]
        dice.random.shuffle(told)
        late = int(len(told) * LATE)
        found.late += _by_server(told[:late], dice)
        found.first += _by_server(told[late:], dice)
    homeless = [s for s in trial.strays if s.homeless and not s.by_browser]
    found.first += [Request((stray,)) for stray in homeless]
    found.first = [_with_faults(request, dice) for request in found.first]
    dice.random.shuffle(found.first)
    found.first.sort(key=lambda request: not request.urgent)
    return found


def _by_browser(visit: list[Event], dice: Dice, forwarded: str) -> Iterator[Request]:
    told = visit[0].told
    request = Request(
        tuple(visit),
        form=FORMS[dice.random.randrange(len(FORMS))],
        path=dice.random.choice(PATHS),
        stamp=dice.random.choice(list(STAMPS)),
        packed=dice.happens(0.2),
        beacon=dice.happens(0.3),
        says_when_sent=not told.on_arrival and (bool(told.ahead) or dice.happens(0.3)),
        forwarded=forwarded,
    )
    if told.ahead or told.on_arrival or dice.happens(0.4):
        yield request
    else:
        yield from (replace(request, items=(event,), batch=dice.happens(0.3)) for event in visit)


def _by_server(items: Sequence[Item], dice: Dice) -> Iterator[Request]:
    start = 0
    while start < len(items):
        size = dice.random.randint(1, LARGEST)
        some = list(items[start : start + size])
        some += [item for item in some if isinstance(item, Event) and dice.happens(DOUBLED)]
        stamp = dice.random.choice(list(STAMPS))
        yield Request(tuple(some), stamp=stamp, packed=dice.happens(0.4))
        start += size


def _with_faults(request: Request, dice: Dice) -> Request:
    """The request with what goes wrong on its way."""
    if any(isinstance(item, Event) and not item.repeatable for item in request.items):
        return request
    if dice.happens(LOST):
        return replace(request, lost=True)
    if dice.happens(TWIN):
        return replace(request, times=2)
    return replace(request, again=dice.happens(AGAIN))


def booked(plan: Plan) -> Counter[tuple[str | None, str]]:
    """What the books must say in the end."""
    found: Counter[tuple[str | None, str]] = Counter()
    for request in plan.requests:
        found += request.booked()
    for going in plan.goings:
        found[going.event.site.slug, "bot" if going.event.automated else "stored"] += 1
    for misfit in plan.misfits:
        found[None, misfit.code] += 1
    return found


def answered(plan: Plan) -> Counter[str]:
    """What the answers must say in the end."""
    found: Counter[str] = Counter()
    for request in plan.requests:
        found += request.answered()
    for going in plan.goings:
        found[f"opened {going.status}"] += 1
    for misfit in plan.misfits:
        found[f"refused {misfit.status} {misfit.code}"] += 1
    return found
