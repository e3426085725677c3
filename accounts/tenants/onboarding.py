"""How an organisation begins: its tenant, its owner, its first site."""

from typing import Any

from django.db import connection, transaction

from accounts import audit
from accounts.models import Membership, Site, Tenant, User
from accounts.roles import Role

# One number for "somebody is founding this installation", so that two cannot at once.
FOUNDING_LOCK = 4_711_001


class AlreadyFounded(Exception):
    """The installation has its first owner; others are added by those who may."""


def is_empty_installation() -> bool:
    """Whether nobody has ever been added."""
    return not User.objects.exists()


@transaction.atomic
def found_installation(*, email: str, password: str, person: str = "", **names: Any) -> Site:
    """The first tenant of an empty installation; its owner is staff of the installation too.

    Raises `AlreadyFounded`.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FOUNDING_LOCK])
    if not is_empty_installation():
        raise AlreadyFounded
    owner = User.objects.create_superuser(email, password, name=person)
    return found_tenant(owner=owner, **names)


@transaction.atomic
def found_tenant(
    *, owner: User, organisation: str, site_name: str, domain: str = "", time_zone: str = "UTC"
) -> Site:
    """A tenant with its owner and first site, which is returned."""
    tenant = Tenant.objects.create(name=organisation, time_zone=time_zone)
    Membership.objects.create(user=owner, tenant=tenant, role=Role.OWNER)
    site = Site.objects.create(
        tenant=tenant,
        name=site_name,
        domains=[domain] if domain else [],
        time_zone=time_zone,
        owner=owner,
    )
    audit.record("tenant.created", tenant, tenant=tenant, actor=owner)
    audit.record("site.created", site, tenant=tenant, actor=owner)
    return site
