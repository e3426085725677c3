"""The audit log, and staff who look into an organisation."""

from __future__ import annotations

from django.urls import path

from accounts import staff_views

urlpatterns = [
    path("staff", staff_views.accesses, name="staff_accesses"),
    path("staff/look/<uuid:tenant_id>", staff_views.look, name="staff_look"),
    path("staff/accesses/<int:pk>/end", staff_views.end, name="staff_end"),
]
