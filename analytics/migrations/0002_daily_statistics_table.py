"""The table of daily statistics, partitioned by month."""

from datetime import UTC, datetime

from django.db import migrations

from tracking import partitions

TABLE = """
    CREATE TABLE analytics_dailystat (
            site_id integer NOT NULL,
            date date NOT NULL,
            visitors bigint NOT NULL,
            sessions bigint NOT NULL,
            page_views bigint NOT NULL,
            events bigint NOT NULL,
            clicks bigint NOT NULL,
            clickers bigint NOT NULL,
            conversions bigint NOT NULL,
            bounces bigint,
            duration_seconds bigint,
            dimension text NOT NULL,
            value text NOT NULL CHECK (octet_length(value) <= 512),
            PRIMARY KEY (site_id, dimension, date, value)
    ) PARTITION BY RANGE (date)
"""


def make_first_partitions(apps, schema_editor):
    schema_editor.connection.ensure_connection()
    connection = schema_editor.connection.connection
    today = datetime.now(UTC).date()
    partitions.ensure(connection, partitions.DAILY_STAT, partitions.months_ahead(today))


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_daily_statistics"), ("tracking", "0002_partitioned_tables")]
    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE analytics_dailystat"),
        migrations.RunPython(make_first_partitions, migrations.RunPython.noop),
    ]
