"""The lines of signing in and of one's own account."""

from __future__ import annotations

from tests.access.policies import Line, line

ACCOUNT = "it shows and changes the asker's own account only"

ANYBODYS = (
    "signup/", "confirm-email/", "2fa/authenticate/", "2fa/reauthenticate/", "passkeys/login/",
    "passkeys/reauthenticate/", "by/<slug:key>/", "google/login/callback/",
    "oidc/<slug:provider_id>/login/callback/", "connected/cancelled/", "connected/error/",
    "connected/signup/",
)  # fmt: skip
ONES_OWN = (
    "email/", "2fa/", "2fa/totp/activate/", "2fa/totp/deactivate/", "2fa/recovery-codes/",
    "2fa/recovery-codes/generate/", "2fa/recovery-codes/download/", "passkeys/", "passkeys/add/",
    "passkeys/<int:pk>/edit/", "sessions/", "connected/",
)  # fmt: skip
PROGRAMS = ("login", "callback", "refresh", "logout", "me", "tenants")
PROGRAM = {"ANY": "sign-in"}


def sign_in() -> dict[str, Line]:
    form, own = {"ANY": "sign-in"}, {"ANY": "own account"}
    root = "accounts/"
    return {
        root + "login/": line(because=ACCOUNT, **form),
        root + "logout/": line(GET="signed in", POST="signs out", because=ACCOUNT),
        root + "inactive/": line(because=ACCOUNT, **form),
        root + "reauthenticate/": line(because=ACCOUNT, **own),
        root + "password/change/": line(because=ACCOUNT, **own),
        root + "password/set/": line(because=ACCOUNT, **own),
        root + "password/reset/": line(because=ACCOUNT, **form),
        root + "password/reset/done/": line(GET="everybody", because=ACCOUNT),
        root + "^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": line(
            because=ACCOUNT, **form
        ),
        root + "password/reset/key/done/": line(GET="everybody", because=ACCOUNT),
        **{root + path: line(because=ACCOUNT, **form) for path in ANYBODYS},
        **{root + path: line(because=ACCOUNT, **own) for path in ONES_OWN},
        root + "passkeys/<int:pk>/remove/": line(because=ACCOUNT, **own),
        **{f"auth/{name}": line(because=ACCOUNT, **PROGRAM) for name in PROGRAMS},
    }
