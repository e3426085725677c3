"""Where analytics answers programs. `ORIGINAL` also answers without the version, at `/api/`."""

from django.urls import path

from analytics import profile_views as profiles
from analytics import website_views as website

ORIGINAL = [
    path("metrics", website.Metrics.as_view()),
    path("funnel", website.Funnel.as_view()),
    path("export", website.Export.as_view()),
    path("analytics/profile/<int:profile_id>", profiles.ProfileView.as_view()),
    path("analytics/traffic/<int:profile_id>", profiles.TrafficView.as_view()),
    path("analytics/time/<int:profile_id>", profiles.TimeView.as_view()),
    path("analytics/quick-stats/<int:profile_id>", profiles.QuickStatsView.as_view()),
    path("analytics/compare/<int:profile_id>", profiles.CompareView.as_view()),
]

urlpatterns = [
    *ORIGINAL,
]
