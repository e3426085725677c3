"""Sign-in and sign-up, for people and for programs."""

from allauth.account import views as account
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as social
from django.urls import include, path, re_path

from accounts.sections import framed
from accounts.sign_in import programs, views

# Allauth's pages, each named here: what it adds in a later version does not open by itself. Those
# about one's own account stand in the frame of that.
ENTRANCE = [
    path("login/", views.Login.as_view(), name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("signup/", views.SignUp.as_view(), name="account_signup"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("confirm-email/", account.email_verification_sent, name="account_email_verification_sent"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("2fa/authenticate/", factors.authenticate, name="mfa_authenticate"),
    path("2fa/reauthenticate/", factors.reauthenticate, name="mfa_reauthenticate"),
    path("passkeys/login/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path(
        "passkeys/reauthenticate/",
        passkeys.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path("by/<slug:key>/", views.to_provider, name="to_provider"),
    path(
        "google/login/callback/",
        views.from_provider,
        {"provider_id": "google"},
        name="google_callback",
    ),
    path(
        "oidc/<slug:provider_id>/login/callback/",
        views.from_provider,
        name="openid_connect_callback",
    ),
    path("connected/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("connected/error/", social.login_error, name="socialaccount_login_error"),
    path("connected/signup/", views.SocialSignUp.as_view(), name="socialaccount_signup"),
]

OWN_ACCOUNT = [
    path("email/", framed("email", account.email), name="account_email"),
    path(
        "password/change/",
        framed("password", account.password_change),
        name="account_change_password",
    ),
    path("password/set/", framed("password", account.password_set), name="account_set_password"),
    path("2fa/", framed("factors", factors.index), name="mfa_index"),
    path("2fa/totp/activate/", framed("factors", totp.activate_totp), name="mfa_activate_totp"),
    path(
        "2fa/totp/deactivate/", framed("factors", totp.deactivate_totp), name="mfa_deactivate_totp"
    ),
    path(
        "2fa/recovery-codes/",
        framed("factors", codes.view_recovery_codes),
        name="mfa_view_recovery_codes",
    ),
    path(
        "2fa/recovery-codes/generate/",
        framed("factors", codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "2fa/recovery-codes/download/",
        codes.download_recovery_codes,
        name="mfa_download_recovery_codes",
    ),
    path("passkeys/", framed("passkeys", passkeys.list_webauthn), name="mfa_list_webauthn"),
    path("passkeys/add/", framed("passkeys", passkeys.add_webauthn), name="mfa_add_webauthn"),
    path(
        "passkeys/<int:pk>/remove/",
        framed("passkeys", passkeys.remove_webauthn),
        name="mfa_remove_webauthn",
    ),
    path(
        "passkeys/<int:pk>/edit/",
        framed("passkeys", passkeys.edit_webauthn),
        name="mfa_edit_webauthn",
    ),
    path("sessions/", views.sessions, name="account_sessions"),
    path(
        "connected/",
        framed("connected", views.Connected.as_view()),
        name="socialaccount_connections",
    ),
]

PROGRAMS = [
    path("login", programs.Login.as_view(), name="auth_login"),
    path("callback", programs.Callback.as_view(), name="auth_callback"),
    path("refresh", programs.Refresh.as_view(), name="auth_refresh"),
    path("logout", programs.Logout.as_view(), name="auth_logout"),
    path("me", programs.Me.as_view(), name="auth_me"),
    path("tenants", programs.Tenants.as_view(), name="auth_tenants"),
]

urlpatterns = [
    path("accounts/", include(ENTRANCE)),
    path("accounts/", include(OWN_ACCOUNT)),
    path("auth/", include(PROGRAMS)),
]
