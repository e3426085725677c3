"""The audit log is asked for one person's entries, and for what was done to one row."""

from django.db import migrations

INDEXES = """
    CREATE INDEX audit_by_actor ON accounts_auditentry
        (tenant_id, actor_id, created_at DESC, id DESC);
    CREATE INDEX audit_by_target ON accounts_auditentry
        (tenant_id, target_type, target_id, created_at DESC, id DESC);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0015_level_organisation_in_our_spelling")]

    operations = [
        migrations.RunSQL(INDEXES, "DROP INDEX audit_by_actor; DROP INDEX audit_by_target;"),
    ]
