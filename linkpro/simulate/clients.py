"""Many clients at once, and what they are answered."""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from collections.abc import Iterable, Sequence

from linkpro.sender import FIRST_WAIT, TRACK, Link, Reply
from linkpro.simulate.place import Place
from linkpro.simulate.requests import Going, Request
from linkpro.world.strays import Misfit

PATIENCE = 20  # tries


class Unreachable(Exception):
    """The endpoint did not answer for a long time."""


class Clients:
    """Send requests over several connections; `answers` counts what becomes of their events.

    What a client is asked to send later (429) or hears nothing of, it sends again; an answer of
    500 or more is counted as well, since there is no reason for it.
    """

    def __init__(self, url: str, place: Place, number: int) -> None:
        self.url, self.place, self.number = url, place, number
        self.answers: Counter[str] = Counter()
        self.waiting: deque[tuple[Request, bool]] = deque()
        self.failure: Exception | None = None
        self.lock = threading.Lock()

    def send(self, requests: Iterable[Request]) -> None:
        """Send each as often as its faults say. Raises `Unreachable`."""
        for request in requests:
            self.waiting.extend([(request, request.lost)] * request.times)
        self._run()

    def send_again(self, requests: Iterable[Request]) -> None:
        """Send some once more."""
        self.waiting.extend((request, False) for request in requests)
        self._run()

    def go(self, goings: Iterable[Going]) -> None:
        """Open pages and follow links; who only asks what is there (HEAD) is not counted."""
        with Link(self.url) as link:
            for going in goings:
                for method in ("HEAD", "GET"):
                    reply = link.ask(method, going.path, b"", going.headers)
                self.answers[f"opened {reply.status}"] += 1

    def misfit(self, misfits: Sequence[Misfit]) -> None:
        """Send what cannot be used, and count how it is refused."""
        with Link(self.url) as link:
            for misfit in misfits:
                headers = {"Content-Type": "application/json", **misfit.headers}
                if misfit.reading_token:
                    headers["Authorization"] = f"Bearer {self.place.reading}"
                reply = link.ask("POST", TRACK, misfit.body, headers)
                self.answers[f"refused {reply.status} {code_of(reply)}"] += 1

    def _run(self) -> None:
        threads = [threading.Thread(target=self._work, daemon=True) for _n in range(self.number)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        finally:  # also when it is interrupted, nothing is on its way any more
            self.waiting.clear()
            for thread in threads:
                thread.join()
        if self.failure:
            raise self.failure

    def _work(self) -> None:
        try:
            with Link(self.url) as link:
                while self.waiting and not self.failure:
                    try:
                        request, lost = self.waiting.popleft()
                    except IndexError:
                        return
                    self._deliver(link, request, lost)
        except Exception as error:  # noqa: BLE001  raised where the threads are waited for
            self.failure = error

    def _deliver(self, link: Link, request: Request, lost: bool) -> None:
        if lost:
            body, headers = request.body(self.place), request.headers(self.place)
            status = link.ask_and_lose(request.path, body, headers)
            if status not in (202, 400):
                self._count([f"status {status}"])
        for _try in range(PATIENCE):
            body, headers = request.body(self.place), request.headers(self.place)
            reply = link.ask("POST", request.path, body, headers)
            if not reply.asks_again:
                return self._count(said(reply, request))
            if reply.status != 429:
                self._count([f"status {reply.status}"])
            threading.Event().wait(reply.after or FIRST_WAIT)
        raise Unreachable(f"{self.url} answers {reply.status} and goes on doing so.")

    def _count(self, answers: Iterable[str]) -> None:
        with self.lock:
            self.answers.update(answers)


def code_of(reply: Reply) -> str:
    """The code of a refusal, or "" where the answer has none."""
    try:
        return json.loads(reply.text)["code"]
    except (ValueError, KeyError, TypeError):
        return ""


def said(reply: Reply, request: Request) -> list[str]:
    """What an answer says of each event."""
    if reply.status == 202:
        results = json.loads(reply.text)["results"].values()
        return [f"{end['result']} {end.get('reason', '')}".strip() for end in results]
    if reply.status == 400 and len(request.items) == 1:
        return [f"rejected {code_of(reply)}"]
    return [f"status {reply.status} {code_of(reply)}"]
