"""The audit log, and staff who look into an organisation."""

from __future__ import annotations

from django.urls import path

from accounts import audit_views, staff_views

urlpatterns = [
    path("organisation/audit", audit_views.log, name="audit_log"),
    path("organisation/audit.csv", audit_views.export, {"kind": "csv"}, name="audit_csv"),
    path("organisation/audit.xlsx", audit_views.export, {"kind": "xlsx"}, name="audit_xlsx"),
    path("api/v1/audit-logs", audit_views.AuditLogs.as_view(), name="audit_api"),
    path("analytics/admin/audit-logs", audit_views.AuditLogs.as_view(), name="audit_original"),
    path("staff", staff_views.accesses, name="staff_accesses"),
    path("staff/look/<uuid:tenant_id>", staff_views.look, name="staff_look"),
    path("staff/accesses/<int:pk>/end", staff_views.end, name="staff_end"),
]
