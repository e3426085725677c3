"""One ASGI application: the ingest endpoint and public pages in front, Django behind them."""

import os
import warnings
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linkpro.settings")

from django.core.asgi import get_asgi_application

# Static files are small: reading one at once costs less than a hand-over to the event loop.
warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")

django = get_asgi_application()

from tracking import pixel, public, public_app  # noqa: E402  needs Django's settings
from tracking.ingest import app as ingest  # noqa: E402
from tracking.ingest import committer, exchange, visits  # noqa: E402


async def lifespan(receive: Any, send: Any) -> None:
    """Start with the server, and store what has arrived before it ends."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await visits.shut_down()
            await committer.shut_down()
            await send({"type": "lifespan.shutdown.complete"})
            return


def in_front(scope: Any) -> Any:
    """What answers a request before Django sees it, or None."""
    if scope["type"] != "http":
        return None
    if scope["method"] in ("POST", "OPTIONS") and exchange.takes_events(scope["path"]):
        return ingest.app
    if scope["method"] in ("GET", "HEAD") and pixel.is_pixel(scope["path"]):
        return pixel.app
    if scope["method"] in ("GET", "HEAD") and public.is_public(scope["path"]):
        return public_app.app
    return None


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Events go straight in; everything else is Django's."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif takes := in_front(scope):
        await takes(scope, receive, send)
    elif scope["type"] == "websocket":  # nothing here speaks it yet
        await receive()
        await send({"type": "websocket.close", "code": 4404})
    else:
        await django(scope, receive, send)
