"""An organisation's settings, and the switch between organisations."""

from django.urls import path

from accounts.tenants import api, views

urlpatterns = [
    path("organisation", views.general, name="organisation_general"),
    path("organisation/branding", views.branding, name="organisation_branding"),
    path(
        "organisation/branding/preview",
        views.branding_preview,
        name="organisation_branding_preview",
    ),
    path("organisation/recipients", views.recipients, name="organisation_recipients"),
    path("organisation/delete", views.danger, name="organisation_danger"),
    path("organisation/keep", views.keep, name="organisation_keep"),
    path("organisations/new", views.new_organisation, name="organisation_new"),
    path("organisations/switch", views.switch, name="organisation_switch"),
    path("logos/<uuid:tenant_id>/<slug:digest>.png", views.logo, name="tenant_logo"),
    path("api/v1/tenant", api.TenantView.as_view(), name="tenant"),
    path("api/v1/tenant/logo", api.LogoView.as_view(), name="tenant_logo_upload"),
]
