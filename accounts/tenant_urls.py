"""An organisation's settings, the switch between organisations, and one's own account."""

from __future__ import annotations

from typing import Any

urlpatterns: list[Any] = []
