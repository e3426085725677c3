"""What a customer puts into a site: the snippet and its options, the picture, the policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from accounts.models import Site

SCRIPT = "analytics"
# What the tracker can leave out: its option, and what the reader is asked.
SWITCHES = {
    "views": _("Count page views by itself"),
    "clicks": _("Count clicks on links"),
    "downloads": _("Count downloads of files"),
    "forms": _("Count sent forms"),
}
MAX_HOSTS_TEXT = 300


@dataclass(frozen=True, slots=True)
class Options:
    """What was chosen for the snippet: parts that are switched off, and hosts to pass over."""

    off: tuple[str, ...] = ()
    ignore: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Options:
        """The choice that an address tells; `chosen` marks a form that was sent."""
        if "chosen" not in query:
            return cls()
        off = tuple(name for name in SWITCHES if name not in query)
        kept = " ".join(query.get("ignore", "")[:MAX_HOSTS_TEXT].replace(",", " ").split())
        return cls(off, kept)

    @property
    def switches(self) -> list[tuple[str, Promise, bool]]:
        """(name, words, whether it is on) of every part."""
        return [(name, label, name not in self.off) for name, label in SWITCHES.items()]


def script_url(site: Site | None, base: str | None = None) -> str:
    """Where the site's script is."""
    name = (site.script_name if site else None) or SCRIPT
    return f"{base or settings.BASE_URL}/js/{name}.js"


def snippet(site: Site, options: Options | None = None) -> str:
    """The line that goes into the site's pages."""
    chosen = options or Options()
    attributes = [f'data-{name}="off"' for name in chosen.off]
    if chosen.ignore:
        attributes.append(f'data-ignore="{escape(chosen.ignore)}"')
    more = "".join(f" {attribute}" for attribute in attributes)
    return f'<script defer src="{script_url(site)}" data-site="{site.key}"{more}></script>'


def pixel(site: Site) -> str:
    """The picture that counts pages where no script runs."""
    src = f"{settings.BASE_URL}/api/pixel.gif?site={site.key}"
    return (
        f'<noscript><img src="{src}" alt="" width="1" height="1"'
        ' referrerpolicy="no-referrer-when-downgrade"></noscript>'
    )


def policy() -> str:
    """What a page with a Content-Security-Policy has to allow."""
    parts = urlsplit(settings.BASE_URL)
    origin = f"{parts.scheme}://{parts.netloc}"
    return f"script-src {origin}; connect-src {origin}; img-src {origin}"
