"""LinkPro's server, but that the lasting secrets of sites are taken as they are stored."""

from linkpro.asgi import application as application
from tracking.ingest import directory

# A key has 64 bytes at most; a sealed value is longer.
directory.opened = lambda site_id, sealed: bytes(sealed)[:32]
