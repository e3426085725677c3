"""Clicks on links and views of profiles, sent by programs: the doors of Django."""

from __future__ import annotations

from typing import Any

from tracking.ingest import wire
from tracking.views import TrackView


class ClickView(TrackView):
    """Send clicks on links with POST: `link_id` is the link's id, or its short name.

    `session_id`, `timestamp`, `referrer` and `id` may stand beside it; `ip` and `user_agent` of the
    person are believed from a token with the scope `ingest`. Answers are those of `/api/track`;
    `link_unknown` and `link_missing` are its own. Several clicks go as `{"events": [...]}`.
    """

    kind = wire.CLICK
    example: dict[str, Any] = {
        "link_id": 1,
        "session_id": "your own name of the visit",
        "referrer": "https://www.instagram.com/",
    }


class ProfileViewView(TrackView):
    """Send views of profiles with POST: `profile_id` is the profile's id, or its username.

    `session_id`, `timestamp`, `referrer`, `title`, `url` and `id` may stand beside it; `ip` and
    `user_agent` of the person are believed from a token with the scope `ingest`. Answers are those
    of `/api/track`; `profile_unknown` and `profile_missing` are its own. Several views go as
    `{"events": [...]}`.
    """

    kind = wire.VIEW
    example: dict[str, Any] = {
        "profile_id": 1,
        "session_id": "your own name of the visit",
        "referrer": "https://www.instagram.com/",
    }
