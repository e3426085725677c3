"""Pictures of profiles: every picture becomes a small square one, nothing hostile gets through."""

from __future__ import annotations

import struct
import time
import zlib
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from accounts import pictures
from tracking import avatars

SECRET = b"52.5200N 13.4050E"


def picture(kind: str = "JPEG", size: tuple[int, int] = (640, 480), **options: Any) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    mode = options.pop("mode", "RGB")
    image = Image.new("RGB", size, (200, 30, 40))
    image.paste((20, 40, 220), (size[0] // 2, 0, *size))
    file = BytesIO()
    image.convert(mode).save(file, kind, **options)
    return file.getvalue()


def noise(side: int = 600) -> bytes:
    """What no encoder can make small."""
    file = BytesIO()
    Image.effect_noise((side, side), 120).convert("RGB").save(file, "PNG")
    return file.getvalue()


def made(data: bytes) -> Image.Image:
    """The stored picture, read again."""
    stored = avatars.square(BytesIO(data))
    assert len(stored) <= avatars.MAX_STORED
    image = Image.open(BytesIO(stored))
    assert (image.format, image.size) == ("WEBP", (256, 256))
    return image


def code(data: bytes) -> str:
    with pytest.raises(ValidationError) as error:
        avatars.square(BytesIO(data))
    return error.value.code or ""


def chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png_of(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG that says how large it is, and holds nothing like it."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def test_this_pillow_writes_webp():
    assert features.check("webp")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("size", [(640, 480), (100, 900), (1, 1), (3000, 2000)])
def test_every_picture_becomes_a_small_square(kind, size):
    image = made(picture(kind, size))
    if size == (640, 480):
        red, blue = (image.convert("RGB").getpixel((x, 128)) for x in (10, 245))
        assert red[0] > 150 > red[2]
        assert blue[2] > 150 > blue[0]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_pixels_is_understood(mode):
    kind = "PNG"
    image = Image.new("RGB", (300, 300), (90, 90, 90))
    file = BytesIO()
    (Image.new(mode, (300, 300)) if mode.startswith("I") else image.convert(mode)).save(file, kind)
    made(file.getvalue())


def test_cmyk_from_print_is_understood():
    made(picture("JPEG", mode="CMYK"))


def test_what_is_clear_stays_clear():
    file = BytesIO()
    Image.new("RGBA", (300, 300), (0, 0, 0, 0)).save(file, "PNG")
    assert made(file.getvalue()).convert("RGBA").getpixel((128, 128))[3] == 0


def test_the_first_frame_is_taken():
    frames = [Image.new("RGB", (300, 300), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP"):
        file = BytesIO()
        frames[0].save(file, kind, save_all=True, append_images=frames[1:])
        image = made(file.getvalue())
        assert image.convert("RGB").getpixel((128, 128))[0] > 200
        assert getattr(image, "n_frames", 1) == 1


def test_a_picture_of_a_phone_that_holds_two_is_taken():
    file = BytesIO()
    first, second = Image.new("RGB", (300, 300), "red"), Image.new("RGB", (300, 300), "blue")
    first.save(file, "MPO", save_all=True, append_images=[second])
    assert made(file.getvalue()).convert("RGB").getpixel((128, 128))[0] > 200


def test_a_picture_that_lies_on_its_side_is_put_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    image = made(picture("JPEG", (480, 480), exif=exif)).convert("RGB")
    top, bottom = image.getpixel((128, 10)), image.getpixel((128, 245))
    assert top[0] > 150
    assert bottom[2] > 150


def test_nothing_but_pixels_is_kept():
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    for kind in ("JPEG", "PNG", "WEBP"):
        data = picture(kind, exif=exif, icc_profile=SECRET, xmp=SECRET) + SECRET
        stored = avatars.square(BytesIO(data))
        assert SECRET in data
        assert SECRET not in stored
        again = Image.open(BytesIO(stored))
        assert not again.getexif()
        assert not {"exif", "xmp", "icc_profile"} & set(again.info)


def test_even_noise_stays_small():
    made(noise())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"\0" * 1000,
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><script>alert(1)</script></html>",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"GIF89a",
        b"\xff\xd8\xff",
        b"RIFF\xff\xff\xff\xffWEBPVP8 ",
        b"\x89PNG\r\n\x1a\n",
        picture("BMP"),
        picture("TIFF"),
        picture("ICO"),
        picture("JPEG")[:2000],
        picture("PNG")[:-40],
        png_of(0, 0),
        png_of(10, 10, b"no deflate"),
        png_of(10, 10),
    ],
)
def test_what_is_no_picture_is_refused(data):
    assert code(data) == "picture_unreadable"


@pytest.mark.parametrize(
    "data",
    [
        png_of(100_000, 100_000),
        png_of(2**31 - 1, 2**31 - 1),
        png_of(12_000, 12_000),
        png_of(6_000, 6_000),
        png_of(6_000, 6_000, zlib.compress(bytes(6_000 * (1 + 3 * 6_000)))),
        b"GIF89a"
        + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0)
        + struct.pack("<cHHHHB", b",", 0, 0, 65_535, 65_535, 0)
        + b"\x08\x00;",
        b"x" * (pictures.MAX_UPLOAD + 1),
    ],
)
def test_a_bomb_is_refused_before_it_is_decoded(data):
    start = time.process_time()
    assert code(data) == "picture_too_large"
    assert time.process_time() - start < 0.5


def test_a_file_is_not_read_past_what_is_allowed():
    class Endless(BytesIO):
        read_bytes = 0

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            assert 0 < size <= pictures.MAX_UPLOAD + 1
            self.read_bytes += size
            return b"x" * size

    upload = Endless()
    with pytest.raises(ValidationError):
        avatars.square(upload)
    assert upload.read_bytes == pictures.MAX_UPLOAD + 1


GOOD = [picture(kind, (64, 48)) for kind in ("JPEG", "PNG", "WEBP", "GIF")]


@given(which=st.integers(0, 3), at=st.floats(0, 1), junk=st.binary(min_size=1, max_size=40))
@settings(max_examples=200)
def test_a_damaged_file_is_drawn_or_refused(which, at, junk):
    data = bytearray(GOOD[which])
    start = int(at * (len(data) - 1))
    data[start : start + len(junk)] = junk
    with suppress(ValidationError):
        made(bytes(data))
