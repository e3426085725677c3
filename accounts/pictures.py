"""Uploaded pictures: whatever comes is drawn anew, small, and tells nothing else.

Uploads come from anybody who may edit, and decoders are where hostile files do their harm: the
size is looked at before a file is read, the number of pixels before it is decoded, and what is
stored is drawn anew, so that no byte of the upload (a place, a camera, a script) gets through.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import IO, TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    import PIL.Image

MAX_UPLOAD = 5 * 1024 * 1024
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MAX_PIXELS = 24_000_000
# A JPEG, also one that holds several pictures, is decoded at an eighth of its size.
MAX_JPEG_PIXELS = 64_000_000

# A logo stands at the head of pages, mails and reports; not every reader of mail knows WebP.
LOGO_SIZE = (480, 160)
MAX_LOGO = 48 * 1024
LOGO_COLOURS = (256, 64, 16)


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


def redrawn(
    upload: IO[bytes], draw: Callable[[PIL.Image.Image], bytes], size: tuple[int, int]
) -> bytes:
    """What `draw` makes of the upload's first frame, upright, as RGB or RGBA.

    `size` is how large the outcome is to be, at most: a large JPEG is read at about twice of it.
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
            image.draft("RGB", (2 * size[0], 2 * size[1]))  # only JPEG can; others pass
            return draw(_upright(image))
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning, MemoryError):
        raise _too_many_pixels() from None
    except (LookupError, OSError, SyntaxError, TypeError, ValueError, struct.error, zlib.error):
        raise _unreadable() from None


def _upright(opened: PIL.Image.Image) -> PIL.Image.Image:
    import PIL.ImageOps

    opened.load()
    image = PIL.ImageOps.exif_transpose(opened)
    clear = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    return image.convert("RGBA" if clear else "RGB")


def bare(image: PIL.Image.Image) -> PIL.Image.Image:
    """The same pixels, and nothing but them."""
    import PIL.Image

    blank = PIL.Image.new(image.mode, image.size)
    blank.paste(image)
    return blank


# --- Logos ------------------------------------------------------------------------------------


def logo(upload: IO[bytes]) -> bytes:
    """The upload as a PNG that fits into `LOGO_SIZE`; its empty edge is cut off.

    Raises `ValidationError` like `redrawn`.
    """
    return redrawn(upload, _logo, LOGO_SIZE)


def _logo(image: PIL.Image.Image) -> bytes:
    import PIL.Image

    box = image.getchannel("A").getbbox() if image.mode == "RGBA" else None
    image = image.crop(box) if box else image
    image.thumbnail(LOGO_SIZE, PIL.Image.Resampling.LANCZOS)
    return _as_png(bare(image))


def _as_png(image: PIL.Image.Image) -> bytes:
    """The PNG with the most colours that keeps within `MAX_LOGO`; the smallest one at worst."""
    import PIL.Image

    packed = _png(image)
    for colours in LOGO_COLOURS:
        if len(packed) <= MAX_LOGO:
            break
        octree = PIL.Image.Quantize.FASTOCTREE
        packed = _png(image.quantize(colours, method=octree, dither=PIL.Image.Dither.NONE))
    return packed


def _png(image: PIL.Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
