"""API tokens."""

from django.urls import path

from accounts.api_tokens import views

urlpatterns = [
    path("account/tokens", views.own_tokens, name="tokens"),
    path("account/tokens/new", views.new_token, name="new_token"),
    path("account/tokens/<int:pk>/revoke", views.revoke_own, name="revoke_token"),
    path("organisation/tokens", views.all_tokens, name="all_tokens"),
    path("organisation/tokens/<int:pk>/revoke", views.revoke_any, name="revoke_any_token"),
]
