"""The audit log: partitioned by month, and nobody changes or deletes a row of it."""

from datetime import UTC, date, datetime

import django.db.models.deletion
import django.db.models.manager
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from accounts import partitions

TABLE = """
    ALTER TABLE accounts_auditentry RENAME TO accounts_auditentry_before;
    ALTER TABLE accounts_auditentry_before RENAME CONSTRAINT accounts_auditentry_pkey
        TO accounts_auditentry_before_pkey;
    ALTER SEQUENCE accounts_auditentry_id_seq RENAME TO accounts_auditentry_before_id_seq;
    DROP INDEX audit_by_tenant;
    CREATE SEQUENCE accounts_auditentry_id_seq;
    CREATE TABLE accounts_auditentry (
        id bigint NOT NULL DEFAULT nextval('accounts_auditentry_id_seq'),
        created_at timestamptz NOT NULL,
        tenant_id uuid,
        actor_id bigint,
        token_id bigint,
        sequence bigint,
        actor_kind varchar(8) NOT NULL,
        action varchar(64) NOT NULL,
        target_type varchar(64) NOT NULL,
        target_id varchar(64) NOT NULL,
        request_id varchar(64) NOT NULL,
        reason varchar(500) NOT NULL DEFAULT '',
        changes jsonb NOT NULL,
        previous bytea,
        hash bytea,
        PRIMARY KEY (id, created_at),
        CHECK ((hash IS NULL) = (sequence IS NULL) AND (hash IS NULL) = (previous IS NULL))
    ) PARTITION BY RANGE (created_at);
    ALTER SEQUENCE accounts_auditentry_id_seq OWNED BY accounts_auditentry.id;
    CREATE INDEX audit_by_tenant ON accounts_auditentry (tenant_id, created_at DESC, id DESC);
    CREATE INDEX audit_by_time ON accounts_auditentry (created_at DESC, id DESC);
    CREATE INDEX audit_by_sequence ON accounts_auditentry (tenant_id, sequence);
    CREATE INDEX audit_unchained ON accounts_auditentry (id) WHERE hash IS NULL;
"""

# Addresses and names of people stood in the changes; who did it is known by id.
COPY = """
    INSERT INTO accounts_auditentry (id, created_at, tenant_id, actor_id, actor_kind, action,
        target_type, target_id, request_id, changes)
    SELECT id, created_at, tenant_id, actor_id,
        CASE WHEN actor_label = 'system' THEN 'system' ELSE 'person' END,
        action, target_type, target_id, request_id, changes - ARRAY['email', 'owner', 'user']
    FROM accounts_auditentry_before ORDER BY id;
    SELECT setval(pg_get_serial_sequence('accounts_auditentry', 'id'),
        (SELECT coalesce(max(id), 0) + 1 FROM accounts_auditentry), false);
    DROP TABLE accounts_auditentry_before;
"""

# Only the chain may fill in, once, what it adds. Months end by dropping their table.
RULES = """
    CREATE FUNCTION accounts_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND OLD.hash IS NULL AND NEW.hash IS NOT NULL
            AND to_jsonb(NEW) - ARRAY['sequence', 'previous', 'hash']
              = to_jsonb(OLD) - ARRAY['sequence', 'previous', 'hash'] THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'The audit log is append-only.' USING ERRCODE = 'restrict_violation';
    END $$;
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON accounts_auditentry
        FOR EACH ROW EXECUTE FUNCTION accounts_audit_append_only();
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON accounts_auditentry
        FOR EACH STATEMENT EXECUTE FUNCTION accounts_audit_append_only();
"""


def make_partitions(apps, schema_editor):
    """The months that old entries stand in, and the coming ones."""
    schema_editor.connection.ensure_connection()
    connection = schema_editor.connection.connection
    rows = connection.execute(
        "SELECT DISTINCT date_trunc('month', created_at AT TIME ZONE 'UTC')::date"
        " FROM accounts_auditentry_before"
    )
    months = {date(month.year, month.month, 1) for (month,) in rows.fetchall()}
    months |= set(partitions.months_ahead(datetime.now(UTC).date()))
    partitions.ensure(connection, partitions.Partitioned("accounts_auditentry"), months)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_invitations_staff_outgoing"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(TABLE),
                migrations.RunPython(make_partitions),
                migrations.RunSQL(COPY),
                migrations.RunSQL(RULES),
            ],
            state_operations=[
                migrations.DeleteModel("AuditEntry"),
                migrations.CreateModel(
                    name="AuditEntry",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        (
                            "actor_kind",
                            models.CharField(
                                choices=[
                                    ("person", "Person"),
                                    ("token", "Program"),
                                    ("staff", "Staff"),
                                    ("system", "LinkPro"),
                                ],
                                max_length=8,
                                verbose_name="kind of actor",
                            ),
                        ),
                        ("token_id", models.BigIntegerField(null=True, verbose_name="API token")),
                        ("action", models.CharField(max_length=64, verbose_name="action")),
                        (
                            "target_type",
                            models.CharField(max_length=64, verbose_name="kind of target"),
                        ),
                        ("target_id", models.CharField(max_length=64, verbose_name="target")),
                        ("changes", models.JSONField(default=dict, verbose_name="changes")),
                        (
                            "reason",
                            models.CharField(blank=True, max_length=500, verbose_name="reason"),
                        ),
                        (
                            "request_id",
                            models.CharField(blank=True, max_length=64, verbose_name="request"),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                default=django.utils.timezone.now, verbose_name="at"
                            ),
                        ),
                        (
                            "sequence",
                            models.BigIntegerField(
                                editable=False, null=True, verbose_name="place in the chain"
                            ),
                        ),
                        ("previous", models.BinaryField(null=True)),
                        ("hash", models.BinaryField(null=True)),
                        (
                            "actor",
                            models.ForeignKey(
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "tenant",
                            models.ForeignKey(
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="accounts.tenant",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "audit entry",
                        "verbose_name_plural": "audit entries",
                        "db_table": "accounts_auditentry",
                        "ordering": ("-created_at", "-id"),
                        "abstract": False,
                        "managed": False,
                        "base_manager_name": "plain",
                        "default_manager_name": "plain",
                    },
                    managers=[("plain", django.db.models.manager.Manager())],
                ),
            ],
        ),
    ]
