"""Colours that can be read: contrast by WCAG 2.2, and the shade of a colour that has enough.

A colour is `#rrggbb`. Contrast is between 1 and 21: text needs 4.5, a line or a mark 3.
"""

from __future__ import annotations

import re

COLOUR = re.compile(r"#[0-9a-f]{6}")
TEXT_CONTRAST = 4.5
# What a colour of one's own stands on: the lightest and the darkest surface of `tokens.css`.
LIGHT, DARK = "#ffffff", "#14181a"
WHITE, BLACK = "#ffffff", "#000000"


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    shares = [part / 255 for part in _parts(colour)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """How far two colours are apart (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(colour: str) -> str:
    """Black or white, whichever is read better on the colour: always with 4.5 at least."""
    return max((WHITE, BLACK), key=lambda text: contrast(text, colour))


def _mixed(colour: str, other: str, share: float) -> str:
    pairs = zip(_parts(colour), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def legible(colour: str, surface: str) -> str:
    """The colour, or the nearest shade of it that can be read on the surface."""
    away = text_on(surface)
    for step in range(101):
        shade = _mixed(colour, away, step / 100)
        if contrast(shade, surface) >= TEXT_CONTRAST:
            return shade
    return away
