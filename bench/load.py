"""The load: connections that each send the next request when the last one is answered.

A program of our own rather than `wrk`: it needs no installation, it sends batches too, and it waits
for the last answers, so that what was acknowledged must agree with what is stored to the event. It
runs as a process of its own; its CPU time is told apart.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import uvloop

from bench import traffic


@dataclass
class Result:
    """What the senders saw."""

    acknowledged: int = 0  # events of requests that were answered as they should be
    refused: int = 0  # requests answered otherwise
    seconds: float = 0.0
    cpu_seconds: float = 0.0  # of the load itself
    p50_ms: float = 0.0
    p99_ms: float = 0.0

    @property
    def rate(self) -> float:
        """Acknowledged events a second."""
        return self.acknowledged / self.seconds


@dataclass
class Course:
    """A course of load while it runs."""

    requests: Iterator[bytes]
    until: float
    milliseconds: list[float] = field(default_factory=list)
    refused: int = 0


class Sender(asyncio.Protocol):
    """One connection."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.done = asyncio.get_running_loop().create_future()
        self.answer = b""
        self.sent_at = 0.0

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self.transport = transport
        self._send()

    def _send(self) -> None:
        if time.perf_counter() >= self.course.until:
            self.transport.close()
            return
        self.answer = b""
        request = next(self.course.requests)
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Note the answer once it is complete, and send the next request."""
        self.answer += data
        head, end, body = self.answer.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if not end or len(body) < int(length):
            return
        if head[9:12] in (b"200", b"202", b"302"):
            self.course.milliseconds.append((time.perf_counter() - self.sent_at) * 1000)
        else:
            self.course.refused += 1
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        """The end; what was on its way then is neither acknowledged nor refused."""
        self.done.set_result(None)


async def _run(
    port: int, seconds: float, connections: int, batch: int, path: str, agreed: bool
) -> Result:
    requests = traffic.visits(port, path) if path else traffic.requests(port, batch, agreed)
    next(requests)  # makes the variants
    began, cpu = time.perf_counter(), time.process_time()
    course = Course(requests, began + seconds)
    loop = asyncio.get_running_loop()
    senders = []
    for _n in range(connections):
        _transport, sender = await loop.create_connection(lambda: Sender(course), "127.0.0.1", port)
        senders.append(sender)
    await asyncio.gather(*(sender.done for sender in senders))
    took, waits = time.perf_counter() - began, sorted(course.milliseconds) or [0.0]
    return Result(
        acknowledged=len(course.milliseconds) * batch,
        refused=course.refused,
        seconds=took,
        cpu_seconds=time.process_time() - cpu,
        p50_ms=waits[len(waits) // 2],
        p99_ms=waits[len(waits) * 99 // 100],
    )


def run(
    port: int,
    seconds: float,
    connections: int = 64,
    batch: int = 1,
    path: str = "",
    *,
    agreed: bool = False,
) -> Result:
    """Send events for so many seconds, or ask for a path, from a process of its own.

    `agreed`: they are of people who agreed to be recognised.
    """
    words = [str(word) for word in (port, seconds, connections, batch, path, int(agreed))]
    command = [sys.executable, "-m", "bench.load", *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Result(**json.loads(done.stdout))


if __name__ == "__main__":
    port, seconds, connections, batch, path, agreed = sys.argv[1:]
    course = _run(int(port), float(seconds), int(connections), int(batch), path, bool(int(agreed)))
    print(json.dumps(asdict(uvloop.run(course))))
