"""Send events to an endpoint as a careful client does: keep them until they are taken."""

from __future__ import annotations

import http.client
import json
import random
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10.0
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
TRACK = "/api/track"

KINDS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}


class Refused(Exception):
    """The endpoint answered that it will not take the events, and asking again is no use."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"The endpoint answered {status}: {body[:300]}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Reply:
    """Status (0: nobody answered), text, and how long to wait if the answer says so."""

    status: int = 0
    text: str = ""
    after: float = 0.0

    @property
    def asks_again(self) -> bool:
        """Whether the same may be taken later."""
        return self.status in (0, 408, 429) or self.status >= 500


class Link:
    """One connection to an installation, opened again when it breaks."""

    def __init__(self, url: str) -> None:
        self.parts = urlsplit(url)
        self.connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Reply:
        """The answer; of status 0 when there is none."""
        try:
            answer = self._begin(method, path, body, headers or {})
            text = answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            self.close()
            return Reply()
        after = answer.headers.get("Retry-After", "")
        return Reply(answer.status, text, float(after) if after.isdigit() else 0.0)

    def ask_and_lose(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        """Like a client that goes away when the answer comes: its status is all that is known."""
        try:
            return self._begin("POST", path, body, headers).status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            self.close()

    def _begin(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        if self.connection is None:
            self.connection = KINDS[self.parts.scheme](self.parts.netloc, timeout=TIMEOUT_SECONDS)
        self.connection.request(method, self.parts.path.rstrip("/") + path, body or None, headers)
        return self.connection.getresponse()


class Sender(Link):
    """Sends batches to `POST {url}/api/track` for somebody with a token."""

    def __init__(self, url: str, token: str, stop: threading.Event) -> None:
        super().__init__(url)
        self.token, self.stop = token, stop

    def __enter__(self) -> Sender:
        return self

    def send(self, site_key: str, events: list[dict[str, Any]]) -> None:
        """Returns once the events are taken, or when `stop` is set. Raises `Refused`."""
        body = json.dumps({"site": site_key, "events": events}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        wait = FIRST_WAIT
        while not self.stop.is_set():
            reply = self.ask("POST", TRACK, body, headers)
            if reply.status == 202:
                return
            if not reply.asks_again:
                raise Refused(reply.status, reply.text)
            spread = random.uniform(0.5, 1.0)  # noqa: S311  spreads retries
            self.stop.wait(reply.after or wait * spread)
            wait = min(wait * 2, LONGEST_WAIT)

    def wait_until_alive(self, every: float = 0.3) -> bool:
        """Wait for `GET {url}/livez` to answer 200; False when `stop` was set before."""
        while not self.stop.is_set():
            if self.ask("GET", "/livez").status == 200:
                return True
            self.stop.wait(every)
        return False
