"""Text of strangers as one line of a header, a log or a column."""

from __future__ import annotations

import re
import unicodedata

# Letters that turn the direction of what follows: they let one address look like another.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def one_line(text: str, most: int = 0) -> str:
    """The text without line ends, control characters and turns of direction, cut to `most`."""
    plain = "".join(
        " " if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") else letter
        for letter in _TURNING.sub("", text)
    )
    line = " ".join(plain.split())
    return line[:most].rstrip() if most else line
