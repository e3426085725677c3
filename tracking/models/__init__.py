from tracking.models.events import Agent, DirtyDay, Event, EventKey, Outcome, Rejected, Session
from tracking.models.links import Link, LinkProfile

__all__ = [
    "Agent",
    "DirtyDay",
    "Event",
    "EventKey",
    "Link",
    "LinkProfile",
    "Outcome",
    "Rejected",
    "Session",
]
