"""The tracker's script, as `/js/analytics.js` and under the name of a site's choice.

What is served is `analytics.min.js`, which `make tracker` makes of `analytics.js` and which is kept
beside it, so that nothing is built where LinkPro runs. Its first line names the source it was made
of; a test holds the two together.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt

from tracking import views
from tracking.ingest import directory
from tracking.ingest.exchange import Unavailable, known, takes_gzip

SOURCE = Path(__file__).parent / "static" / "tracking" / "analytics.js"
MINIFIED = SOURCE.with_suffix(".min.js")
OWN_NAME = "analytics"
HEADERS = {
    "Content-Type": "text/javascript; charset=utf-8",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "public, max-age=3600, must-revalidate",
    "Vary": "Accept-Encoding",
}
_VERSION = re.compile(r'\.version="([\w.]+)"')


@dataclass(frozen=True, slots=True)
class Script:
    """The script in one encoding; each encoding is an entity of its own and has its own tag."""

    content: bytes
    etag: str
    version: str
    encoding: str = ""


@cache
def script(encoding: str = "") -> Script:
    """The script without the line that says what it was made of, read and packed once a process."""
    content = MINIFIED.read_bytes().partition(b"\n")[2].strip()
    version = _VERSION.search(content.decode())
    assert version is not None
    if encoding == "gzip":
        content = gzip.compress(content, mtime=0)
    tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    return Script(content, tag, version[1], encoding)


def respond(request: HttpRequest) -> HttpResponse:
    """The tracker, for pages of any origin."""
    found = script("gzip" if takes_gzip(request.headers.get("Accept-Encoding", "")) else "")
    headers = {**HEADERS, "ETag": found.etag, "X-Tracker-Version": found.version}
    response = HttpResponse(found.content, headers=headers)
    if found.encoding:
        response["Content-Encoding"] = found.encoding
    conditional = get_conditional_response(request, etag=found.etag, response=response)
    assert conditional is not None  # it is given a response to fall back on
    for name in ("Access-Control-Allow-Origin", "Cross-Origin-Resource-Policy"):
        conditional.setdefault(name, HEADERS[name])  # a 304 is checked by browsers as well
    return conditional


def is_somebodys(name: str) -> bool:
    """Whether a site has chosen this name. While nobody can tell it is believed: the script is the
    same for all, and a page that has it keeps its events until they can be stored."""
    try:
        return views.loaded(known(partial(directory.site_by_script.get, name))) is not None
    except Unavailable:
        return True


take_events = views.TrackView.as_view()


@csrf_exempt
def script_js(request: HttpRequest, name: str) -> HttpResponseBase:
    """The tracker, under its own name or one that a site has chosen; events come to it as well.

    Names are told apart without regard to case. One that no site has is not found.
    """
    if request.method not in ("GET", "HEAD"):
        return take_events(request)
    if name != OWN_NAME and not is_somebodys(name.lower()):
        raise Http404
    return respond(request)
