"""The big tables, which the ORM does not make: partitioned by month, bounded by constraints.

Fixed-width columns stand first, so that no row loses bytes to alignment.
"""

from datetime import UTC, datetime

from django.db import migrations

from tracking import partitions

TABLES = [
    """
    CREATE TABLE tracking_event (
            occurred_at timestamptz NOT NULL,
            received_at timestamptz NOT NULL,
            event_id uuid NOT NULL,
            visitor bigint,
            session bigint,
            site_id integer NOT NULL,
            agent_id integer,
            flags smallint NOT NULL DEFAULT 0,
            name text NOT NULL,
            ip inet,
            host text,
            path text,
            title text,
            referrer_host text,
            source text,
            medium text,
            campaign text,
            term text,
            content text,
            channel text,
            click_id text,
            country text,
            region text,
            city text,
            device text,
            browser text,
            os text,
            language text,
            screen text,
            category text,
            action text,
            label text,
            value numeric,
            currency text,
            props jsonb,
            import_source text,
            CHECK (occurred_at >= '2000-01-01Z' AND occurred_at < '2100-01-01Z'),
            CHECK (value > -1e15 AND value < 1e15),
            CHECK (octet_length(props::text) <= 65536),
            CHECK (octet_length(name) <= 512),
            CHECK (octet_length(host) <= 512),
            CHECK (octet_length(path) <= 512),
            CHECK (octet_length(title) <= 512),
            CHECK (octet_length(referrer_host) <= 512),
            CHECK (octet_length(source) <= 512),
            CHECK (octet_length(medium) <= 512),
            CHECK (octet_length(campaign) <= 512),
            CHECK (octet_length(term) <= 512),
            CHECK (octet_length(content) <= 512),
            CHECK (octet_length(channel) <= 512),
            CHECK (octet_length(click_id) <= 512),
            CHECK (octet_length(country) <= 512),
            CHECK (octet_length(region) <= 512),
            CHECK (octet_length(city) <= 512),
            CHECK (octet_length(device) <= 512),
            CHECK (octet_length(browser) <= 512),
            CHECK (octet_length(os) <= 512),
            CHECK (octet_length(language) <= 512),
            CHECK (octet_length(screen) <= 512),
            CHECK (octet_length(category) <= 512),
            CHECK (octet_length(action) <= 512),
            CHECK (octet_length(label) <= 512),
            CHECK (octet_length(currency) <= 512),
            CHECK (octet_length(import_source) <= 512)
    ) PARTITION BY RANGE (occurred_at)
    """,
    "CREATE INDEX tracking_event_by_time ON tracking_event (site_id, occurred_at)",
    """
    CREATE TABLE tracking_eventkey (
            event_id uuid NOT NULL,
            site_id integer NOT NULL,
            received_on date NOT NULL DEFAULT CURRENT_DATE,
            PRIMARY KEY (site_id, event_id)
    ) PARTITION BY RANGE (event_id)
    """,
    "CREATE TABLE tracking_eventkey_other PARTITION OF tracking_eventkey DEFAULT",
    """
    CREATE TABLE tracking_session (
            site_id integer NOT NULL,
            date date NOT NULL,
            key bigint NOT NULL,
            visitor bigint NOT NULL,
            started_at timestamptz NOT NULL,
            ended_at timestamptz NOT NULL,
            page_views integer NOT NULL,
            events integer NOT NULL,
            clicks integer NOT NULL,
            conversions integer NOT NULL,
            duration_seconds integer NOT NULL,
            bounced boolean NOT NULL,
            entry_page text,
            exit_page text,
            source text,
            medium text,
            campaign text,
            term text,
            content text,
            channel text,
            country text,
            region text,
            city text,
            device text,
            browser text,
            os text,
            language text,
            screen text,
            PRIMARY KEY (site_id, date, key)
    ) PARTITION BY RANGE (date)
    """,
]
DROPS = ["tracking_event", "tracking_eventkey", "tracking_session"]


def make_first_partitions(apps, schema_editor):
    schema_editor.connection.ensure_connection()
    connection = schema_editor.connection.connection
    today = datetime.now(UTC).date()
    for partitioned in (partitions.EVENT, partitions.EVENT_KEY, partitions.SESSION):
        partitions.ensure(connection, partitioned, partitions.months_ahead(today))


class Migration(migrations.Migration):
    dependencies = [("tracking", "0001_events")]
    operations = [
        migrations.RunSQL(TABLES, [f"DROP TABLE {table}" for table in reversed(DROPS)]),
        migrations.RunPython(make_first_partitions, migrations.RunPython.noop),
    ]
