"""Addresses that people copy, scan and print: of a page and of its links, and their QR codes."""

from __future__ import annotations

from io import BytesIO

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from tracking.models import Link, LinkProfile

BORDER = 4  # modules of white around a code: less, and some cameras do not see it


def host() -> str:
    """The address of the installation without its scheme, as people read it."""
    return settings.BASE_URL.partition("://")[2]


def address(row: LinkProfile | Link) -> str:
    """Where everybody finds the page, or the link that counts its clicks."""
    return f"{settings.BASE_URL}{row.path}"


def picture_path(profile: LinkProfile) -> str:
    """The picture for those who edit; another picture has another address."""
    path = reverse("profile_picture", args=[profile.site.key])
    return f"{path}?{profile.avatar_digest[:8]}"


def svg(row: LinkProfile | Link) -> SafeString:
    """The code for a page: dark on white in every theme, without size, style or script."""
    import segno

    code = segno.make(address(row), micro=False)
    text = code.svg_inline(border=BORDER, light="#fff", omitsize=True, svgclass="code")
    return mark_safe(text)  # noqa: S308  drawn here, from squares


def svg_file(row: LinkProfile | Link) -> bytes:
    """The code to print, as SVG."""
    return _file(row, "svg", scale=8, light="#fff")


def png_file(row: LinkProfile | Link) -> bytes:
    """The code to print, as PNG, about 500 pixels wide."""
    return _file(row, "png", scale=16)


def _file(row: LinkProfile | Link, kind: str, **options: object) -> bytes:
    import segno

    file = BytesIO()
    code = segno.make(address(row), micro=False)
    code.save(file, kind=kind, border=BORDER, **options)
    return file.getvalue()
