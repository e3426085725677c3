"""A tenant's mail server, and what was sent."""

from __future__ import annotations

from typing import Any

urlpatterns: list[Any] = []
