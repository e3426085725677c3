"""What seed 004 promised: GA4 intelligence with sales tasks and mails of branches."""

from __future__ import annotations

from tests.contract.item import Item, kept, later

OAUTH = "tests/accounts/test_oauth.py"
JWT = "tests/accounts/test_jwt.py"

SEED_004: dict[str, Item] = {
    "S4-E01": later("`GET /analytics/locations`", "the shop"),
    "S4-E02": later("`GET /analytics/stats`", "the shop"),
    "S4-E03": later("`GET /analytics/tasks/purchases`", "the shop"),
    "S4-E04": later("`GET /analytics/tasks/cart-abandonment`", "the shop"),
    "S4-E05": later("`GET /analytics/tasks/search-analysis`", "the shop"),
    "S4-E06": later("`GET /analytics/tasks/repeat-visits`", "the shop"),
    "S4-E07": later("`POST /analytics/email/send-reports`", "branch reports"),
    "S4-E08": later("`GET /analytics/email/mappings`", "branch reports"),
    "S4-E09": kept(
        "`POST /analytics/email/config`",
        "tests/accounts/test_mail_pages.py::test_a_server_is_set_read_and_removed_and_its_password_never_told",
    ),
    "S4-E10": later("`POST /data/ingest/start`", "the shop"),
    "S4-E11": later("`GET /data/ingest/jobs`", "the shop"),
    "S4-E12": later("`GET /data/availability`", "the shop"),
    "S4-E13": later("`POST /data/events`", "the shop"),
    "S4-E14": later("`GET /data/users/{user_id}`", "the shop"),
    "S4-E15": kept(
        "`GET /auth/login`",
        f"{OAUTH}::test_a_program_signs_in_with_the_code_and_the_cookie",
        f"{OAUTH}::test_the_provider_sends_nobody_elsewhere",
    ),
    "S4-E16": kept(
        "`POST /auth/callback`",
        f"{OAUTH}::test_the_state_may_come_in_the_body_and_must_come_somehow",
        f"{OAUTH}::test_a_state_is_taken_once",
        f"{OAUTH}::test_a_code_is_taken_once",
    ),
    "S4-E17": kept(
        "`POST /auth/logout`",
        f"{JWT}::test_a_sign_out_is_true",
    ),
    "S4-E18": kept(
        "`GET /auth/me`",
        f"{JWT}::test_me_tells_who_where_and_what_one_may",
    ),
    "S4-E19": kept(
        "`GET /auth/tenants`",
        f"{JWT}::test_the_whole_api_is_open_to_the_token_in_the_tenant_it_names",
    ),
    "S4-E20": kept(
        "`/docs` on the analytics (8001), data (8002) and auth (8003) service",
        "tests/linkpro/test_documentation.py::test_every_path_of_the_api_is_described",
        note="One page describes all of it.",
    ),
    "S4-X1": kept(
        "headers on every analytics/data call: `Authorization: Bearer $TOKEN`, "
        "`X-Tenant-Id: $TENANT_ID`.",
        "tests/accounts/test_jwt.py::test_the_whole_api_is_open_to_the_token_in_the_tenant_it_names",
        "tests/accounts/test_jwt.py::test_a_tenant_of_others_is_not_there",
    ),
    "S4-X2": kept(
        'E16 body `{"code": "auth_code_from_oauth"}`; returns a token for later calls. '
        "E15 returns a URL.",
        f"{OAUTH}::test_a_program_signs_in_with_the_code_and_the_cookie",
        note="The body alone is taken with the cookie of `GET /auth/login`; without it, `state`.",
    ),
    "S4-X3": later(
        'E10 body `{"start_date": "2024-01-01", "end_date": "2024-01-31", "data_types":'
        ' ["events", "users", "locations"]}`.',
        "the shop",
    ),
    "S4-X4": later("E02 `?start_date=2024-01-01&end_date=2024-01-31`.", "the shop"),
    "S4-X5": later("E03 `?page=1&limit=50`.", "the shop"),
    "S4-X6": later(
        'E07 body `{"report_date": "2024-01-31", "branch_codes": ["D01", "D02"]}`.',
        "branch reports",
    ),
    "S4-X7": kept(
        'E09 body `{"server": "smtp.gmail.com", "port": 587, "from_address": '
        '"reports@company.com", "username": "username", "password": "app_password", '
        '"use_tls": true}` (the password must be stored encrypted and never returned).',
        "tests/accounts/test_mail_pages.py::test_a_server_is_set_read_and_removed_and_its_password_never_told",
    ),
    "S4-M01": later(
        "`tenants` (multi-tenant configuration): `id` UUID pk; `name` text; "
        "`email_config` jsonb; `google_analytics_config` jsonb; `created_at`, "
        "`updated_at`",
        "the shop",
    ),
    "S4-M02": later(
        "`users` (profiles and contact information of *customers*): `user_id` text pk; "
        "`tenant_id` UUID FK; `buying_company_name`; `email`, `cell_phone`, "
        "`office_phone`; `created_at`, `updated_at`",
        "the shop",
    ),
    "S4-M03": later(
        "`locations` (branch/location): `location_id` text pk; `tenant_id` UUID FK; "
        "`location_name`, `city`, `state`; `created_at`, `updated_at`",
        "the shop",
    ),
    "S4-M04": later("`page_view`: website page view events (no fields given)", "the shop"),
    "S4-M05": later("`purchase`: e-commerce purchase events", "the shop"),
    "S4-M06": later("`add_to_cart`: cart addition events", "the shop"),
    "S4-M07": later("`view_item`: product view events", "the shop"),
    "S4-M08": later("`view_search_results`: search result views", "the shop"),
    "S4-M09": later("`no_search_results`: failed search events", "the shop"),
    "S4-M10": later("`branch_email_mappings`: branch to sales rep mappings", "branch reports"),
    "S4-M11": later("`email_sending_jobs`: email job tracking", "branch reports"),
    "S4-M12": later("`email_send_history`: individual email send records", "branch reports"),
    "S4-F01": later("Analytics service: Branch-wise sales report generation", "branch reports"),
    "S4-F02": later(
        "Email template rendering and sending (SMTP with HTML template rendering, Jinja2 )",
        "branch reports",
    ),
    "S4-F03": later(
        "Task management (purchases, cart abandonment, search analysis) + repeat visits", "the shop"
    ),
    "S4-F04": later("Performance analytics; dashboard statistics; analytics insights", "the shop"),
    "S4-F05": later("Data service: Google Analytics 4 data ingestion", "the shop"),
    "S4-F06": later("Event processing and transformation", "the shop"),
    "S4-F07": later("User and session management", "the shop"),
    "S4-F08": later("Data availability reporting", "the shop"),
    "S4-F09": later("Page views, purchases, cart events", "the shop"),
    "S4-F10": later("Search events and user interactions", "the shop"),
    "S4-F11": later("Location-based event filtering", "the shop"),
    "S4-F12": later("Real-time and batch processing", "the shop"),
    "S4-F13": kept(
        "Auth service: OAuth 2.0 authentication flow",
        "tests/accounts/test_oauth.py::test_a_program_signs_in_with_the_code_and_the_cookie",
        "tests/accounts/test_oauth.py::test_a_state_is_taken_once",
    ),
    "S4-F14": kept(
        "Multi-tenant architecture",
        "tests/test_access.py",
    ),
    "S4-F15": kept(
        "JWT token management",
        "tests/accounts/test_jwt.py::test_it_lasts_as_long_as_the_settings_say",
        "tests/accounts/test_jwt.py::test_a_refresh_token_that_comes_twice_ends_all_of_its_sign_in",
    ),
    "S4-F16": kept(
        "User profile management",
        "tests/accounts/test_own_account.py::test_a_person_changes_their_name_and_clock",
        "tests/accounts/test_jwt.py::test_one_changes_ones_name_and_zone_and_nothing_else",
    ),
    "S4-F17": later(
        "Loguru with structured logging; `analytics-service.log`, `analytics-service-error.log`",
        "operation",
    ),
    "S4-F18": kept(
        "Email settings in two ways: via environment variables (system-wide default) "
        "and via API (per-tenant configuration)",
        "tests/accounts/test_mail.py::test_the_tenants_server_takes_it_encrypted_and_signed_in",
        "tests/accounts/test_mail.py::test_the_installations_server_is_trusted",
    ),
    "S4-F19": later("Automatic OpenAPI/Swagger docs", "operation"),
    "S4-F20": later("PostgreSQL with custom functions; raw SQL for performance", "operation"),
    "S4-F21": later(
        'GA set-up steps documented: service account, "Google Analytics Reporting API",'
        " Analytics Viewer role, JSON credentials file, service account email added to "
        "the GA4 property with Viewer permissions, GA4 Property ID",
        "operation",
    ),
    "S4-F22": later(
        "Production checklist: production environment variables; production database; "
        "SSL certificates; reverse proxy (nginx); change default passwords; strong JWT "
        "secret keys; HTTPS; firewall rules; database backups",
        "operation",
    ),
    "S4-F23": later(
        "Code standards: PEP 8, type hints, docstrings, unit tests, API documentation; "
        "ruff format, ruff check, mypy",
        "operation",
    ),
    "S4-F24": later(
        "Troubleshooting answerable: Database Connection Failed; Port Already in Use; "
        "Module Import Errors",
        "operation",
    ),
    "S4-F25": later(
        "Three microservices, Analytics Service (Port 8001), Data Service (Port 8002), "
        "Auth Service (Port 8003); framework FastAPI, uv, SQLAlchemy with raw SQL",
        "operation",
    ),
    "S4-F26": later(
        "Database setup documented: `CREATE DATABASE google_analytics_db`, `CREATE USER"
        " analytics_user`, grants; database connection test (`SELECT 1` through the "
        "engine)",
        "operation",
    ),
    "S4-F27": later(
        "Support: logs first (`make logs`), API documentation at `/docs`, database "
        "connections and permissions, environment variables",
        "operation",
    ),
}
