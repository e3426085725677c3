"""Who uses LinkPro, what is theirs, what they did, and what is sent for them."""

from accounts.models.audit import AuditAnchor, AuditEntry
from accounts.models.invitations import Invitation
from accounts.models.outgoing import MailServer, OutboxAttempt, OutboxMessage, WebhookEndpoint
from accounts.models.people import User, UserManager
from accounts.models.sign_ins import SignIn, UsedState
from accounts.models.sites import FUNNEL_STEPS, Site, SiteTransfer, new_site_key
from accounts.models.staff import StaffAccess
from accounts.models.tenants import Logo, Membership, Team, Tenant
from accounts.models.tokens import SCOPE_ROLES, TOKEN_PREFIX, ApiToken, token_digest

__all__ = [
    "FUNNEL_STEPS",
    "SCOPE_ROLES",
    "TOKEN_PREFIX",
    "ApiToken",
    "AuditAnchor",
    "AuditEntry",
    "Invitation",
    "Logo",
    "MailServer",
    "Membership",
    "OutboxAttempt",
    "OutboxMessage",
    "SignIn",
    "Site",
    "SiteTransfer",
    "StaffAccess",
    "Team",
    "Tenant",
    "UsedState",
    "User",
    "UserManager",
    "WebhookEndpoint",
    "new_site_key",
    "token_digest",
]
