from django.urls import path

from analytics import site_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("sites", site_views.sites, name="sites"),
    path("sites/new", site_views.site_new, name="site_new"),
    path("sites/<str:key>", views.overview, name="overview"),
    path("sites/<str:key>/received", site_views.received, name="received"),
    path("sites/<str:key>/install", site_views.site_install, name="site_install"),
    path("sites/<str:key>/settings", site_views.site_edit, name="site_edit"),
]
