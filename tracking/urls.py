"""Where tracking answers. Under ASGI, `tracking.ingest.app` answers POST before Django does."""

from django.urls import path, re_path

from tracking import event_views, link_views, pixel, public_views, script, views

urlpatterns = [
    re_path(r"^js/(?P<name>[A-Za-z0-9_-]{3,32})\.js$", script.script_js, name="script_js"),
    re_path(r"^js/[A-Za-z0-9_-]{3,32}$", views.TrackView.as_view()),
    re_path(r"^js/[A-Za-z0-9_-]{3,32}\.gif$", pixel.pixel_gif),
    re_path(r"^@.*$", public_views.public_side, name="profile_page"),
    re_path(r"^l/.*$", public_views.public_side, name="follow_link"),
    path("api/pixel.gif", pixel.pixel_gif, name="pixel_gif"),
    path("api/track", views.TrackView.as_view(), name="track"),
    path("api/v1/track", views.TrackView.as_view()),
    path("api/track/click", link_views.ClickView.as_view(), name="track_click"),
    path("api/v1/track/click", link_views.ClickView.as_view()),
    path("api/track/view", link_views.ProfileViewView.as_view(), name="track_view"),
    path("api/v1/track/view", link_views.ProfileViewView.as_view()),
    path("api/track/clicks/<int:link_id>", event_views.LinkClicks.as_view(), name="link_clicks"),
    path("api/v1/track/clicks/<int:link_id>", event_views.LinkClicks.as_view()),
    path("api/track/views/<int:profile_id>", event_views.ProfileViews.as_view(), name="views_of"),
    path("api/v1/track/views/<int:profile_id>", event_views.ProfileViews.as_view()),
]
