"""`python -m tests.oidc --port 9100`: a provider to try sign-in with (see docs/sign-in.md)."""

from __future__ import annotations

import argparse
import sys

from tests.oidc.provider import Provider, server_of

REDIRECT = "http://localhost:3000/oauth/callback"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.oidc", description=__doc__)
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--email", default="owner@demo.localhost", help="who comes to sign in")
    parser.add_argument("--app", default="http://localhost:8000", help="where LinkPro answers")
    parser.add_argument("--redirect", action="append", default=[REDIRECT])
    given = parser.parse_args()
    pages = f"{given.app.rstrip('/')}/accounts/oidc/oidc/login/callback/"
    provider = Provider(redirect_uris={*given.redirect, pages})
    provider.person = provider._person(given.email)
    server = server_of(provider, port=given.port)
    lines = (
        f"{given.email} signs in at {provider.issuer}. Start LinkPro with:",
        f"OIDC_ISSUER={provider.issuer} OIDC_NAME=Trial OIDC_TRUSTS_EMAIL=true \\",
        f"OAUTH_CLIENT_ID={provider.client_id} OAUTH_CLIENT_SECRET={provider.client_secret} \\",
        f"OAUTH_REDIRECT_URI={given.redirect[-1]} make run",
    )
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
