"""What works without a request: why none of it mixes tenants."""

from __future__ import annotations

ALL_ALIKE = "it takes no argument and does the same with the rows of every tenant, each by itself"
NO_ROWS = "it reads and writes no tenant's rows"
OF_INSTALLATION = "whoever may run commands on the machine may do everything"
OF_SITE = "it names one site, and touches nothing else"

# Every task, and why it is safe. A task takes no ids, or has a test in `test_access.py`.
TASKS = {
    "accounts.tasks.chain_audit_log": ALL_ALIKE,
    "accounts.tasks.delete_sites": ALL_ALIKE,
    "accounts.tasks.delete_tenants": ALL_ALIKE,
    "accounts.tasks.forget_invitations": ALL_ALIKE,
    "accounts.tasks.forget_sent": ALL_ALIKE,
    "accounts.tasks.forget_sign_ins": ALL_ALIKE,
    "accounts.tasks.keep_audit_log": ALL_ALIKE,
    "accounts.tasks.send_due": "each message is sealed for its tenant, and leaves by its server",
    "analytics.tasks.erase_deleted_sites": ALL_ALIKE,
    "analytics.tasks.erase_what_was_reset": ALL_ALIKE,
    "analytics.tasks.rebuild_dirty_days": ALL_ALIKE,
    "analytics.tasks.reconcile_statistics": ALL_ALIKE,
    "privacy.tasks.destroy_expired_salts": ALL_ALIKE,
    "tracking.tasks.classify_agents_again": ALL_ALIKE,
    "tracking.tasks.fold_outcomes": ALL_ALIKE,
    "tracking.tasks.forget_old": ALL_ALIKE,
    "tracking.tasks.make_partitions": NO_ROWS,
}
COMMANDS = {
    "demo": "it makes a tenant of its own",
    "import_days": OF_SITE,
    "import_log": OF_SITE,
    "issue_token": "a token is of one membership; a tenant that the person is not in is refused",
    "rebuild": OF_SITE,
    "replay_rejected": OF_INSTALLATION,
    "rotate_vault": OF_INSTALLATION,
    "simulate": "it makes a tenant of its own",
    "sync_roles": NO_ROWS,
    "sync_schedule": NO_ROWS,
    "verify_audit": OF_INSTALLATION,
}
