"""Accounts in the API."""

from typing import Any

from django.utils import timezone
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import TenantViewSet
from accounts.models import Site
from accounts.permissions import member_or_403
from accounts.roles import Role
from accounts.sites import lifecycle
from accounts.sites.serializers import SiteSerializer


class SiteViewSet(TenantViewSet):
    """The sites that the asking member sees; managers make and change them."""

    model = Site
    serializer_class = SiteSerializer
    write_role = Role.MANAGER
    filterset_fields = ("kind", "key")

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Let the site be deleted at `delete_at`; until then it counts on and can be restored."""
        member = member_or_403(request)
        site = lifecycle.schedule_deletion(self.get_object(), member, timezone.now())
        return Response(self.get_serializer(site).data, status=status.HTTP_202_ACCEPTED)

    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str | None = None) -> Response:
        """Take the deletion back; a site that was to stay is answered as it is."""
        site = lifecycle.keep(self.get_object(), member_or_403(request), timezone.now())
        return Response(self.get_serializer(site).data)
