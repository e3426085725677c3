"""A tenant's mail server in the API."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import Refused
from accounts.models import MailServer
from accounts.outgoing import mail_servers
from accounts.permissions import member_or_403, refuse_partial, scope_of
from accounts.roles import role_for


class MailServerSerializer(serializers.ModelSerializer[MailServer]):
    """A mail server. The password is written and never read."""

    port = serializers.IntegerField(min_value=1, max_value=65535, default=587)
    use_tls = serializers.BooleanField(default=True)
    username = serializers.CharField(max_length=254, default="", allow_blank=True)
    password = serializers.CharField(
        max_length=500,
        write_only=True,
        default="",
        allow_blank=True,
        trim_whitespace=False,
        help_text="Empty or left out: the one that is there is kept.",
    )
    password_set = serializers.SerializerMethodField()

    class Meta:
        model = MailServer
        fields = (
            "server",
            "port",
            "from_address",
            "username",
            "password",
            "password_set",
            "use_tls",
            "tested_at",
            "test_error",
            "failing_since",
            "failure",
            "updated_at",
        )
        read_only_fields = ("tested_at", "test_error", "failing_since", "failure", "updated_at")

    def get_password_set(self, server: MailServer) -> bool:
        return server.sealed_password is not None


class _MailView(GenericAPIView[Any]):
    serializer_class = MailServerSerializer
    read_role = role_for("mail.manage")
    write_role = role_for("mail.manage")

    def server(self) -> MailServer:
        """The tenant's server. Raises `NotFound`, also for a token for certain sites only."""
        scope = scope_of(self.request)
        rows = MailServer.objects.visible_to(scope).select_related("tenant")
        found = None if scope.sites is not None else rows.first()
        if found is None:
            raise exceptions.NotFound
        return found


class MailServerView(_MailView):
    """The server by which the tenant's mail leaves; without one, the installation's does it."""

    @extend_schema(responses=MailServerSerializer)
    def get(self, request: Request) -> Response:
        return Response(MailServerSerializer(self.server()).data)

    @extend_schema(request=MailServerSerializer, responses={200: MailServerSerializer})
    def post(self, request: Request) -> Response:
        """Set the server. Another server, port or user needs its password again."""
        refuse_partial(request)
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = {**serializer.validated_data}
        member = member_or_403(request)
        try:
            server = mail_servers.configure(
                member.tenant, member.user, values, values.pop("password")
            )
        except mail_servers.PasswordNeeded as error:
            raise Refused("password_needed", str(error)) from None
        except ValidationError as error:
            raise serializers.ValidationError(serializers.as_serializer_error(error)) from None
        return Response(MailServerSerializer(server).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Forget the server."""
        mail_servers.remove(self.server(), member_or_403(request).user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MailTestView(_MailView):
    """Try the server out."""

    @extend_schema(request=None, responses={202: MailServerSerializer})
    def post(self, request: Request) -> Response:
        """Send a test to whoever asks; `tested_at` and `test_error` tell what came of it."""
        mail_servers.send_test(self.server(), member_or_403(request).user)
        return Response(MailServerSerializer(self.server()).data, status.HTTP_202_ACCEPTED)
