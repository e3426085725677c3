"""Where tracking answers. Under ASGI, `tracking.ingest.app` answers POST before Django does."""

from django.urls import path

from tracking import views

urlpatterns = [
    path("js/analytics.js", views.analytics_js, name="analytics_js"),
    path("api/track", views.TrackView.as_view(), name="track"),
    path("api/v1/track", views.TrackView.as_view()),
]
