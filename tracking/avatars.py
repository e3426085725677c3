"""Pictures of profiles: whatever is uploaded becomes a small square WebP that tells nothing else.

How uploads are read, and what of them is refused: `accounts.pictures`.
"""

from __future__ import annotations

from io import BytesIO
from typing import IO, TYPE_CHECKING

from accounts import pictures

if TYPE_CHECKING:
    import PIL.Image

SIDE = 256  # pixels
MAX_STORED = 12 * 1024
QUALITIES = (82, 70, 55, 40, 25, 10, 0)


def square(upload: IO[bytes]) -> bytes:
    """The upload (JPEG, PNG, WebP, or the first frame of a GIF) as a WebP of 256 x 256 pixels.

    Raises `ValidationError` with the code `picture_too_large` or `picture_unreadable`.
    """
    return pictures.redrawn(upload, _square, (SIDE, SIDE))


def _square(image: PIL.Image.Image) -> bytes:
    """Cut to a square in its middle."""
    import PIL.Image
    import PIL.ImageOps

    image = PIL.ImageOps.fit(image, (SIDE, SIDE), PIL.Image.Resampling.LANCZOS)
    return _packed(pictures.bare(image))


def _packed(image: PIL.Image.Image) -> bytes:
    """The best WebP that keeps within `MAX_STORED`, or the smallest one there is."""
    packed = b""
    for quality in QUALITIES:
        file = BytesIO()
        image.save(file, "WEBP", quality=quality, alpha_quality=quality, method=6)
        packed = file.getvalue()
        if len(packed) <= MAX_STORED:
            break
    return packed
