"""Who may do what: the roles of a tenant's members and how far each sees."""

from dataclasses import dataclass
from typing import Any

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
    ORGANIZATION = "organization", _("Organisation")
    ALL = "all", _("All")


# What a membership may have; `all` is staff's, who are members of nothing (`StaffAccess`).
MEMBER_LEVELS = [AccessLevel.OWN, AccessLevel.TEAM, AccessLevel.ORGANIZATION]


class TokenScope(models.TextChoices):
    """What an API token may be used for, within the rights of its maker."""

    READ = "read", _("Read")
    WRITE = "write", _("Write")
    EXPORT = "export", _("Export")
    INGEST = "ingest", _("Send events")


# What each level shows, in the words of pages and documentation.
LEVELS: dict[AccessLevel, Any] = {
    AccessLevel.OWN: _("What they own themselves."),
    AccessLevel.TEAM: _(
        "What team mates own, and what is shared with the team; without a team: their own."
    ),
    AccessLevel.ORGANIZATION: _("Everything of the organisation."),
    AccessLevel.ALL: _(
        "Staff of the installation, for a while and for a reason that the organisation can read."
    ),
}


@dataclass(frozen=True, slots=True)
class Permission:
    """What somebody may do, and the least role that may."""

    role: Role
    told: Any


# The one table of who may do what; the documentation and the page of roles show it.
PERMISSIONS: dict[str, Permission] = {
    "dashboards.read": Permission(Role.VIEWER, _("See dashboards, statistics and reports.")),
    "tokens.own": Permission(
        Role.VIEWER, _("Make API tokens, which may no more than their maker.")
    ),
    "data.export": Permission(Role.ANALYST, _("Export statistics as files.")),
    "dashboards.own": Permission(Role.ANALYST, _("Make dashboards and segments of their own.")),
    "sites.manage": Permission(
        Role.MANAGER,
        _("Add, change, reset and delete sites, and take one that another organisation offers."),
    ),
    "links.manage": Permission(Role.MANAGER, _("Make and change link pages and their links.")),
    "goals.manage": Permission(Role.MANAGER, _("Define goals and funnels.")),
    "connections.manage": Permission(Role.MANAGER, _("Connect platforms to collect from.")),
    "schedules.manage": Permission(Role.MANAGER, _("Schedule reports and alerts.")),
    "teams.read": Permission(Role.MANAGER, _("See the teams, to share sites with them.")),
    "sites.give": Permission(Role.ADMIN, _("Give a site to another organisation.")),
    "people.read": Permission(Role.ADMIN, _("See the members, teams and invitations.")),
    "tenant.manage": Permission(
        Role.ADMIN, _("Change the settings of the organisation: name, zone, look, retention.")
    ),
    "tokens.manage": Permission(Role.ADMIN, _("See and revoke the API tokens of others.")),
    "webhooks.manage": Permission(Role.ADMIN, _("Set up webhooks.")),
    "mail.manage": Permission(Role.ADMIN, _("Set up the mail server, and see what was sent.")),
    "audit.read": Permission(Role.ADMIN, _("Read and export the audit log.")),
    "people.manage": Permission(
        Role.OWNER,
        _("Invite people, change their role, level and team, suspend and remove them."),
    ),
    "ownership.manage": Permission(Role.OWNER, _("Make others owners, and hand ownership over.")),
    "tenant.delete": Permission(Role.OWNER, _("Delete the organisation, and take that back.")),
}


def lacking(role: Role) -> str:
    """What is told to somebody who has not the role."""
    told = _("This needs the role “%(role)s”: ask an admin of your organisation.")
    return str(told) % {"role": role.label}


def role_for(permission: str) -> Role:
    """The least role that may. Raises `KeyError` for what is no permission."""
    return PERMISSIONS[permission].role
