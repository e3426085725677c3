"""JSON as people read it: in colours, with links, and never more of it than a page can bear."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

MOST_CHARACTERS = 100_000
TOKEN = re.compile(
    r'(?P<text>"(?:[^"\\\n]|\\.)*")(?P<key>\s*:)?'
    r"|(?P<word>\btrue\b|\bfalse\b|\bnull\b)"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
)
# Where the keys of a list's rows stand, in `{"results": [{…}]}` by two spaces a level.
ROWS_INDENT = "\n" + 6 * " "
ADDRESS = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True, slots=True)
class Body:
    """An answer's body as HTML, how many characters of it are `shown`, and how many it has."""

    html: SafeString
    shown: int
    all: int

    @property
    def is_cut(self) -> bool:
        return self.shown < self.all


def body(text: str, rows_at: str = "") -> Body:
    """The body for a page: all of it, or its first lines, or the beginning of a long line.

    With `rows_at`, the address of a list, the ids of its rows lead to them.
    """
    if len(text) <= MOST_CHARACTERS:
        return Body(marked(text, rows_at), len(text), len(text))
    end = text.rfind("\n", 0, MOST_CHARACTERS) + 1
    # What is left of a line is no JSON: its strings do not end.
    rest = "" if end > MOST_CHARACTERS // 2 else text[end:MOST_CHARACTERS]
    html = format_html("{}{}", marked(text[:end], rows_at), rest)
    return Body(html, end + len(rest), len(text))


def marked(text: str, rows_at: str = "") -> SafeString:
    """Escaped JSON with its keys, texts, numbers and words marked, and its addresses as links."""
    return format_html_join("", "{}", ((piece,) for piece in _pieces(text, rows_at)))


def _pieces(text: str, rows_at: str) -> Iterator[str]:
    end = id_ends = 0
    for found in TOKEN.finditer(text):
        yield conditional_escape(text[end : found.start()])
        if rows_at and id_ends and id_ends == end:
            value = found[0].strip('"')
            yield format_html('<a href="{}/{}">{}</a>', rows_at, value, found[0])
        else:
            yield _piece(found)
        end = found.end()
        if found[0] == '"id":' and text.endswith(ROWS_INDENT, 0, found.start()):
            id_ends = end
    yield conditional_escape(text[end:])


def _piece(found: re.Match[str]) -> SafeString:
    if found["key"] is not None:
        return format_html('<span class="j-key">{}</span>{}', found["text"], found["key"])
    if found["text"] is None:
        kind = "j-word" if found["word"] else "j-number"
        return format_html('<span class="{}">{}</span>', kind, found[0])
    if address := _address(found["text"]):
        link = '"<a href="{}" rel="nofollow noopener noreferrer">{}</a>"'
        return format_html(link, address, found["text"][1:-1])
    return format_html('<span class="j-text">{}</span>', found["text"])


def _address(quoted: str) -> str | None:
    """The address that a JSON string is, if it is one as a whole."""
    if not quoted.startswith('"http'):
        return None
    text = json.loads(quoted, strict=False)
    return text if ADDRESS.fullmatch(text) else None
