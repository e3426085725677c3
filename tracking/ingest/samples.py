"""What is kept of a refused event, so that people can see what went wrong and send it again.

Never whom it is about: addresses, agents, session ids, what stands behind `?` in a URL, e-mail
addresses and long numbers are taken out before anything is written down. A few samples of a site,
an hour and a reason are enough; all are counted.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from tracking import pages
from tracking.ingest.fields import event_id, mended
from tracking.ingest.wire import name_of

MOST_OF_A_KIND = 5  # of one site, hour and reason
MAX_SAMPLE = 6_553  # a tenth of the largest event
MAX_TEXT = 512
MAX_DEPTH = 8
_OF_PEOPLE = frozenset({"ip", "user_agent", "session_id", "sessionId", "visitor", "user_id"})
_URLS = frozenset({"url", "path", "referrer"})
_E_MAIL = re.compile(r"[^\s@/?&=]{1,64}(?:@|%40)[^\s@/?&=]{1,255}")
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}\b")
_LONG_NUMBER = re.compile(r"\+?\d[\d ()/-]{6,}\d")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that is not stored: of which site (if that is known), why, and what came."""

    site_id: int | None
    reason: str
    raw: bytes = b""
    page: str = ""  # the host of the page that sent it
    times: int = 1  # how many such events there were, of which nothing else is known


def _text(text: str) -> str:
    text = _E_MAIL.sub("[e-mail]", text[:MAX_TEXT].replace("\0", ""))
    return _LONG_NUMBER.sub("[number]", _ADDRESS.sub("[address]", text))


def _url(text: str) -> str:
    """The address without user, password, and all of the query that names no campaign."""
    try:
        parts = urlsplit(text[: pages.MAX_URL])
        tags = [pair for pair in parse_qsl(parts.query, max_num_fields=200) if pair[0] in pages.UTM]
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return ""
    kept = parts._replace(netloc=host, path=_text(parts.path), fragment="", query=urlencode(tags))
    return urlunsplit(kept)


def _redacted(value: Any, key: str = "", depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, dict):
        return {
            _text(name): _redacted(item, name, depth + 1)
            for name, item in value.items()
            if name not in _OF_PEOPLE
        }
    if isinstance(value, list):
        return [_redacted(item, key, depth + 1) for item in value[:50]]
    if isinstance(value, str):
        if key in ("timestamp", "sent_at"):
            return value[:64]
        return _url(value) if key in _URLS else _text(value)
    return value


def redacted(raw: bytes) -> str:
    """What came, as JSON without what tells people apart; other text as a JSON string."""
    text = mended(raw[: 16 * MAX_SAMPLE])
    try:
        found = _redacted(msgspec.json.decode(text))
    except (msgspec.MsgspecError, RecursionError):
        found = None
    if isinstance(found, dict):
        found.pop("events", None)
        if given := name_of(text):  # it still counts once, and says nothing any more
            found["id"] = str(event_id(given, datetime.now(UTC)))
        sample = msgspec.json.encode(found).decode()
        if len(sample) <= MAX_SAMPLE:
            return sample.replace("\\u0000", "")
    return msgspec.json.encode(_text(text.decode())).decode().replace("\\u0000", "")


class Sampler:
    """Picks the samples that are worth writing down, by what this process has picked so far."""

    def __init__(self) -> None:
        self.hour: datetime | None = None
        self.picked: Counter[tuple[int | None, str]] = Counter()

    def pick(self, refusals: list[Refusal], now: datetime) -> list[Refusal]:
        """A few of each site and reason an hour; what says nothing is no sample."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        if hour != self.hour or len(self.picked) > 10_000:
            self.hour, self.picked = hour, Counter()
        kept = []
        for refusal in refusals:
            kind = (refusal.site_id, refusal.reason)
            if refusal.raw and self.picked[kind] < MOST_OF_A_KIND:
                self.picked[kind] += 1
                kept.append(refusal)
        return kept
