from django.urls import path

from analytics import report_views, site_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("sites", site_views.sites, name="sites"),
    path("sites/new", site_views.site_new, name="site_new"),
    path("sites/<str:key>", views.overview, name="overview"),
    path("sites/<str:key>/now", views.live, name="live"),
    path("sites/<str:key>/values", views.suggestions, name="suggestions"),
    path("sites/<str:key>/by/<slug:dimension>", report_views.details, name="details"),
    path("sites/<str:key>/by/<slug:dimension>.csv", report_views.details_csv, name="details_csv"),
    path("sites/<str:key>/hours", report_views.hours, name="hours"),
    path("sites/<str:key>/visits", report_views.visits, name="visits"),
    path("sites/<str:key>/visits/<str:day>/<str:visit>", report_views.visit, name="visit"),
    path("sites/<str:key>/received", site_views.received, name="received"),
    path("sites/<str:key>/install", site_views.site_install, name="site_install"),
    path("sites/<str:key>/settings", site_views.site_edit, name="site_edit"),
]
