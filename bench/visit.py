"""Somebody signed in who opens pages, one after the other, over one connection."""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass, field
from typing import Any

from bench.measure import Cost, spent
from bench.place import Place


@dataclass
class Timings:
    """Answers to one address: how long each took, and what all cost."""

    milliseconds: list[float] = field(default_factory=list)
    cost: Cost = field(default_factory=Cost)
    given_up: bool = False  # the server said that it takes too long: it is not asked again

    def quantile(self, part: float) -> float:
        """The time in ms that so large a part of the answers did not exceed."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))]

    @property
    def median(self) -> float:
        """In ms."""
        return self.quantile(0.5)


def sign_in(tenant: Any) -> str:
    """The cookie of an owner of the tenant."""
    from django.conf import settings
    from django.test import Client

    from accounts.models import Membership, User
    from accounts.roles import Role

    user = User.objects.create_user(f"{tenant.pk}@bench.example", None)
    Membership.objects.create(user=user, tenant=tenant, role=Role.OWNER)
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


class Reader:
    """The connection to a server, with the cookie of somebody signed in."""

    def __init__(self, port: int, cookie: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=900)
        self.headers = {"Cookie": cookie, "Accept": "text/html"}

    def get(self, path: str) -> bytes | None:
        """The body of the answer, which must be 200; None for 503: it takes too long."""
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status == 503:
            return None
        if answer.status != 200:
            raise SystemExit(f"{path} was answered {answer.status}: {body[:500]!r}")
        return body

    def repeat(
        self, path: str, timings: Timings, place: Place, pid: int, times: int, budget: float
    ) -> None:
        """Open a page so many times, or as often as the seconds allow, but at least once."""
        until = time.perf_counter() + budget
        with spent(place.postmaster, web=pid) as cost:
            for _n in range(0 if timings.given_up else times):
                began = time.perf_counter()
                timings.given_up = self.get(path) is None
                timings.milliseconds.append((time.perf_counter() - began) * 1000)
                if timings.given_up or time.perf_counter() > until:
                    break
        timings.cost.add(cost)
