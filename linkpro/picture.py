"""The picture of the demo's link page: a notebook with a pen on it, drawn here."""

from __future__ import annotations

from io import BytesIO

from tracking import avatars

SIZE = 512
PAPER, LINEN, SPINE, BRASS, INK = "#efe6d6", "#8a4b2d", "#5f2f1a", "#c9a24b", "#2b2118"


def picture() -> bytes:
    """A square WebP as profiles keep it."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (SIZE, SIZE), PAPER)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((128, 84, 388, 432), 18, fill=LINEN)
    draw.rectangle((128, 96, 168, 420), fill=SPINE)
    draw.rounded_rectangle((212, 148, 344, 208), 8, fill=PAPER)
    draw.line((186, 420, 414, 240), fill=BRASS, width=22)
    draw.polygon(((414, 240), (440, 206), (398, 224)), fill=INK)
    drawn = BytesIO()
    image.save(drawn, "PNG")
    drawn.seek(0)
    return avatars.square(drawn)
