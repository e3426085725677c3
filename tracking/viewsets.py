"""Link profiles and links in the API."""

from __future__ import annotations

from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import TenantViewSet
from accounts.models import User
from accounts.permissions import member_or_403
from tracking import avatars, links, profiles
from tracking.filters import LinkFilter, LinkProfileFilter
from tracking.models import Link, LinkProfile
from tracking.serializers import (
    LinkProfileSerializer,
    LinkSerializer,
    MoveSerializer,
    PictureSerializer,
)


class DeletedWithItsSite(exceptions.APIException):
    """A profile is where its site's numbers come from: both go, with the site's days of grace."""

    status_code = status.HTTP_405_METHOD_NOT_ALLOWED
    default_code = "deleted_with_its_site"
    default_detail = _("A profile is deleted with its site: delete that, or unpublish the profile.")


def _actor(request: Request) -> User:
    return member_or_403(request).user


class LinkProfileViewSet(TenantViewSet):
    """Link-in-bio pages that the asking member sees; managers make and change them.

    Each is made with a site of the kind `bio` that counts it, and is deleted with that site.
    """

    model = LinkProfile
    serializer_class = LinkProfileSerializer
    filterset_class = LinkProfileFilter

    def get_queryset(self) -> models.QuerySet[LinkProfile]:
        return super().get_queryset().select_related("site").defer("avatar")

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        self.check_may_create()
        member = member_or_403(self.request)
        values = cast(LinkProfileSerializer, serializer).values()
        serializer.instance = profiles.make(member.tenant, member.user, values)

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        values = cast(LinkProfileSerializer, serializer).values()
        profile = cast(LinkProfile, serializer.instance)
        serializer.instance = profiles.change(profile, _actor(self.request), values)

    @extend_schema(responses={405: None})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Refused with the code `deleted_with_its_site`: delete the site, or unpublish."""
        self.get_object()
        raise DeletedWithItsSite

    @extend_schema(request=PictureSerializer, responses=LinkProfileSerializer)
    @action(detail=True, methods=["put"], parser_classes=[MultiPartParser])
    def avatar(self, request: Request, pk: str | None = None) -> Response:
        """Put up a picture; it is cut to a square of 256 pixels and keeps nothing but pixels."""
        profile = self.get_object()
        upload = PictureSerializer(data=request.data)
        upload.is_valid(raise_exception=True)
        try:
            picture = avatars.square(upload.validated_data["picture"])
        except ValidationError as error:
            raise exceptions.ValidationError({"picture": error.messages}) from None
        profile = profiles.set_picture(profile, _actor(request), picture)
        return Response(self.get_serializer(profile).data)

    @extend_schema(request=None, responses=LinkProfileSerializer)
    @avatar.mapping.delete
    def remove_avatar(self, request: Request, pk: str | None = None) -> Response:
        """Take the picture down."""
        profile = profiles.set_picture(self.get_object(), _actor(request), None)
        return Response(self.get_serializer(profile).data)


class LinkViewSet(TenantViewSet):
    """Links of link-in-bio pages, in their order; managers make, change, move and delete them.

    A deleted link leaves the page and this list. Its clicks stay named, and so does its address.
    """

    model = Link
    serializer_class = LinkSerializer
    filterset_class = LinkFilter

    def get_queryset(self) -> models.QuerySet[Link]:
        rows = super().get_queryset().select_related("profile__site").defer("profile__avatar")
        if self.action != "restore":
            rows = rows.filter(deleted_at=None)
        return rows.order_by("profile_id", "position", "id")

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        values = dict(serializer.validated_data)
        profile, position = values.pop("profile"), values.pop("position", None)
        values.setdefault("slug", "")
        serializer.instance = links.add(profile, _actor(self.request), values, position)

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        values = dict(serializer.validated_data)
        values.pop("profile", None)
        link = cast(Link, serializer.instance)
        serializer.instance = links.change(link, _actor(self.request), values)

    def perform_destroy(self, instance: models.Model) -> None:
        links.delete(cast(Link, instance), _actor(self.request))

    @extend_schema(request=MoveSerializer, responses=LinkSerializer)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str | None = None) -> Response:
        """Put the link at another place; the others step aside."""
        link = self.get_object()
        asked = MoveSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        moved = links.move(link, _actor(request), asked.validated_data["position"])
        return Response(self.get_serializer(moved).data)

    @extend_schema(request=None, responses=LinkSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str | None = None) -> Response:
        """Take a deletion back: the link stands where it stood."""
        restored = links.restore(self.get_object(), _actor(request))
        return Response(self.get_serializer(restored).data)
