"""The API's description, for programs (OpenAPI) and for people (Swagger UI)."""

from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from tracking import schema as _tracking  # noqa: F401  its descriptions are found once it is read


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
