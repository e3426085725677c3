"""The public side: `/@name` shows a profile, `/l/name` counts a click and leads on.

Pure but for what is remembered; two doors ask here, `public_app.py` in front of Django and
`public_views.py` behind it. What has to be loaded is given out by a generator, as in `exchange`;
who cannot load it throws `Unavailable` in, and the last known answer takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils.encoding import iri_to_uri
from django.utils.http import parse_etags

from accounts.addresses import client_address
from tracking import bio, pages, public_pages
from tracking.enrich import bare
from tracking.ingest import exchange, links
from tracking.ingest.directory import LastingAnswers, NotLoaded
from tracking.ingest.exchange import Unavailable, known
from tracking.ingest.fields import cut, uuid7
from tracking.ingest.links import LinkFacts, ProfileFacts
from tracking.ingest.steps import Arrival
from tracking.ingest.visits import Visit
from tracking.ingest.wire import CLICK, VIEW, Hit
from tracking.public_pages import HTML, BioPage, Document

PROFILE = re.compile(r"/@([A-Za-z0-9][A-Za-z0-9._-]{0,29})(/?)")
AVATAR = re.compile(r"/@([a-z0-9][a-z0-9._-]{0,29})/avatar-([0-9a-f]{8,32})\.webp")
LINK = re.compile(r"/l/([A-Za-z0-9_-]{2,32})/?")
YEAR = 31_536_000

# Nothing but our own style and pictures: no script runs here, none of ours either.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
# Kept by browsers and asked for at every visit: each counts, few carry the page again.
SHOWN = {
    "Content-Type": HTML,
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
    # The campaign of the visit comes along to `/l/`, and to nobody else.
    "Referrer-Policy": "same-origin",
}
LEADING = {
    "Cache-Control": "private, no-store",
    # Where it leads to learns at most which host it came from.
    "Referrer-Policy": "strict-origin",
    "X-Robots-Tag": "noindex",
}
KEPT = {"Content-Type": "image/webp", "Cache-Control": f"public, max-age={YEAR}, immutable"}
AWAY = {"Retry-After": "5", "Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, by whichever door it came; `header` takes names in lower case."""

    path: str
    query: str
    header: Callable[[str], str]
    peer: str
    origin: str  # such as https://linkpro.example
    counts: bool  # GET, and not HEAD


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered, and the visit that it is, if it is one."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    visit: Visit | None = None


Replying = Generator[NotLoaded | None, None, Reply]


def is_public(path: str) -> bool:
    """Whether the address is one of the public side."""
    return path.startswith(("/@", "/l/"))


def answer(asked: Asked) -> Replying:
    """The answer to a request for a public address, whatever becomes of the database."""
    try:
        if found := PROFILE.fullmatch(asked.path):
            return (yield from _profile(asked, *found.groups()))
        if found := LINK.fullmatch(asked.path):
            return (yield from _link(asked, found[1]))
        if found := AVATAR.fullmatch(asked.path):
            return (yield from _avatar(found[1], found[2]))
    except Unavailable:
        return _page(asked, 503, public_pages.unavailable(), AWAY)
    missing = public_pages.no_link if asked.path.startswith("/l/") else public_pages.nobody
    return _page(asked, 404, missing())


def _known_or_last(remembered: LastingAnswers, key: Any) -> Generator[NotLoaded | None, None, Any]:
    """The answer, or the last one while nobody answers. Raises `Unavailable` without any."""
    try:
        return (yield from known(partial(remembered.get, key)))
    except Unavailable:
        last = remembered.last_answer(key)
        if last is None:
            raise
        return last


# --- What is answered ---------------------------------------------------------------------------


def _page(
    asked: Asked,
    status: int,
    document: Document,
    more: dict[str, str] | None = None,
    visit: Visit | None = None,
) -> Reply:
    """A page, packed where that is taken, or the word that it is still the same (304)."""
    packed = exchange.takes_gzip(asked.header("accept-encoding"))
    headers = SHOWN | (more or {})
    if packed:
        headers["Content-Encoding"] = "gzip"
    if status == 200:
        etag = headers["ETag"] = document.etag(packed)
        seen = parse_etags(asked.header("if-none-match"))
        if "*" in seen or etag in (tag.removeprefix("W/") for tag in seen):
            del headers["Content-Type"]
            headers.pop("Content-Encoding", None)
            return Reply(304, headers, b"", visit)
    return Reply(status, headers, document.packed if packed else document.plain, visit)


def moved(asked: Asked, path: str) -> Reply:
    """What was asked for is at another path for good, under the same query."""
    query = f"?{asked.query}" if asked.query else ""
    return Reply(301, {"Location": iri_to_uri(path + query), "Cache-Control": "max-age=3600"})


def refused(asked: Asked) -> Reply:
    """The answer to a request for a host that is not served here."""
    return _page(asked, 400, public_pages.unreadable())


def _profile(asked: Asked, name: str, slash: str) -> Replying:
    if slash or name != name.lower():
        return moved(asked, f"/@{name.lower()}")
    found: BioPage | None = yield from _known_or_last(public_pages.page, name)
    if found is None:
        return _page(asked, 404, public_pages.nobody())
    visit = _visit(asked, found.profile, VIEW) if asked.counts else None
    return _page(asked, 200, found.document, visit=visit)


def _link(asked: Asked, slug: str) -> Replying:
    found: LinkFacts | None = yield from _known_or_last(links.link, slug)
    if found is None:
        return _page(asked, 404, public_pages.no_link())
    if not found.is_active or found.deleted_at is not None or not bio.may_lead_to(found.url):
        return _page(asked, 404, public_pages.link_is_off(found))
    headers = LEADING | {"Location": iri_to_uri(found.url)}
    return Reply(302, headers, b"", _visit(asked, found, CLICK) if asked.counts else None)


def _avatar(name: str, digest: str) -> Replying:
    picture: bytes | None = yield from _known_or_last(public_pages.avatar, (name, digest))
    if picture is None:
        return Reply(404, {"Content-Type": "text/plain", "Cache-Control": "no-cache"})
    return Reply(200, KEPT, picture)


# --- Whose visit --------------------------------------------------------------------------------


def _visit(asked: Asked, about: LinkFacts | ProfileFacts, name: str) -> Visit:
    """The view or the click as an event that has not yet taken its steps."""
    profile = about.profile if isinstance(about, LinkFacts) else about
    url = f"{asked.origin}{profile.path}" + (f"?{asked.query}" if asked.query else "")
    referrer = asked.header("referer")[: pages.MAX_URL]
    if name == CLICK and not asked.query and _is_page_of(profile, referrer, asked.origin):
        # The page that was clicked on, with the campaign that led there.
        url, referrer = referrer, ""
    now = datetime.now(UTC)
    hit = Hit(event_id=uuid7(now), given_id="", name=name, url=url, referrer=referrer)
    if name == VIEW:
        hit.title = cut(profile.title)
    arrival = Arrival(
        received_at=now,
        address=client_address(asked.peer, asked.header(settings.CLIENT_IP_HEADER.lower())),
        agent=asked.header("user-agent"),
        language=asked.header("accept-language"),
        ahead=exchange.is_ahead(asked.header),
        visited=about,
    )
    return Visit(hit, arrival)


def _is_page_of(profile: ProfileFacts, url: str, origin: str) -> bool:
    """Whether a URL is the profile's page, on the host that was asked."""
    page = pages.page_of(url)
    own = {bare(pages.page_of(origin).host), *profile.site.domains}
    return page.path == profile.path and bare(page.host) in own


def origin_of(scheme: str, host: str) -> str:
    """The origin of a request, by what it says of its host."""
    return f"{scheme}://{quote(host, safe=':[]')}"
