"""API tokens in the API."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import Refused, TenantViewSet
from accounts.api_tokens import tokens
from accounts.api_tokens.serializers import MadeTokenSerializer, TokenSerializer
from accounts.models import ApiToken
from accounts.permissions import member_or_403
from accounts.roles import Role


class TokenViewSet(TenantViewSet):
    """One's own tokens; admins see all of the tenant.

    People make tokens, tokens do not: whoever got hold of one could give it a successor that
    outlives its revocation. A token may revoke itself.
    """

    model = ApiToken
    serializer_class = TokenSerializer
    read_role = Role.VIEWER
    write_role = Role.VIEWER
    http_method_names = ["get", "post", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[ApiToken]:
        if getattr(self, "swagger_fake_view", False):
            return ApiToken.plain.none()
        return tokens.tokens_for(member_or_403(self.request))

    @extend_schema(request=TokenSerializer, responses={201: MadeTokenSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make a token. Its text is in this answer and nowhere else."""
        member = member_or_403(request)
        if isinstance(request.auth, ApiToken) or not tokens.may_make(member):
            told = _("Tokens are made by people: sign in.")
            raise exceptions.PermissionDenied(told, code="token_makes_no_tokens")
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        made = self._make(serializer)
        return Response(made, status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})

    def _make(self, serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
        given = cast(dict[str, Any], serializer.validated_data)
        try:
            token, text = tokens.make(
                member_or_403(self.request),
                name=given["name"],
                scopes=given["scopes"],
                site_ids=given.get("site_ids"),
                expires_at=given.get("expires_at"),
            )
        except tokens.TooManyTokens:
            told = _("You have very many tokens: revoke those you do not need.")
            raise Refused("too_many_tokens", told) from None
        return {"token": text, **TokenSerializer(token, context=serializer.context).data}

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Revoke the token: it opens nothing from now on, and stays in the list as revoked."""
        token = self.get_object()
        if isinstance(request.auth, ApiToken) and request.auth.pk != token.pk:
            told = _("A token revokes only itself.")
            raise exceptions.PermissionDenied(told, code="token_revokes_itself_only")
        tokens.revoke(token, member_or_403(request).user)
        return Response(status=status.HTTP_204_NO_CONTENT)
