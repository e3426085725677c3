"""What the roles of the database may: SQL that can be run again at any time.

Nobody is granted anything on partitions: what is asked of their parent is judged by the parent
alone, and a partition that is asked directly would pass the parent's policies by. So partitions
that are made later need no grants, and neither role can go around its table.
"""

from __future__ import annotations

from accounts.database_roles import ALL, INGEST, MAINTENANCE, WEB

# What web may only read, or only add to: the audit log and the ends of its chains, and the books
# of the schema. Tasks chain the log; they act as maintenance.
APPEND_ONLY = ("accounts_auditentry",)
READ_ONLY = ("accounts_auditanchor", "accounts_audithead", "django_migrations")
# What the writer of events needs; it reads keys and agents to know what is new.
INGEST_MAY = {
    "tracking_event": "SELECT, INSERT",
    "tracking_eventkey": "SELECT, INSERT",
    "tracking_dirtyday": "SELECT, INSERT",
    "tracking_outcome": "INSERT",
    "tracking_rejected": "SELECT, INSERT",
    "tracking_agent": "SELECT, INSERT, UPDATE",
    "django_migrations": "SELECT",
}

ROLE = """
DO $$ BEGIN
    CREATE ROLE {role} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT {role} TO CURRENT_USER;
"""

# Tables of ours are neither temporary nor an extension's. Partitions are listed for the owner only.
OWNERSHIP = """
GRANT USAGE, CREATE ON SCHEMA public TO {maintenance};
DO $$ DECLARE relation regclass; BEGIN
    FOR relation IN SELECT c.oid FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND c.relowner <> '{maintenance}'::regrole
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
        ORDER BY c.relname
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO {maintenance}', relation);
    END LOOP;
END $$;
"""

NOTHING = """
REVOKE CREATE ON SCHEMA public FROM PUBLIC, {web}, {ingest};
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {web}, {ingest};
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {web}, {ingest};
GRANT USAGE ON SCHEMA public TO {web}, {ingest};
"""

WEB_MAY = """
DO $$ DECLARE relation regclass; BEGIN
    FOR relation IN SELECT c.oid FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND NOT c.relispartition
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO {web}', relation);
    END LOOP;
END $$;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {web};
"""


def statements() -> list[str]:
    """The SQL in its order; needs a login that owns the tables and may create roles."""
    names = {"web": WEB, "ingest": INGEST, "maintenance": MAINTENANCE}
    return [
        *(ROLE.format(role=role) for role in ALL),
        *(part.format(**names) for part in (OWNERSHIP, NOTHING, WEB_MAY)),
        *(f"REVOKE UPDATE, DELETE ON {table} FROM {WEB};" for table in APPEND_ONLY),
        *(f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM {WEB};" for table in READ_ONLY),
        *(f"GRANT {rights} ON {table} TO {INGEST};" for table, rights in INGEST_MAY.items()),
    ]
