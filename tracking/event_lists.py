"""Single events, newest first, page by page: the clicks of a link, the views of a profile."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Case, F, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.api import Refused
from accounts.models import Site
from accounts.tenancy import Scope
from tracking.agents import PROGRAM
from tracking.models import Event
from tracking.models.events import EventFlag

BOTS = ("exclude", "include", "only")


# --- Which events -------------------------------------------------------------------------------


def events_of(scope: Scope, site: Site) -> QuerySet[Event]:
    """The raw events of a site, each with `is_bot`; without those that a reset is erasing."""
    events = Event.objects.visible_to(scope).filter(site=site)
    if site.reset_at:
        events = events.filter(received_at__gte=site.reset_at)
    automated, speaks_for = (
        F("flags").bitand(int(flag)) for flag in (EventFlag.AUTOMATED, EventFlag.SPEAKS_FOR)
    )
    of_people = Q(agent__isnull=True) | Q(agent__bot="") | Q(agent__bot=PROGRAM, speaks_for__gt=0)
    is_bot = Case(
        When(of_people & Q(automated=0), then=Value(False)),
        default=Value(True),
        output_field=BooleanField(),
    )
    marked = events.annotate(automated=automated, speaks_for=speaks_for)
    return marked.annotate(is_bot=is_bot).select_related("agent")


def with_bots(events: QuerySet[Event], bots: str) -> QuerySet[Event]:
    """People's events only (`exclude`), those of bots as well (`include`), or theirs only."""
    return events if bots == "include" else events.filter(Q(is_bot=bots == "only"))


def of_last_days(events: QuerySet[Event], site: Site, days: int) -> QuerySet[Event]:
    """What happened on the last days of a site, today included."""
    today = site.clock.date_of(timezone.now())
    start = site.clock.bounds(today - timedelta(days=days - 1))[0]
    return events.filter(occurred_at__gte=start, occurred_at__lt=site.clock.bounds(today)[1])


# --- Page by page -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """The event after which a page begins."""

    occurred_at: datetime
    event_id: UUID

    @property
    def text(self) -> str:
        """As it stands in an address."""
        plain = f"{self.occurred_at.isoformat()}|{self.event_id}"
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Place:
        """The place of an address. Raises `Refused` with `cursor_invalid`."""
        try:
            plain = base64.b64decode(text + "=" * (-len(text) % 4), "-_", validate=True).decode()
            moment, _line, event_id = plain.partition("|")
            occurred_at = datetime.fromisoformat(moment)
            if occurred_at.tzinfo is None:
                raise ValueError(moment)
            return cls(occurred_at, UUID(event_id))
        except (ValueError, OverflowError):
            told = _("This is no cursor of ours: begin again without one.")
            raise Refused("cursor_invalid", told) from None


def page_of(events: QuerySet[Event], cursor: str, size: int) -> tuple[Sequence[Event], str | None]:
    """So many events, newest first, and the cursor of the next page (None: there is none).

    Reads no more than the page however deep it lies, and nothing shifts while events come in.
    """
    rows = events.order_by("-occurred_at", "-event_id")
    if cursor:
        after = Place.read(cursor)
        rows = rows.filter(
            Q(occurred_at__lt=after.occurred_at)
            | Q(occurred_at=after.occurred_at, event_id__lt=after.event_id),
            occurred_at__lte=after.occurred_at,  # the index looks at this one
        )
    found = list(rows[: size + 1])
    more = len(found) > size
    last = found[size - 1] if more else None
    return found[:size], Place(last.occurred_at, last.event_id).text if last else None


# --- What is told of an event -------------------------------------------------------------------


def key_text(key: int | None) -> str | None:
    """A key of 64 bits as text: as a number it would lose digits in JavaScript."""
    return None if key is None else f"{key & (2**64 - 1):016x}"


def told(event: Event) -> dict[str, Any]:
    """An event as the lists show it; what was not measured or not kept is None."""
    return {
        "id": str(event.event_id),
        "timestamp": event.occurred_at,
        "session_id": key_text(event.session if event.session is not None else event.visitor),
        "visitor_id": key_text(event.visitor),
        "path": event.path,
        "referrer": event.referrer_host,
        "source": event.source,
        "medium": event.medium,
        "campaign": event.campaign,
        "user_agent": event.agent.text if event.agent else None,
        "browser": event.browser,
        "os": event.os,
        "device": event.device,
        "country": event.country,
        "ip_address": event.ip,
        "is_bot": event.is_bot,  # type: ignore[attr-defined]
        "bot": (event.agent.bot or None) if event.agent else None,
    }
