"""Where tracking answers. Under ASGI, `tracking.ingest.app` answers POST before Django does."""

from django.urls import path, re_path

from tracking import link_views, pixel, script, views

urlpatterns = [
    re_path(r"^js/(?P<name>[A-Za-z0-9_-]{3,32})\.js$", script.script_js, name="script_js"),
    re_path(r"^js/[A-Za-z0-9_-]{3,32}$", views.TrackView.as_view()),
    re_path(r"^js/[A-Za-z0-9_-]{3,32}\.gif$", pixel.pixel_gif),
    path("api/pixel.gif", pixel.pixel_gif, name="pixel_gif"),
    path("api/track", views.TrackView.as_view(), name="track"),
    path("api/v1/track", views.TrackView.as_view()),
    path("api/track/click", link_views.ClickView.as_view(), name="track_click"),
    path("api/v1/track/click", link_views.ClickView.as_view()),
    path("api/track/view", link_views.ProfileViewView.as_view(), name="track_view"),
    path("api/v1/track/view", link_views.ProfileViewView.as_view()),
]
