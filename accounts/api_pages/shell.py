"""Requests as a command line, to be copied."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


def curl(
    view: APIView, request: Request, method: str, body: str = "", files: Sequence[str] = ()
) -> str:
    """The curl command of a request to this address, with the token from the shell's `$TOKEN`."""
    parts = ["curl"]
    if method != "GET" and not (method == "POST" and (body or files)):
        parts.append(f"-X {method}")
    if view.get_authenticators():
        parts.append('-H "Authorization: Bearer $TOKEN"')
    if body:
        parts += ["-H 'Content-Type: application/json'", f"--data {shlex.quote(body)}"]
    parts += [f"-F {name}=@picture.png" for name in files]
    parts.append(shlex.quote(address(request)))
    return " \\\n  ".join(parts) if body else " ".join(parts)


def address(request: Request) -> str:
    """The whole address of the request without the format of its page."""
    query = request.query_params.copy()
    query.pop("format", None)
    rest = f"?{query.urlencode()}" if query else ""
    return request.build_absolute_uri(request.path) + rest
