from tracking.models.events import Agent, DirtyDay, Event, EventKey, Outcome, Rejected, Session

__all__ = ["Agent", "DirtyDay", "Event", "EventKey", "Outcome", "Rejected", "Session"]
