"""What must hold after every fault. Each function returns what is wrong, in words; docs/faults.md
tells the invariants in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.faults.ledger import Event, Ledger
from tests.faults.place import Place, until

LAG_SECONDS = 60.0
KEPT = ("stored", "bot")


@dataclass
class Books:
    """What LinkPro says: its events and its counters, of some sites."""

    sites: dict[str, int]
    before: Counter[str]  # refusals of no site, counted before the test
    events: Counter[Event] = field(default_factory=Counter)
    keys: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(cls, place: Place, sites: dict[str, int], before: Counter[str]) -> Books:
        """All that concerns these sites, and the refusals of no site."""
        books = cls(sites, before)
        names = {number: key for key, number in sites.items()}
        numbers = list(names)
        rows = place.ask(
            "SELECT site_id, event_id::text, count(*) FROM tracking_event"
            " WHERE site_id = ANY(%s) GROUP BY 1, 2",
            [numbers],
        )
        books.events.update({(names[number], event): n for number, event, n in rows})
        keys = "SELECT count(*) FROM tracking_eventkey WHERE site_id = ANY(%s)"
        ((books.keys,),) = place.ask(keys, [numbers])
        outcomes = (
            "SELECT reason, sum(n)::int FROM tracking_outcome WHERE site_id = ANY(%s) GROUP BY 1"
        )
        books.outcomes.update(dict(place.ask(outcomes, [numbers])))
        books.outcomes += refusals_of_no_site(place) - before
        return books


def refusals_of_no_site(place: Place) -> Counter[str]:
    """Refused events that name no known site, by reason."""
    query = "SELECT reason, sum(n)::int FROM tracking_outcome WHERE site_id IS NULL GROUP BY 1"
    return Counter(dict(place.ask(query)))


def _some(problem: str, events: Iterable[Event]) -> list[str]:
    found = sorted(events)
    return [f"{len(found)} {problem}, as {found[0]}"] if found else []


def acknowledged_are_stored(ledger: Ledger, books: Books) -> list[str]:
    """I1: accepted and duplicate events are stored, refused ones and invented ones are not."""
    stored = set(books.events)
    return [
        *_some("acknowledged events are not stored", ledger.kept - stored),
        *_some("refused events are stored", ledger.refused & stored),
        *_some("stored events were never sent", stored - set(ledger.sent)),
    ]


def no_duplicates(place: Place, ledger: Ledger, books: Books) -> list[str]:
    """I2: one row an id, one acceptance an id, a valid unique index, whole batches."""
    twice = {event for event, n in books.events.items() if n > 1}
    welcomed = {e for e, words in ledger.answers.items() if words.count("accepted") > 1}
    indexes = place.ask(
        "SELECT c.relname, bool_or(i.indisvalid) FROM pg_class c LEFT JOIN pg_index i"
        " ON i.indrelid = c.oid AND i.indisunique AND i.indisvalid"
        " WHERE c.relname LIKE 'tracking_eventkey%%' AND c.relkind IN ('r', 'p') GROUP BY 1",
        [],
    )
    # The rows of one request are stored by one transaction, or they would differ in their arrival.
    torn = place.ask(
        "SELECT split_part(label, '-', 2) FROM tracking_event WHERE site_id = ANY(%s)"
        " GROUP BY site_id, label HAVING count(DISTINCT received_at) > 1",
        [list(books.sites.values())],
    )
    return [
        *_some("events are stored twice", twice),
        *_some("events were accepted twice", welcomed),
        *(f"{name} has no valid unique index" for name, valid in indexes if not valid),
        *(f"{len(torn)} requests are stored in parts" for _one in torn[:1]),
    ]


def books_balance(ledger: Ledger, books: Books) -> list[str]:
    """I3: what was sent, what was answered, what is stored and what was counted agree."""
    found = []
    unanswered = set(ledger.sent) - set(ledger.answers)
    found += _some("events have no final answer", unanswered)
    kept = sum(books.outcomes[reason] for reason in KEPT)
    if not kept == len(books.events) == books.keys:
        found.append(f"counted {kept}, stored {len(books.events)}, ids {books.keys}")
    if not unanswered and set(books.events) != ledger.kept:
        found.append(f"stored {len(books.events)}, acknowledged {len(ledger.kept)}")
    # A request whose answer was lost, or was 503 for want of knowledge, may have been counted:
    # so answered <= counted <= sent, and no more than that can be told.
    counted, sent = books.outcomes.total(), ledger.sent.total()
    answered = ledger.count("answer")
    if not answered <= counted <= sent:
        found.append(f"sent {sent}, counted {counted}, answered {answered}")
    if not ledger.count("cut") and not ledger.count("status") and answered != counted:
        found.append(f"nothing was lost, yet counted {counted} and answered {answered}")
    words = Counter(word for words in ledger.answers.values() for word in words)
    for word, n in words.items():
        reason = word.partition(":")[2] or word
        if reason != "accepted" and books.outcomes[reason] < n:
            found.append(f"{reason}: counted {books.outcomes[reason]}, answered {n}")
    return found


def statistics_agree(place: Place, books: Books) -> list[str]:
    """I4: every rebuilt day equals a fresh count of its events."""
    told = place.inside("recount", *books.sites.values())
    return [
        f"statistics of {day} were never made" if rows is None else f"{rows} rows of {day} differ"
        for day, rows in told["wrong"].items()
    ]


def days_are_rebuilt(place: Place, sites: dict[str, int]) -> list[str]:
    """I5: the worker rebuilds every marked day within a minute, by itself."""
    query = "SELECT count(*) FROM tracking_dirtyday WHERE site_id = ANY(%s)"

    def none_left() -> bool:
        return place.ask(query, [list(sites.values())]) == [(0,)]

    try:
        until(none_left, LAG_SECONDS)
    except AssertionError:
        return [f"days wait longer than {LAG_SECONDS:.0f} s for their rebuild"]
    return []


def answers_are_lawful(ledger: Ledger) -> list[str]:
    """I11: only what a tracker understands, and 429 and 503 say when to come back."""
    texts = [line.word for line in ledger.lines if line.what == "breach"]
    return [f"{len(texts)} unlawful answers, as {texts[0]}"] if texts else []


def broken(place: Place, ledger: Ledger, sites: dict[str, int], before: Counter[str]) -> list[str]:
    """All invariants, once the load has ended; empty when all hold."""
    late = days_are_rebuilt(place, sites)
    books = Books.read(place, sites, before)
    return [
        *late,
        *acknowledged_are_stored(ledger, books),
        *no_duplicates(place, ledger, books),
        *books_balance(ledger, books),
        *([] if late else statistics_agree(place, books)),
        *answers_are_lawful(ledger),
    ]
