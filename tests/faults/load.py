"""Senders that behave as the tracker must, in a process of their own, with a ledger.

    python -m tests.faults.load '{"port": 8000, "ledger": "/tmp/ledger", "sites": ["KEY"]}'

A sender keeps its events until an answer names them: on 503, 429 and on every broken connection it
sends the same ids again. SIGTERM ends the making of new events; the process ends when every event
has its answer, or after `drain` seconds. Waits are `hurry` times as long as `Retry-After` asks for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any
from uuid import UUID

from tests.faults.ledger import Line, Pen

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
UNKNOWN = "nobodys"  # the key of no site
ANSWER_SECONDS = 25.0


@dataclass
class Options:
    """How much of what is sent where."""

    port: int
    ledger: str
    sites: list[str]
    seed: int = 0
    senders: int = 8
    pause: float = 0.02  # seconds between two requests of a sender
    seconds: float = 600.0
    drain: float = 40.0
    hurry: float = 0.1
    twins: bool = False  # two senders each send the same events, as two tabs with one queue do
    repeats: float = 0.05  # share of requests that are sent again after their answer
    bad: float = 0.04  # share of requests that are to be refused


@dataclass
class Request:
    """Events that travel together until they have their answer."""

    site: str
    events: list[dict[str, Any]]
    bad: set[str]
    agent: str
    address: str
    due: float = 0.0

    def lines(self, what: str, words: dict[str, str] | str) -> list[Line]:
        """A line of the ledger for each event that the words name."""
        now = time.time()
        ids = [event["id"] for event in self.events]
        if isinstance(words, str):
            return [Line(now, what, self.site, name, words) for name in ids]
        return [Line(now, what, self.site, name, words[name]) for name in ids if name in words]


@dataclass
class Pages:
    """What happens on the sites, by the dice alone: equal dice make equal events."""

    dice: Random
    options: Options
    made: int = 0
    began: int = field(default_factory=lambda: int(time.time() * 1000))

    def request(self) -> Request:
        """The next events, single or together, for one of the sites."""
        self.made += 1
        dice = self.dice
        site = dice.choice(self.options.sites)
        size = 1 if dice.random() < 0.5 else dice.randint(2, 20)
        events = [self.event(site) for _n in range(size)]
        bad: set[str] = set()
        if size > 2 and dice.random() < 0.1:
            events.append(dict(events[0]))  # the same id twice in one request
        if dice.random() < self.options.bad:
            bad.add(events[-1]["id"] if size == 1 else events[1]["id"])
            events[-1 if size == 1 else 1]["props"] = {"text": "x" * 9_000}
        elif dice.random() < self.options.bad / 2:
            site, bad = UNKNOWN, {event["id"] for event in events}
            for event in events:
                event.pop("url")
        agent = GOOGLEBOT if dice.random() < 0.05 else CHROME
        return Request(
            site, events, bad, agent, f"84.160.{dice.randint(0, 3)}.{dice.randint(1, 9)}"
        )

    def event(self, site: str) -> dict[str, Any]:
        """One event; its label names its request, so that it can be told which came together."""
        dice = self.dice
        found: dict[str, Any] = {
            "id": self.uuid7(),
            "name": dice.choice(["page_view", "page_view", "page_view", "click", "conversion"]),
            "url": f"https://{site}.example/{dice.randint(1, 40)}?utm_source=s{dice.randint(1, 5)}",
            "label": f"{self.options.seed}-{self.made}-{dice.random()}",
        }
        if dice.random() < 0.1:  # from a queue of the days before
            found["timestamp"] = time.time() - dice.uniform(0, 3 * 86_400)
        return found

    def uuid7(self) -> str:
        """A time-ordered id of the dice's making."""
        at = self.began + self.made
        return str(UUID(int=at << 80 | 7 << 76 | 2 << 62 | self.dice.getrandbits(62)))


class Wire:
    """One connection that is kept open, and made anew when it breaks."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.answered = 0  # answers on this connection

    async def post(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer. Raises `OSError`, `EOFError`."""
        if self.ends is not None and self.ends[0].at_eof():
            self.close()  # the other side has said goodbye meanwhile
        if self.ends is None:
            self.answered = 0
            self.ends = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.ends
        body = json.dumps({"site": request.site, "events": request.events}).encode()
        if len(request.events) == 1:
            body = json.dumps({"site": request.site, **request.events[0]}).encode()
        head = (
            f"POST /api/track HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"User-Agent: {request.agent}\r\nX-Forwarded-For: {request.address}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = {n.lower(): v.strip() for n, _colon, v in (x.partition(":") for x in rest)}
        answer = await reader.readexactly(int(headers["content-length"]))
        self.answered += 1
        if headers.get("connection") == "close":
            self.close()
        return int(first.split()[1]), headers, answer

    def close(self) -> None:
        """Forget this connection."""
        if self.ends is not None:
            self.ends[1].transport.abort()
            self.ends = None


def wanting(status: int, headers: dict[str, str]) -> str:
    """What an answer lacks that sends its events back (I11)."""
    if status not in (429, 503):
        return f"status {status}"
    if not headers.get("retry-after", "").isdigit():
        return f"{status} without Retry-After"
    if headers.get("access-control-allow-origin") != "*":
        return f"{status} without Access-Control-Allow-Origin"
    if "retry-after" not in headers.get("access-control-expose-headers", "").lower():
        return f"{status} hides Retry-After from pages"
    return ""


class Sender:
    """One visitor's queue."""

    def __init__(self, number: int, options: Options, pen: Pen, began: int) -> None:
        self.options, self.pen = options, pen
        seed = number // 2 if options.twins else number
        self.pages = Pages(Random(f"{options.seed} {seed}"), options, began=began)
        self.dice = Random(f"{options.seed} sender {number}")
        self.wire = Wire(options.port)
        self.kept: deque[Request] = deque()
        self.answered: deque[Request] = deque(maxlen=50)
        self.stopping = False

    def next(self) -> Request | None:
        """What is due again, else something new; nothing when there is nothing to do."""
        if self.kept and self.kept[0].due <= time.monotonic():
            return self.kept.popleft()
        if self.stopping:
            return None
        if self.answered and self.dice.random() < self.options.repeats:
            return self.dice.choice(self.answered)
        return self.pages.request()

    async def run(self) -> None:
        """Until told to stop and every event has its answer, or `drain` is over."""
        until = float("inf")
        while not self.stopping or (self.kept and time.monotonic() < until):
            if self.stopping:
                until = min(until, time.monotonic() + self.options.drain)
            if request := self.next():
                await self.deliver(request)
            await asyncio.sleep(self.options.pause * self.dice.uniform(0.5, 1.5))
        for request in self.kept:
            self.pen.write(request.lines("gave-up", ""))
        self.wire.close()

    async def deliver(self, request: Request) -> None:
        """Send once and note what came back."""
        kinds = {e["id"]: "bad" if e["id"] in request.bad else "good" for e in request.events}
        self.pen.write(request.lines("sent", kinds))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status, headers, body = await self.wire.post(request)
        except (OSError, EOFError, TimeoutError) as error:
            self.keep(request, self.dice.uniform(0.05, 0.3))
            self.pen.write([Line(time.time(), "cut", request.site, "", self.kind_of(error))])
            self.wire.close()
            return
        if status in (202, 400):
            self.note(request, status, json.loads(body))
            return
        if lack := wanting(status, headers):
            self.pen.write([Line(time.time(), "breach", request.site, "", f"{lack}: {body!r}")])
        self.pen.write([Line(time.time(), "status", request.site, "", str(status))])
        wait = headers.get("retry-after", "")
        self.keep(request, self.options.hurry * (int(wait) if wait.isdigit() else 1))

    def kind_of(self, error: Exception) -> str:
        """A connection may end between two requests; the next one then learns it too late."""
        if isinstance(error, TimeoutError):
            return "hung"
        if isinstance(error, ConnectionRefusedError):
            return "refused"
        return "stale" if self.wire.answered else "cut"

    def keep(self, request: Request, seconds: float) -> None:
        request.due = time.monotonic() + seconds
        self.kept.append(request)

    def note(self, request: Request, status: int, body: dict[str, Any]) -> None:
        """Forget what the answer names; say what it says."""
        if status == 400:
            ends = {event["id"]: f"rejected:{body['code']}" for event in request.events}
        else:
            ends = {
                name: f"rejected:{end['reason']}" if end["result"] == "rejected" else end["result"]
                for name, end in body["results"].items()
            }
        seen: set[str] = set()
        lines = []
        now = time.time()
        for event in request.events:  # of an id that came twice, the second is a duplicate
            if word := ends.get(event["id"]):
                word = "duplicate" if word == "accepted" and event["id"] in seen else word
                lines.append(Line(now, "answer", request.site, event["id"], word))
            seen.add(event["id"])
        wrong = [
            f"{event['id']} is answered {ends.get(event['id'])}"
            for event in request.events
            if (event["id"] in request.bad) != ends.get(event["id"], "").startswith("rejected:")
            or event["id"] not in ends
        ]
        self.pen.write([*lines, *(Line(now, "breach", request.site, "", text) for text in wrong)])
        self.answered.append(request)


async def send(options: Options) -> None:
    """All senders side by side."""
    pen, began = Pen(options.ledger), int(time.time() * 1000)
    senders = [Sender(number, options, pen, began) for number in range(options.senders)]

    def stop() -> None:
        for sender in senders:
            sender.stopping = True

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.call_later(options.seconds, stop)
    await asyncio.gather(*(sender.run() for sender in senders))


def as_words(options: Options) -> str:
    """The options as the argument of this program."""
    return json.dumps(asdict(options))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(send(Options(**json.loads(sys.argv[1]))))
