"""What 1,000 visitors with 30 browsers send, of 50 pages of falling popularity, by 20 referrers."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import msgspec

from bench.place import HOST, SITE_KEY

# So many different events are made before the load begins; a batch is put together of them once.
VARIANTS = 10_000
# What stands where a request writes its own time, as a number and in the ids, and its own number.
_TIME, _TIME_IN_ID, _NUMBER = b"1000000000000", b"tttttttt-tttt", b"n" * 12

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


def _event(chance: random.Random, place: int, agreed: bool) -> bytes:
    """An event as JSON; its id is like the tracker's (UUIDv7), and tells its place in the body."""
    person = {"consent": True, "user_id": f"user-{chance.randrange(1_000)}"} if agreed else {}
    page = chance.choices(PAGES, [1 / rank for rank in range(1, len(PAGES) + 1)])[0]
    tags = (
        "?utm_source=newsletter&utm_medium=email&utm_campaign=may" if chance.random() < 0.1 else ""
    )
    return msgspec.json.encode(
        {
            "site": SITE_KEY,
            "id": f"{_TIME_IN_ID.decode()}-7{place:03x}-8000-{_NUMBER.decode()}",
            "timestamp": int(_TIME),
            "name": "page_view",
            "url": f"https://{HOST}{page}{tags}",
            "title": f"Page {page}",
            "referrer": chance.choice(REFERRERS) if chance.random() < 0.5 else f"https://{HOST}/",
            "screen": chance.choice(SCREENS),
            "language": "de-DE",
            **person,
        }
    )


def _request(chance: random.Random, port: int, batch: int, agreed: bool) -> bytes:
    """One visitor's request with an event, or with a batch of them."""
    events = [_event(chance, place, agreed) for place in range(batch)]
    body = events[0]
    if batch > 1:
        # The site is named once for all; that the events name it again does no harm.
        body = b'{"site":"%b","events":[%b]}' % (SITE_KEY.encode(), b",".join(events))
    visitor = chance.randrange(1_000)
    head = (
        f"POST /api/track HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: https://{HOST}\r\n"
        f"Referer: https://{HOST}/\r\nX-Forwarded-For: {_address(visitor)}\r\n"
        f"User-Agent: {AGENTS[visitor % len(AGENTS)]}\r\nAccept: */*\r\n"
        f"Accept-Language: {chance.choice(LANGUAGES)}\r\nAccept-Encoding: gzip, deflate, br\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _address(visitor: int) -> str:
    return f"{80 + visitor % 10}.{visitor % 200}.{visitor // 10}.7"


def visits(port: int, path: str) -> Iterator[bytes]:
    """Requests of browsers for one page without end, of 1,000 visitors."""
    chance = random.Random(7)
    made = [
        (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Referer: {chance.choice(REFERRERS)}\r\nX-Forwarded-For: {_address(visitor)}\r\n"
            f"User-Agent: {AGENTS[visitor % len(AGENTS)]}\r\nAccept: text/html\r\n"
            f"Accept-Language: {chance.choice(LANGUAGES)}\r\n"
            "Accept-Encoding: gzip, deflate, br\r\n\r\n"
        ).encode()
        for visitor in range(1_000)
    ]
    while True:
        yield from made


def requests(port: int, batch: int, agreed: bool = False) -> Iterator[bytes]:
    """Requests without end, of one event each or of a batch.

    They are made beforehand but for times and ids, which are written over: the load shares the
    machine with what it measures and has to be cheap.
    """
    chance = random.Random(7)
    made = [_request(chance, port, batch, agreed) for _n in range(VARIANTS // batch)]
    number = 0
    while True:
        number += 1
        now = int(time.time() * 1000)
        in_id = b"%08x-%04x" % (now >> 16, now & 0xFFFF)
        request = made[number % len(made)].replace(_TIME, b"%d" % now)
        yield request.replace(_TIME_IN_ID, in_id).replace(_NUMBER, b"%012x" % number)
