from django.urls import path

from analytics import views

urlpatterns = [
    path("", views.home, name="home"),
    path("sites", views.sites, name="sites"),
    path("sites/new", views.site_new, name="site_new"),
    path("sites/<str:key>", views.overview, name="overview"),
    path("sites/<str:key>/received", views.received, name="received"),
    path("sites/<str:key>/install", views.site_install, name="site_install"),
    path("sites/<str:key>/settings", views.site_edit, name="site_edit"),
]
