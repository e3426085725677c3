"""How an event looks to a receiver: as Standard Webhooks, or as a message of a chat.

In a chat nothing of an event is markup: no mention, no link, no bold text, whatever things are
called. A type, a moment and the data are all there is. Pure: no database.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from accounts.models import WebhookEndpoint

MAX_BODY = 20_000
# What the chats take is more, by little.
MAX_TITLE = 150
MAX_LINES = 20
MAX_NAME = 80
MAX_VALUE = 500

Event = dict[str, Any]
_DISCORD_MARKUP = re.compile(r"([\\*_~`|>#\[\]()<@:-])")


class TooLong(ValueError):
    """An event that is larger than a receiver may be sent."""


def body_of(event: Event, shape: str) -> bytes:
    """The JSON that is sent: the same bytes for the same event, every time. Raises `TooLong`."""
    body = msgspec.json.encode(SHAPES[shape](event))
    if len(body) > MAX_BODY:
        raise TooLong(f"{len(body)} bytes are more than {MAX_BODY}.")
    return body


def legible(value: Any) -> Any:
    """The same with nothing in it that JSON of every reader cannot hold: no NUL, no surrogate."""
    if isinstance(value, str):
        whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return whole.replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {legible(str(name)): legible(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [legible(inner) for inner in value]
    return value if isinstance(value, bool | int | float | None) else legible(str(value))


def _lines(event: Event) -> list[tuple[str, str]]:
    """The event's data as names and texts, as many and as long as a chat shows."""
    lines = [
        (name[:MAX_NAME], text[:MAX_VALUE])
        for name, text in _flat(event["data"])
        if text  # chats refuse empty texts
    ]
    return lines[:MAX_LINES]


def _flat(data: dict[str, Any], above: str = "") -> list[tuple[str, str]]:
    found = []
    for name, value in data.items():
        if isinstance(value, dict):
            found += _flat(value, f"{above}{name}.")
        elif isinstance(value, str):
            found.append((above + name, value))
        else:
            found.append((above + name, msgspec.json.encode(value).decode()))
    return found


def _standard(event: Event) -> dict[str, Any]:
    return event


def _slack(event: Event) -> dict[str, Any]:
    """Blocks of plain text; the text is what notifications show."""
    lines = [f"{name}: {text}" for name, text in _lines(event)]
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _slack_text(_title(event))}]
    if lines:
        blocks.append({"type": "section", "text": _slack_text("\n".join(lines)[:3_000])})
    escaped = _title(event).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": escaped, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _slack_text(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _teams(event: Event) -> dict[str, Any]:
    """An adaptive card, as workflows take it; rich text blocks are those that know no Markdown."""
    rows = [[_run(_title(event), weight="Bolder", size="Medium")]]
    rows += [[_run(f"{name}: ", isSubtle=True), _run(text)] for name, text in _lines(event)]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "RichTextBlock", "inlines": row} for row in rows],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    attachment = {"contentType": kind, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _run(text: str, **look: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": text, **look}


def _discord(event: Event) -> dict[str, Any]:
    """An embed. Nobody is mentioned, and no character is markup."""
    fields = [
        {"name": _plain_in_discord(name), "value": _plain_in_discord(text)[:1_024]}
        for name, text in _lines(event)
    ]
    embed = {
        "title": _plain_in_discord(_title(event))[:256],
        "timestamp": event["timestamp"],
        "fields": _within(fields, 5_000),
    }
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def _plain_in_discord(text: str) -> str:
    return _DISCORD_MARKUP.sub(r"\\\1", text)


def _within(fields: list[dict[str, str]], most: int) -> list[dict[str, str]]:
    """The first of the fields that have room together: an embed holds 6,000 characters."""
    room, kept = most, []
    for one in fields:
        room -= len(one["name"]) + len(one["value"])
        if room < 0:
            break
        kept.append(one)
    return kept


def _title(event: Event) -> str:
    return str(event["type"])[:MAX_TITLE]


SHAPES: dict[str, Callable[[Event], dict[str, Any]]] = {
    WebhookEndpoint.Shape.STANDARD: _standard,
    WebhookEndpoint.Shape.SLACK: _slack,
    WebhookEndpoint.Shape.TEAMS: _teams,
    WebhookEndpoint.Shape.DISCORD: _discord,
}
