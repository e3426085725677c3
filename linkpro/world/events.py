"""What happened there, and how it is told to the endpoint."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from linkpro.world.people import Person
from linkpro.world.sites import DIRECT, SiteSpec, Source

# A clock that is off by less is believed as it is.
TOLERATED = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Telling:
    """Who tells of an event, and by what clock.

    A server speaks for its visitors, of any day. A browser speaks for itself: its clock may be
    `ahead`, which it gives away by saying when it sends; or it `says` a time that nobody believes
    ("" for none at all), and the event is stored at its arrival.
    """

    by_browser: bool = False
    ahead: timedelta = timedelta()
    says: str | None = None
    prefetch: bool = False  # the browser looks ahead: nobody sees the page
    by_going: bool = False  # nothing tells of it: the page or the link is LinkPro's own

    @property
    def on_arrival(self) -> bool:
        """Whether the event is stored at its arrival."""
        return self.says is not None


BY_SERVER, BY_BROWSER = Telling(), Telling(by_browser=True)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, at a moment in UTC.

    `source` is that of the visit's first event; `more` are fields of what is sent, and replaces
    others: None leaves one out.
    """

    site: SiteSpec
    id: uuid.UUID
    at: datetime
    person: Person
    visit: str
    name: str
    path: str
    query: str = ""
    title: str = ""
    referrer: str = ""
    source: Source = DIRECT
    session: str = ""
    told: Telling = BY_SERVER
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def date(self) -> date:
        """The day of the site's clock."""
        return self.at.astimezone(self.site.clock).date()

    @property
    def automated(self) -> bool:
        """Whether no person did it: it is stored, and counts nowhere."""
        return self.told.prefetch or (self.person.bot and not self.speaks_for)

    @property
    def speaks_for(self) -> bool:
        """Whether a program tells it that says for whom: then its agent makes it no bot."""
        named = bool(self.session or self.more.get("sessionId") or self.more.get("link_id"))
        return named and self.told.by_browser and self.person.browser.bot == "http-library"

    @property
    def converts(self) -> bool:
        """Whether it is a conversion, by its name or by its category."""
        return "conversion" in (self.name, self.more.get("category"))

    def payload(self) -> dict[str, Any]:
        """The event as the endpoint takes it, without what is empty."""
        given = {
            "id": str(self.id),
            "name": self.name,
            "timestamp": self._timestamp(),
            "url": f"{self.site.address}{self.path}{self.query}",
            "title": self.title,
            "referrer": self.referrer,
            "language": self.person.language,
            "screen": self.person.screen,
            "session_id": self.session,
        }
        if not self.told.by_browser:
            given |= {"ip": self.person.address, "user_agent": self.person.agent}
        given |= self.more
        return {name: value for name, value in given.items() if value is not None and value != ""}

    @property
    def repeatable(self) -> bool:
        """Whether the endpoint can recognise it when it comes again."""
        return self.more.get("id", self.id) is not None

    def _timestamp(self) -> str:
        if self.told.says is not None:
            return self.told.says
        off = self.told.ahead if abs(self.told.ahead) > TOLERATED else timedelta()
        return (self.at + off).isoformat()
