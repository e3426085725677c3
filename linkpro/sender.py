"""Send events to an endpoint as a careful client does: keep them until they are taken."""

from __future__ import annotations

import http.client
import json
import random
import threading
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10.0
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0

KINDS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}


class Refused(Exception):
    """The endpoint answered that it will not take the events, and asking again is no use."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"The endpoint answered {status}: {body[:300]}")
        self.status = status


class Sender:
    """One connection to `POST {url}/api/track`, opened again when it breaks."""

    def __init__(self, url: str, token: str, stop: threading.Event) -> None:
        self.parts, self.token, self.stop = urlsplit(url), token, stop
        self.link: http.client.HTTPConnection | None = None

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self.link is not None:
            self.link.close()
            self.link = None

    def send(self, site_key: str, events: list[dict[str, Any]]) -> None:
        """Returns once the events are taken, or when `stop` is set. Raises `Refused`."""
        body = json.dumps({"site": site_key, "events": events}).encode()
        wait = FIRST_WAIT
        while not self.stop.is_set():
            status, text, after = self._post(body)
            if status == 202:
                return
            if status not in (0, 408, 429) and status < 500:
                raise Refused(status, text)
            self.stop.wait(after or wait * random.uniform(0.5, 1.0))  # noqa: S311  spreads retries
            wait = min(wait * 2, LONGEST_WAIT)

    def _post(self, body: bytes) -> tuple[int, str, float]:
        """Status (0: nobody answered), text, and how long to wait if the answer says so."""
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self.token}",
        }
        try:
            return self._ask("POST", "/api/track", body, headers)
        except (OSError, http.client.HTTPException):
            self.close()
            return 0, "", 0.0

    def _ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, str, float]:
        if self.link is None:
            self.link = KINDS[self.parts.scheme](self.parts.netloc, timeout=TIMEOUT_SECONDS)
        self.link.request(method, self.parts.path.rstrip("/") + path, body or None, headers or {})
        answer = self.link.getresponse()
        text = answer.read().decode("utf-8", "replace")
        after = answer.headers.get("Retry-After", "")
        return answer.status, text, float(after) if after.isdigit() else 0.0

    def wait_until_alive(self, every: float = 0.3) -> bool:
        """Wait for `GET {url}/livez` to answer 200; False when `stop` was set before."""
        while not self.stop.is_set():
            try:
                if self._ask("GET", "/livez")[0] == 200:
                    return True
            except (OSError, http.client.HTTPException):
                self.close()
            self.stop.wait(every)
        return False
