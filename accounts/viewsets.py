"""Accounts in the API."""

from accounts.api import TenantViewSet
from accounts.models import Site
from accounts.roles import Role
from accounts.serializers import SiteSerializer


class SiteViewSet(TenantViewSet):
    """The sites that the asking member sees; managers make and change them."""

    model = Site
    serializer_class = SiteSerializer
    write_role = Role.MANAGER
    filterset_fields = ("kind", "key")
