"""Who uses LinkPro, what is theirs, and what they did."""

from accounts.models.audit import AuditEntry
from accounts.models.people import User, UserManager
from accounts.models.sites import FUNNEL_STEPS, Site, SiteTransfer, new_site_key
from accounts.models.tenants import Membership, Team, Tenant
from accounts.models.tokens import TOKEN_PREFIX, ApiToken, token_digest

__all__ = [
    "FUNNEL_STEPS",
    "TOKEN_PREFIX",
    "ApiToken",
    "AuditEntry",
    "Membership",
    "Site",
    "SiteTransfer",
    "Team",
    "Tenant",
    "User",
    "UserManager",
    "new_site_key",
    "token_digest",
]
