"""Where everything answers."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from rest_framework.routers import SimpleRouter

from accounts.api_tokens.viewsets import TokenViewSet
from accounts.members.viewsets import InvitationViewSet, MemberViewSet, TeamViewSet
from accounts.outgoing.outbox_viewsets import MessageViewSet
from accounts.outgoing.webhook_viewsets import WebhookViewSet
from accounts.sites.viewsets import SiteViewSet
from analytics import api_urls
from linkpro import documentation, health
from tracking.viewsets import LinkProfileViewSet, LinkViewSet

api = SimpleRouter(trailing_slash=False)
api.register("sites", SiteViewSet, basename="site")
api.register("members", MemberViewSet, basename="member")
api.register("teams", TeamViewSet, basename="team")
api.register("invitations", InvitationViewSet, basename="invitation")
api.register("tokens", TokenViewSet, basename="token")
api.register("webhooks", WebhookViewSet, basename="webhook")
api.register("outbox", MessageViewSet, basename="message")
api.register("profiles", LinkProfileViewSet, basename="profile")
api.register("links", LinkViewSet, basename="link")

urlpatterns = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("admin/", admin.site.urls),
    path("health", health.Health.as_view()),
    path("docs", documentation.Docs.as_view(), name="docs"),
    path("api/system/info", health.SystemInfo.as_view()),
    path("api/v1/system/info", health.SystemInfo.as_view()),
    path("api/v1/schema", documentation.Schema.as_view(), name="schema"),
    path("api/v1/", documentation.Root.as_view()),
    path("api/v1/", include(api.urls)),
    path("api/v1/", include(api_urls)),
    path("api/", include(api_urls.ORIGINAL)),
    path("", include("accounts.urls")),
    path("", include("tracking.editor_urls")),
    path("", include("analytics.urls")),
    path("", include("tracking.urls")),
]

if not settings.PRODUCTION:
    from linkpro.components import components

    urlpatterns.append(path("components/", components, name="components"))
