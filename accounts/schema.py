"""How the API describes itself (OpenAPI): who may ask, and how it fails."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import AllowAny

PROBLEM_TYPE = "application/problem+json"


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details (RFC 9457). Programs look at `code`, which stays; people read the rest."""

    type = serializers.CharField(default="about:blank")
    title = serializers.CharField(help_text="The name of the status.")
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Such as `invalid`, `not_found`, `rate_limited`.")
    detail = serializers.CharField(required=False, help_text="What happened, for people.")
    errors = serializers.DictField(required=False, help_text="By field what is wrong with it.")  # type: ignore[assignment]


class BearerScheme(OpenApiAuthenticationExtension):
    """`Authorization: Bearer`, with an API token or a JWT."""

    target_class = "accounts.authentication.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API token, `lp_…`, or a JWT of `/auth/`.",
        }


MEANINGS = {
    400: "The question makes no sense; `code` and `errors` say why.",
    401: "Nobody is signed in, or the token is unknown, expired or revoked.",
    403: "The role of the asker, or the scope of the token, is not enough.",
    404: "There is no such thing, or it belongs to somebody else.",
    429: "More requests than the limit allows: wait for `Retry-After` seconds.",
}


class Described(AutoSchema):
    """Every operation tells its errors; its name is its path, since some stand at two paths."""

    def get_operation_id(self) -> str:
        words = [word.strip("{}").replace("-", "_") for word in self.path.split("/") if word]
        return "_".join([self.method.lower(), *words[1:]])

    def get_tags(self) -> list[str]:
        return [getattr(self.view, "api_family", None) or super().get_tags()[0]]

    def is_open(self) -> bool:
        """Whether the operation asks nobody who they are."""
        return AllowAny in self.view.permission_classes

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        problem = OpenApiResponse(ProblemSerializer)
        statuses = (400, 429) if self.is_open() else (400, 401, 403, 404, 429)
        for status in statuses:
            if str(status) not in bodies:
                found = self._get_response_for_code(problem, str(status), [PROBLEM_TYPE], direction)
                bodies[str(status)] = found | {"description": MEANINGS[status]}
        return bodies


def parameter(name: str, told: str, kind: Any = str, **more: Any) -> OpenApiParameter:
    """A parameter of the address, described."""
    return OpenApiParameter(name, kind, description=told, **more)


def of_programs(endpoints: list[Any]) -> list[Any]:
    """The endpoints that programs use, of all that REST framework answers."""
    return [found for found in endpoints if found[0].startswith(("/api/", "/auth/", "/health"))]
