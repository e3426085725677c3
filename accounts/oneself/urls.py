"""One's own account."""

from django.urls import path

from accounts.oneself import views

urlpatterns = [
    path("account", views.profile, name="account"),
    path("account/notifications", views.notifications, name="account_notifications"),
    path("account/data", views.data, name="account_data"),
    path("account/export", views.export, name="account_export"),
    path("account/delete", views.delete, name="account_delete"),
    path("mail/stop/<str:signed>", views.unsubscribe, name="unsubscribe"),
]
