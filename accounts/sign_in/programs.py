"""Signing in for programs: `/auth/login`, `/auth/callback` and what follows from them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, generics, permissions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.addresses import address_of
from accounts.api import Refused
from accounts.authentication import memberships_of
from accounts.models import ApiToken, Membership, SignIn, User
from accounts.oneself import own_account
from accounts.schema import parameter
from accounts.sign_in import jwt, oauth, proofs
from accounts.sign_in.second_factors import check_second_factor
from accounts.sign_in.serializers import (
    CallbackSerializer,
    LoginUrlSerializer,
    MeSerializer,
    PairSerializer,
    PasswordSerializer,
    PlaceSerializer,
    RefreshSerializer,
    UserSerializer,
)

STATE_COOKIE = "linkpro_oauth_state"
STATE_COOKIE_PATH = "/auth/"
FAMILY = "Sign-in"


def refusal(code: str, status: HTTPStatus, told: str) -> Refused:
    """A refusal with its own status; a 401 says how to do better."""
    refused = Refused(code, told)
    refused.status_code = status
    if status == HTTPStatus.UNAUTHORIZED:
        refused.auth_header = "Bearer"  # type: ignore[attr-defined]
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        refused.wait = 300  # type: ignore[attr-defined]
    return refused


def tokens_for(request: Request, user: User, otp: str) -> Response:
    """Sign the program in, once the second factor is shown too."""
    check_second_factor(user, otp)
    return told(jwt.start(user, request._request, address_of(request._request)))


def told(pair: jwt.Pair) -> Response:
    """The answer with tokens, which nobody keeps on the way."""
    body = {
        "access_token": pair.access,
        "token_type": "Bearer",
        "expires_in": pair.expires_in,
        "refresh_token": pair.refresh,
        "refresh_expires_in": pair.refresh_expires_in,
        "user": UserSerializer(pair.sign_in.user).data,
    }
    return Response(body, headers={"Cache-Control": "no-store"})


class Open(APIView):
    """An endpoint for somebody who is not signed in yet; it looks at no session."""

    authentication_classes = []
    permission_classes = [permissions.AllowAny]
    api_family = FAMILY

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, proofs.Refused):
            exc = refusal(exc.code, exc.status, str(exc))
        elif isinstance(exc, oauth.ProviderAway):
            text = _("The provider does not answer. Try again in a minute.")
            exc = refusal("provider_unavailable", HTTPStatus.BAD_GATEWAY, text)
        return super().handle_exception(exc)


class Login(Open):
    """Signing in begins."""

    @extend_schema(
        parameters=[parameter("provider", "`oidc` or `google`; without it the first one set up.")],
        responses=LoginUrlSerializer,
    )
    def get(self, request: Request) -> Response:
        """The provider's address for the person's browser. The state is set as a cookie too."""
        provider = oauth.find_provider(request.query_params.get("provider", ""))
        if provider is None:
            text = _("No such provider is set up here. Sign in by POST with e-mail and password.")
            raise refusal("provider_missing", HTTPStatus.NOT_FOUND, text)
        url, state = oauth.begin(provider)
        body = {
            "url": url,
            "authorization_url": url,
            "state": state,
            "provider": provider.key,
            "redirect_uri": settings.OAUTH_REDIRECT_URI,
            "expires_in": oauth.STATE_SECONDS,
        }
        response = Response(body, headers={"Cache-Control": "no-store"})
        response.set_cookie(
            STATE_COOKIE,
            state,
            max_age=oauth.STATE_SECONDS,
            path=STATE_COOKIE_PATH,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
        return response

    @extend_schema(request=PasswordSerializer, responses=PairSerializer)
    def post(self, request: Request) -> Response:
        """Tokens for an e-mail address and its password, without any provider."""
        given = PasswordSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        email, password = given.validated_data["email"], given.validated_data["password"]
        user = proofs.user_by_password(request._request, email, password)
        return tokens_for(request, user, given.validated_data["otp"])


class Callback(Open):
    """Signing in ends."""

    @extend_schema(request=CallbackSerializer, responses=PairSerializer)
    def post(self, request: Request) -> Response:
        """Tokens for the code that the provider gave. The state comes by cookie or in the body."""
        given = CallbackSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        state = self._state(request, given.validated_data["state"])
        try:
            provider = oauth.take(state)
            identity = oauth.identify(provider, given.validated_data["code"], state)
        except oauth.StateInvalid as error:
            raise self._state_invalid() from error
        except oauth.ProviderRefused as error:
            text = _("The provider does not take this code. Begin again.")
            raise refusal("code_invalid", HTTPStatus.BAD_REQUEST, text) from error
        response = tokens_for(request, proofs.user_of(identity), given.validated_data["otp"])
        response.delete_cookie(STATE_COOKIE, path=STATE_COOKIE_PATH)
        return response

    def _state(self, request: Request, in_body: str) -> str:
        in_cookie = request.COOKIES.get(STATE_COOKIE, "")
        if not in_body and not in_cookie:
            text = _("Send the state that /auth/login gave you: as cookie, or in the body.")
            raise refusal("state_missing", HTTPStatus.BAD_REQUEST, text)
        if in_body and in_cookie and in_body != in_cookie:
            raise self._state_invalid()
        return in_body or in_cookie

    def _state_invalid(self) -> Refused:
        text = _("This state is unknown, too old, or was used before. Begin again.")
        return refusal("state_invalid", HTTPStatus.BAD_REQUEST, text)


class Refresh(Open):
    """New tokens for old ones."""

    @extend_schema(request=RefreshSerializer, responses=PairSerializer)
    def post(self, request: Request) -> Response:
        """New tokens for a refresh token. One that comes twice ends the sign-in: it was copied."""
        given = RefreshSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            return told(jwt.refresh(given.validated_data["refresh_token"]))
        except jwt.RefreshInvalid as error:
            text = _("This refresh token is unknown, expired or was used before. Sign in again.")
            raise refusal("refresh_invalid", HTTPStatus.UNAUTHORIZED, text) from error


class IsPerson(permissions.BasePermission):
    """A person or a program that acts as one; an API token may only look."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        looks = request.method in permissions.SAFE_METHODS
        return isinstance(request.user, User) and (looks or not isinstance(request.auth, ApiToken))


class Logout(APIView):
    """The end of a sign-in."""

    permission_classes = [IsPerson]
    api_family = FAMILY

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Sign this program out: its access and refresh tokens are dead from now on."""
        if isinstance(request.auth, SignIn):
            jwt.end(request.auth)
        else:
            logout(request._request)
        return Response(status=HTTPStatus.NO_CONTENT)


class Me(APIView):
    """The person who is signed in."""

    permission_classes = [IsPerson]
    api_family = FAMILY

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Who is signed in, in which tenant, and what they may do there."""
        return Response(MeSerializer(person(request), context=place(request)).data)

    @extend_schema(request=UserSerializer, responses=MeSerializer)
    @transaction.atomic
    def patch(self, request: Request) -> Response:
        """Change the own name and time zone."""
        given = UserSerializer(person(request), data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        user = own_account.change(person(request), given.validated_data)
        return Response(MeSerializer(user, context=place(request)).data)


class Tenants(generics.ListAPIView[Membership]):
    """The tenants that the person is in."""

    permission_classes = [IsPerson]
    serializer_class = PlaceSerializer
    filter_backends = []
    api_family = FAMILY

    def get_queryset(self) -> QuerySet[Membership]:
        if getattr(self, "swagger_fake_view", False):
            return Membership.plain.none()
        rows = memberships_of(person(self.request))
        if isinstance(self.request.auth, ApiToken):  # it is of one tenant and knows of no other
            rows = rows.filter(pk=self.request.auth.member_id)
        return rows

    def get_serializer_context(self) -> dict[str, Any]:
        return super().get_serializer_context() | place(self.request)


def person(request: Request) -> User:
    """The person who is signed in."""
    if not isinstance(request.user, User):
        raise exceptions.NotAuthenticated
    return request.user


def place(request: Request) -> dict[str, Any]:
    """What serializers know of where the request is answered."""
    return {"member": getattr(request._request, "member", None)}
