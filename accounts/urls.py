"""Everything about accounts that has an address; each part of it has a list of its own."""

from django.urls import include, path

from accounts import views

urlpatterns = [
    path("welcome", views.first_run, name="first_run"),
    path("", include("accounts.sign_in_urls")),
    path("", include("accounts.people_urls")),
    path("", include("accounts.tenant_urls")),
    path("", include("accounts.token_urls")),
    path("", include("accounts.audit_urls")),
    path("", include("accounts.outgoing.mail_urls")),
    path("", include("accounts.outgoing.webhook_urls")),
]
