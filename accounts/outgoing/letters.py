"""The words and the look of mails: a text, and the same words as HTML in the tenant's colours."""

from __future__ import annotations

import re
from textwrap import fill
from typing import Any, NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from accounts.models import Tenant
from accounts.outgoing.legible import one_line
from accounts.tenants.organisation import branding

WIDTH = 76
FOOT = "\n-- \n"
SUBJECT = "Subject:"
# Our own colour, where the tenant has none, on light and dark ground.
ACCENT = {"fill": "#0a6a7b", "on_fill": "#ffffff", "on_light": "#0a6a7b", "on_dark": "#5cc2d2"}

_LINK = re.compile(r"(?:(?P<label>[^\n]{1,80}):\n)?(?P<url>https?://\S+)")
_CODE = re.compile(r"[A-Z0-9]{4,12}(?:-[A-Z0-9]{2,8})*")


class Letter(NamedTuple):
    """A mail's words: what `outbox.add_mail` is given."""

    subject: str
    text: str
    html: str


def compose(template: str, context: dict[str, Any]) -> Letter:
    """The mail that the template `<template>.txt` makes of a context.

    Its first line is `Subject: …`, its last part, after a line `-- `, says why one gets it: see
    `accounts/email/base.txt`, which it extends. A `tenant` in the context lends its name, colour
    and logo. `base_url` is there for links: a paragraph `Words:` with a link of ours in the next
    line becomes a button.
    """
    rendered = render_to_string(f"{template}.txt", {"base_url": settings.BASE_URL, **context})
    head, _line, body = rendered.strip().partition("\n")
    subject = one_line(head.removeprefix(SUBJECT))
    return Letter(subject, wrapped(body), html_of(subject, body, context.get("tenant")))


def wrapped(text: str) -> str:
    """The text in lines of at most `WIDTH`, save what cannot be parted; at most one empty line."""
    lines = [_wrapped_line(line.rstrip()) for line in text.replace("\n-- ", "\n--\x00").split("\n")]
    joined = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).replace("--\x00", "-- ")
    return joined.strip("\n") + "\n"


def _wrapped_line(line: str) -> str:
    indent = "  " if line.startswith("- ") else ""
    return fill(
        line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def html_of(subject: str, text: str, tenant: Tenant | None) -> str:
    """A text as HTML: its paragraphs, lists, buttons for links of ours, codes, and its foot.

    Lines of a paragraph that somebody has wrapped are joined again, in the body.
    """
    look = branding(tenant) if tenant is not None else None
    body, _line, foot = text.partition(FOOT)
    return render_to_string(
        "accounts/email/base.html",
        {
            "subject": subject,
            "blocks": [_block(part.strip("\n")) for part in re.split(r"\n\s*\n", body.strip())],
            "foot": foot.strip(),
            "name": look.name if look else "LinkPro",
            "logo_url": look.logo_url if look else "",
            "shades": (look.shades if look else None) or ACCENT,
        },
    )


def _block(part: str) -> dict[str, Any]:
    found = _LINK.fullmatch(part)
    if found and found["url"].startswith(f"{settings.BASE_URL}/"):
        return {"url": found["url"], "label": found["label"] or _("Open the page")}
    if _CODE.fullmatch(part):
        return {"code": part}
    lines = part.split("\n")
    if lines[0].startswith("- "):
        return {"points": _points(lines)}
    return {"text": " ".join(lines) if all(len(line) > 40 for line in lines[:-1]) else part}


def _points(lines: list[str]) -> list[str]:
    """The items of a list whose long ones go on in the next line."""
    points: list[str] = []
    for line in lines:
        if line.startswith("- "):
            points.append(line.removeprefix("- "))
        else:
            points[-1] += f" {line.strip()}"
    return points
