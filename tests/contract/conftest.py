"""A whole LinkPro on a port, and a world in it for the commands of the documentation."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Site
from tests.browser.conftest import live
from tests.sending import rebuild_all, send, visit
from tracking.models import Link, LinkProfile

__all__ = ["live"]


@dataclass(frozen=True)
class Said:
    """What curl got."""

    status: int
    body: str
    failed: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def place(site, owner, token, live, settings) -> dict[str, str]:
    """The variables of the documentation, with a site and a profile that were visited."""
    start = timezone.now() - timedelta(hours=1)
    send(site, visit(start, ["/", "/pricing"]))
    sold = {"type": "event", "category": "conversion", "action": "signup_submit", "path": "/end"}
    send(site, [{"at": start + timedelta(minutes=2), **sold}])
    bio = Site.objects.create(tenant=site.tenant, kind="bio", name="@ada", owner=owner.user)
    profile = LinkProfile.objects.create(site=bio, username="ada", title="Ada")
    link = Link.objects.create(profile=profile, title="Shop", url="https://shop.acme.test/")
    send(bio, [{"name": "page_view", "path": "/@ada", "at": start}])
    send(bio, [{"name": "click", "link_id": link.pk, "at": start}])
    rebuild_all()
    settings.DEFAULT_SITE = site.key
    return {
        "URL": live,
        "TOKEN": token(owner),
        "SITE": str(site.pk),
        "SITE_KEY": site.key,
        "PROFILE": str(profile.pk),
        "LINK": str(link.pk),
    }


@pytest.fixture
def curl(place, tmp_path) -> Callable[[str], Said]:
    """Run a command of the documentation as people do, in a shell."""

    def run(command: str) -> Said:
        command = command.replace("http://localhost:5000", "$URL")
        script = f"{command} -sS -w '\\n%{{http_code}}'"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,  # some write a file
            env={"PATH": "/usr/bin:/bin", **place},
            capture_output=True,
            text=True,
            timeout=60,
        )
        body, _newline, status = done.stdout.rpartition("\n")
        assert done.stdout, done.stderr
        return Said(int(status), body, done.returncode)

    return run
