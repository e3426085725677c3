"""The asking tenant in the API: its settings and its logo."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import exceptions, serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import pictures
from accounts.models import Membership, Tenant
from accounts.permissions import member_or_403, refuse_partial
from accounts.roles import Role
from accounts.tenants import organisation


class ColourField(serializers.CharField):
    """`#rrggbb` in any case, or nothing."""

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).lower()


class TenantSerializer(serializers.ModelSerializer[Tenant]):
    """An organisation and its settings."""

    colour = ColourField(
        max_length=7, allow_blank=True, required=False, help_text="Such as #0e6e86; empty: none."
    )
    recipient_domains = serializers.ListField(
        child=serializers.CharField(max_length=253),
        max_length=organisation.MOST_DOMAINS,
        required=False,
        help_text="Domains that invitations and reports may go to; empty: any.",
    )
    logo_url = serializers.SerializerMethodField(help_text="Its picture, a PNG.")

    class Meta:
        model = Tenant
        fields = ("id", *organisation.FIELDS, "logo_url", "delete_at", "created_at", "updated_at")
        read_only_fields = ("delete_at",)

    def get_logo_url(self, tenant: Tenant) -> str | None:
        path = organisation.logo_path(tenant)
        return settings.BASE_URL + path if path else None

    def validate_recipient_domains(self, texts: list[str]) -> list[str]:
        return organisation.checked_domains(texts)


@extend_schema_field({"type": "string", "format": "binary"})
class LogoField(serializers.FileField):
    """An uploaded picture; it is read by `accounts.pictures` only."""


class LogoSerializer(serializers.Serializer[Any]):
    """A logo, as `multipart/form-data`: PNG, JPEG, WebP or GIF, at most 5 MB."""

    logo = LogoField()


class TenantEndpoint(APIView):
    """Read by every member, changed by admins; a token for some sites changes nothing here."""

    read_role = Role.VIEWER
    write_role = Role.ADMIN

    def changing_member(self, request: Request) -> Membership:
        """The member who may change the tenant. Raises `PermissionDenied`."""
        refuse_partial(request)
        return member_or_403(request)


class TenantView(TenantEndpoint):
    """The organisation of the token, or the one that `X-Tenant-Id` names."""

    @extend_schema(operation_id="tenant_retrieve", responses=TenantSerializer)
    def get(self, request: Request) -> Response:
        """Its settings."""
        return Response(TenantSerializer(member_or_403(request).tenant).data)

    @extend_schema(request=TenantSerializer(partial=True), responses=TenantSerializer)
    def patch(self, request: Request) -> Response:
        """Change some of its settings."""
        member = self.changing_member(request)
        given = TenantSerializer(member.tenant, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        tenant = organisation.change(member.tenant, member.user, given.validated_data)
        return Response(TenantSerializer(tenant).data)


class LogoView(TenantEndpoint):
    """The organisation's logo."""

    parser_classes = (MultiPartParser,)

    @extend_schema(request=LogoSerializer, responses=TenantSerializer)
    def put(self, request: Request) -> Response:
        """Put up a logo; it is made to fit into 480 by 160 pixels and keeps nothing but pixels."""
        member = self.changing_member(request)
        upload = LogoSerializer(data=request.data)
        upload.is_valid(raise_exception=True)
        try:
            picture = pictures.logo(upload.validated_data["logo"])
        except ValidationError as error:
            raise exceptions.ValidationError({"logo": error.messages}) from None
        tenant = organisation.set_logo(member.tenant, member.user, picture)
        return Response(TenantSerializer(tenant).data)

    @extend_schema(request=None, responses=TenantSerializer)
    def delete(self, request: Request) -> Response:
        """Take the logo down."""
        member = self.changing_member(request)
        tenant = organisation.set_logo(member.tenant, member.user, None)
        return Response(TenantSerializer(tenant).data)
