"""The audit log, and staff who look into an organisation."""

from __future__ import annotations

from typing import Any

urlpatterns: list[Any] = []
