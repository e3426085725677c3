"""Who may do what: the roles of a tenant's members and how far each sees."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a member may do; each role may also do what the ones before it may."""

    VIEWER = "viewer", _("Viewer")
    ANALYST = "analyst", _("Analyst")
    MANAGER = "manager", _("Manager")
    ADMIN = "admin", _("Admin")
    OWNER = "owner", _("Owner")

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what `needed` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


class AccessLevel(models.TextChoices):
    """Whose rows a member sees inside the tenant."""

    OWN = "own", _("Own")
    TEAM = "team", _("Team")
    ORGANIZATION = "organization", _("Organization")
    ALL = "all", _("All")


# What a membership may have; `all` is staff's, who are members of nothing (`StaffAccess`).
MEMBER_LEVELS = [AccessLevel.OWN, AccessLevel.TEAM, AccessLevel.ORGANIZATION]


class TokenScope(models.TextChoices):
    """What an API token may be used for, within the rights of its maker."""

    READ = "read", _("Read")
    WRITE = "write", _("Write")
    EXPORT = "export", _("Export")
    INGEST = "ingest", _("Send events")
