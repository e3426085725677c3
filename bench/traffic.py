"""What 1,000 visitors with 30 browsers send, of 50 pages of falling popularity, by 20 referrers."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from bench.place import HOST, SITE_KEY

VARIANTS = 5_000
_ID, _TIME = "i" * 36, 10**12  # what stands where each event's own id and time will stand

_SYSTEMS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "Linux; Android 10; K",
    "iPhone; CPU iPhone OS 18_5 like Mac OS X",
)
AGENTS = [
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 "
    f"{'Mobile ' if 'Android' in system or 'iPhone' in system else ''}Safari/537.36"
    for system in _SYSTEMS
    for version in range(136, 142)
]
PAGES = [f"/{word}/{n}" for word in ("shop", "blog", "help", "about", "offer") for n in range(10)]
REFERRERS = [
    "https://www.google.com/", "https://www.bing.com/", "https://duckduckgo.com/",
    "https://t.co/x", "https://www.instagram.com/", "https://l.facebook.com/",
    "https://www.linkedin.com/", "https://chatgpt.com/",
    *(f"https://friend{n}.example/links" for n in range(12)),
]  # fmt: skip
SCREENS = ["1440x900", "1920x1080", "390x844", "412x915", "2560x1440"]
LANGUAGES = ["de-DE,de;q=0.9", "en-US,en;q=0.9", "fr-FR", "es-ES,es;q=0.8", "pt-BR"]


@dataclass
class Variant:
    """A request but for the id and the time of its event."""

    head: bytes
    before_id: bytes
    before_time: bytes
    after: bytes

    def event(self, id: str, at: int) -> bytes:
        """The event as JSON."""
        return b"%b%b%b%d%b" % (self.before_id, id.encode(), self.before_time, at, self.after)


def _variant(chance: random.Random, port: int) -> Variant:
    page = chance.choices(PAGES, [1 / rank for rank in range(1, len(PAGES) + 1)])[0]
    tags = (
        "?utm_source=newsletter&utm_medium=email&utm_campaign=may" if chance.random() < 0.1 else ""
    )
    event = {
        "site": SITE_KEY,
        "id": _ID,
        "timestamp": _TIME,
        "name": "page_view",
        "url": f"https://{HOST}{page}{tags}",
        "title": f"Page {page}",
        "referrer": chance.choice(REFERRERS) if chance.random() < 0.5 else f"https://{HOST}/",
        "screen": chance.choice(SCREENS),
        "language": "de-DE",
    }
    visitor = chance.randrange(1_000)
    address = f"{80 + visitor % 10}.{visitor % 200}.{visitor // 10}.7"
    head = (
        f"POST /api/track HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: https://{HOST}\r\n"
        f"Referer: https://{HOST}/\r\nX-Forwarded-For: {address}\r\n"
        f"User-Agent: {AGENTS[visitor % len(AGENTS)]}\r\nAccept: */*\r\n"
        f"Accept-Language: {chance.choice(LANGUAGES)}\r\nAccept-Encoding: gzip, deflate, br\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    )
    before, _, rest = msgspec.json.encode(event).partition(_ID.encode())
    middle, _, after = rest.partition(str(_TIME).encode())
    return Variant(head.encode(), before, middle, after)


def _ids() -> Iterator[str]:
    """Ids as the tracker makes them (UUIDv7), one after the other."""
    start = (int(time.time() * 1000) << 80) + (7 << 76) + (2 << 62) + (random.getrandbits(40) << 22)
    while True:
        yield str(uuid.UUID(int=start))
        start += 1


def requests(port: int, batch: int) -> Iterator[bytes]:
    """Requests without end, of one event each or of a batch."""
    chance, ids = random.Random(7), _ids()
    variants = [_variant(chance, port) for _n in range(VARIANTS)]
    while True:
        at = int(time.time() * 1000)
        chosen = chance.choices(variants, k=batch)
        events = [variant.event(next(ids), at) for variant in chosen]
        body = events[0]
        if batch > 1:
            # The site is named once for all; that the events name it again does no harm.
            body = b'{"site":"%b","events":[%b]}' % (SITE_KEY.encode(), b",".join(events))
        yield b"%b%d\r\n\r\n%b" % (chosen[0].head, len(body), body)
