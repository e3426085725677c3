"""Where analytics answers programs. `ORIGINAL` also answers without the version, at `/api/`."""

from django.urls import path

from analytics import profile_views as profiles
from analytics import viewsets as statistics
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
    path("metrics-catalogue", statistics.Catalogue.as_view()),
    path("sites/<str:site>/totals", statistics.Totals.as_view()),
    path("sites/<str:site>/series", statistics.Series.as_view()),
    path("sites/<str:site>/breakdown/<slug:dimension>", statistics.Breakdown.as_view()),
    path("sites/<str:site>/heatmap", statistics.HeatMap.as_view()),
    path("sites/<str:site>/now", statistics.Now.as_view()),
    path("sites/<str:site>/visits", statistics.Visits.as_view()),
    path("sites/<str:site>/outcomes", statistics.Outcomes.as_view()),
]
