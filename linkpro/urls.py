"""Where everything answers."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from rest_framework.routers import SimpleRouter

from accounts.viewsets import SiteViewSet
from linkpro import health

api = SimpleRouter(trailing_slash=False)
api.register("sites", SiteViewSet, basename="site")

urlpatterns = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("admin/", admin.site.urls),
    path("api/v1/", include(api.urls)),
    path("", include("accounts.urls")),
    path("", include("analytics.urls")),
    path("", include("tracking.urls")),
]

if not settings.PRODUCTION:
    from linkpro.components import components

    urlpatterns.append(path("components/", components, name="components"))
