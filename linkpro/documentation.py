"""The API's description, for programs (OpenAPI) and for people (Swagger UI)."""

from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tracking import schema as _tracking  # noqa: F401  its descriptions are found once it is read

# Where a reader of the API begins; what is below leads on by its ids.
BEGINNINGS = {
    "docs": "/docs",
    "schema": "/api/v1/schema",
    "me": "/auth/me",
    "tenants": "/auth/tenants",
    "system": "/api/v1/system/info",
    "sites": "/api/v1/sites",
    "profiles": "/api/v1/profiles",
    "links": "/api/v1/links",
    "metrics": "/api/v1/metrics",
    "metrics_catalogue": "/api/v1/metrics-catalogue",
    "members": "/api/v1/members",
    "teams": "/api/v1/teams",
    "invitations": "/api/v1/invitations",
    "tokens": "/api/v1/tokens",
    "webhooks": "/api/v1/webhooks",
    "outbox": "/api/v1/outbox",
    "tenant": "/api/v1/tenant",
    "track": "/api/track",
}
ADDRESS = {"type": "string", "format": "uri"}


class Root(APIView):
    """Where everything is: the addresses at which one begins."""

    name = "API"
    permission_classes = (AllowAny,)
    api_family = "system"

    @extend_schema(
        summary="Where everything is",
        responses={200: {"type": "object", "additionalProperties": ADDRESS}},
    )
    def get(self, request: Request) -> Response:
        return Response(
            {name: request.build_absolute_uri(path) for name, path in BEGINNINGS.items()}
        )


class Schema(SpectacularAPIView):
    """The OpenAPI description of everything that answers here."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: object, **options: object) -> Response:
        return super().get(request, *args, **options)


class Docs(SpectacularSwaggerSplitView):
    """The pages on which people read the description and try the API."""

    url_name = "schema"
    template_name = "documentation.html"
    title = "LinkPro API"
