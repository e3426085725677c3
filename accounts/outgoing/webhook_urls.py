"""A tenant's webhooks."""

from django.urls import path

from accounts.outgoing import webhook_views as views

HERE = "organisation/webhooks"
ONE = f"{HERE}/<uuid:pk>"
DELIVERY = f"{ONE}/deliveries/<uuid:message>"

urlpatterns = [
    path(HERE, views.webhooks, name="webhooks"),
    path(f"{HERE}/new", views.new_webhook, name="new_webhook"),
    path(f"{HERE}/receiving", views.explained, name="webhooks_explained"),
    path(ONE, views.webhook, name="webhook"),
    path(f"{ONE}/edit", views.edit_webhook, name="edit_webhook"),
    path(f"{ONE}/pause", views.set_enabled, {"enabled": False}, name="pause_webhook"),
    path(f"{ONE}/resume", views.set_enabled, {"enabled": True}, name="resume_webhook"),
    path(f"{ONE}/rotate-secret", views.rotate_secret, name="rotate_webhook"),
    path(f"{ONE}/delete", views.delete_webhook, name="delete_webhook"),
    path(f"{ONE}/test", views.test_webhook, name="test_webhook"),
    path(f"{ONE}/replay-failed", views.replay_failed, name="replay_webhook"),
    path(DELIVERY, views.delivery, name="webhook_delivery"),
    path(f"{DELIVERY}/replay", views.replay, name="replay_delivery"),
]
