"""Where everything answers."""

from django.contrib import admin
from django.urls import include, path
from rest_framework.routers import SimpleRouter

from accounts.viewsets import SiteViewSet

api = SimpleRouter(trailing_slash=False)
api.register("sites", SiteViewSet, basename="site")

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include(api.urls)),
]
