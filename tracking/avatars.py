"""Pictures of profiles: whatever is uploaded becomes a small square WebP that tells nothing else.

Uploads come from anybody who may edit, and decoders are where hostile files do their harm: the
size is looked at before a file is read, the number of pixels before it is decoded, and what is
stored is drawn anew, so that no byte of the upload (a place, a camera, a script) gets through.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from io import BytesIO
from typing import IO, TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    import PIL.Image

SIDE = 256  # pixels
MAX_UPLOAD = 5 * 1024 * 1024
MAX_STORED = 12 * 1024
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MAX_PIXELS = 24_000_000
# A JPEG, also one that holds several pictures, is decoded at an eighth of its size.
MAX_JPEG_PIXELS = 64_000_000
QUALITIES = (82, 70, 55, 40, 25, 10, 0)


def digest(picture: bytes) -> str:
    """What names a stored picture: the first 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(picture).hexdigest()[:32]


def _too_large() -> ValidationError:
    return ValidationError(
        _("The picture is larger than 5 MB. Choose a smaller one."), code="picture_too_large"
    )


def _too_many_pixels() -> ValidationError:
    return ValidationError(
        _("The picture has too many pixels. Choose a smaller one."), code="picture_too_large"
    )


def _unreadable() -> ValidationError:
    return ValidationError(
        _("This is no picture that can be read. Use JPEG, PNG, WebP or GIF."),
        code="picture_unreadable",
    )


def _drawn(image: PIL.Image.Image) -> PIL.Image.Image:
    """The first frame, upright, cut to a square in its middle; nothing but pixels."""
    import PIL.Image
    import PIL.ImageOps

    image.draft("RGB", (2 * SIDE, 2 * SIDE))  # only JPEG can; others pass
    image.load()
    image = PIL.ImageOps.exif_transpose(image)
    clear = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    image = image.convert("RGBA" if clear else "RGB")
    image = PIL.ImageOps.fit(image, (SIDE, SIDE), PIL.Image.Resampling.LANCZOS)
    blank = PIL.Image.new(image.mode, image.size)
    blank.paste(image)
    return blank


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


def square(upload: IO[bytes]) -> bytes:
    """The upload (JPEG, PNG, WebP, or the first frame of a GIF) as a WebP of 256 x 256 pixels.

    Raises `ValidationError` with the code `picture_too_large` or `picture_unreadable`.
    """
    import PIL.Image

    data = upload.read(MAX_UPLOAD + 1)
    if len(data) > MAX_UPLOAD:
        raise _too_large()
    try:
        with PIL.Image.open(BytesIO(data), formats=FORMATS) as image:
            most = MAX_JPEG_PIXELS if image.format in ("JPEG", "MPO") else MAX_PIXELS
            if image.width * image.height > most:
                raise _too_many_pixels()
            return _packed(_drawn(image))
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning, MemoryError):
        raise _too_many_pixels() from None
    except (LookupError, OSError, SyntaxError, TypeError, ValueError, struct.error, zlib.error):
        raise _unreadable() from None
