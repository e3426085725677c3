"""An organisation's settings, the switch between organisations, and one's own account."""

from django.urls import path

from accounts import account_views, tenant_api, tenant_views

urlpatterns = [
    path("organisation", tenant_views.general, name="organisation_general"),
    path("organisation/branding", tenant_views.branding, name="organisation_branding"),
    path(
        "organisation/branding/preview",
        tenant_views.branding_preview,
        name="organisation_branding_preview",
    ),
    path("organisation/recipients", tenant_views.recipients, name="organisation_recipients"),
    path("organisation/delete", tenant_views.danger, name="organisation_danger"),
    path("organisation/keep", tenant_views.keep, name="organisation_keep"),
    path("organisations/new", tenant_views.new_organisation, name="organisation_new"),
    path("organisations/switch", tenant_views.switch, name="organisation_switch"),
    path("account", account_views.profile, name="account"),
    path("account/notifications", account_views.notifications, name="account_notifications"),
    path("account/data", account_views.data, name="account_data"),
    path("account/export", account_views.export, name="account_export"),
    path("account/delete", account_views.delete, name="account_delete"),
    path("mail/stop/<str:signed>", account_views.unsubscribe, name="unsubscribe"),
    path("logos/<uuid:tenant_id>/<slug:digest>.png", tenant_views.logo, name="tenant_logo"),
    path("api/v1/tenant", tenant_api.TenantView.as_view(), name="tenant"),
    path("api/v1/tenant/logo", tenant_api.LogoView.as_view(), name="tenant_logo_upload"),
]
