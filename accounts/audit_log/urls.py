"""The audit log, and staff who look into an organisation."""

from __future__ import annotations

from django.urls import path

from accounts import staff_views
from accounts.audit_log import views

urlpatterns = [
    path("organisation/audit", views.log, name="audit_log"),
    path("organisation/audit.csv", views.export, {"kind": "csv"}, name="audit_csv"),
    path("organisation/audit.xlsx", views.export, {"kind": "xlsx"}, name="audit_xlsx"),
    path("api/v1/audit-logs", views.AuditLogs.as_view(), name="audit_api"),
    path("analytics/admin/audit-logs", views.AuditLogs.as_view(), name="audit_original"),
    path("staff", staff_views.accesses, name="staff_accesses"),
    path("staff/look/<uuid:tenant_id>", staff_views.look, name="staff_look"),
    path("staff/accesses/<int:pk>/end", staff_views.end, name="staff_end"),
]
