"""Sign-in and sign-up, for people and for programs."""

from allauth.account import views as allauth
from django.urls import path, re_path

# Of allauth's pages only these: an address is changed by those who manage people, and verified.

urlpatterns = [
    path("accounts/login/", allauth.login, name="account_login"),
    path("accounts/logout/", allauth.logout, name="account_logout"),
    path("accounts/inactive/", allauth.account_inactive, name="account_inactive"),
    path("accounts/reauthenticate/", allauth.reauthenticate, name="account_reauthenticate"),
    path("accounts/password/change/", allauth.password_change, name="account_change_password"),
    path("accounts/password/set/", allauth.password_set, name="account_set_password"),
    path("accounts/password/reset/", allauth.password_reset, name="account_reset_password"),
    path(
        "accounts/password/reset/done/",
        allauth.password_reset_done,
        name="account_reset_password_done",
    ),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allauth.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "accounts/password/reset/key/done/",
        allauth.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
]
