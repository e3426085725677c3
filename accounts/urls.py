"""Everything about accounts that has an address; each part of it has a list of its own."""

from django.urls import include, path

from accounts import views

urlpatterns = [
    path("welcome", views.first_run, name="first_run"),
    path("", include("accounts.sign_in.urls")),
    path("", include("accounts.members.urls")),
    path("", include("accounts.tenants.urls")),
    path("", include("accounts.oneself.urls")),
    path("", include("accounts.api_tokens.urls")),
    path("", include("accounts.audit_log.urls")),
    path("", include("accounts.outgoing.mail_urls")),
    path("", include("accounts.outgoing.webhook_urls")),
]
