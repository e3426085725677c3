"""The audit log: where chains end, what ended months leave, and no way to empty a month."""

import django.db.models.manager
from django.db import migrations, models

# Entries of a month whose table is not made yet wait in the default one (`accounts.audit_log.months`).
OTHER = """
    CREATE TABLE accounts_auditentry_other PARTITION OF accounts_auditentry DEFAULT;
    DROP INDEX audit_unchained;
    CREATE INDEX audit_unchained ON accounts_auditentry (tenant_id, id) WHERE hash IS NULL;
"""

# Triggers for rows are cloned to partitions, those for statements are not.
NO_TRUNCATE = """
    DO $$
    DECLARE part regclass;
    BEGIN
        FOR part IN
            SELECT inhrelid FROM pg_inherits WHERE inhparent = 'accounts_auditentry'::regclass
        LOOP
            EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %s'
                ' FOR EACH STATEMENT EXECUTE FUNCTION accounts_audit_append_only()', part);
        END LOOP;
    END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_logos")]

    operations = [
        migrations.RunSQL(OTHER),
        migrations.RunSQL(NO_TRUNCATE),
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tenant_id", models.UUIDField(null=True)),
                ("sequence", models.BigIntegerField(verbose_name="place in the chain")),
                ("hash", models.BinaryField(max_length=32)),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated at")),
            ],
            options={
                "verbose_name": "end of an audit log",
                "verbose_name_plural": "ends of audit logs",
                "abstract": False,
                "base_manager_name": "plain",
                "default_manager_name": "plain",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id",), name="audit_head_unique", nulls_distinct=False
                    )
                ],
            },
            managers=[("plain", django.db.models.manager.Manager())],
        ),
        migrations.AddField(
            model_name="auditanchor",
            name="first_sequence",
            field=models.BigIntegerField(default=1, verbose_name="first place"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="auditanchor",
            name="previous",
            field=models.BinaryField(default=b"", max_length=32),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="auditanchor",
            name="sequence",
            field=models.BigIntegerField(verbose_name="last place"),
        ),
        migrations.AlterField(
            model_name="auditanchor",
            name="ended_month",
            field=models.DateField(verbose_name="month that ended"),
        ),
        migrations.AlterField(
            model_name="auditanchor",
            name="created_at",
            field=models.DateTimeField(auto_now_add=True, verbose_name="ended at"),
        ),
    ]
