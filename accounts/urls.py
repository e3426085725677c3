from django.urls import include, path

from accounts import views

urlpatterns = [
    path("welcome", views.first_run, name="first_run"),
    path("accounts/", include("allauth.urls")),
]
