"""What was promised, item by item, and the test that proves it.

The ids are those of the documented contracts: seed 000 (a link-in-bio service), 002 (a platform of
KPIs and reports), 003 (the analytics of a small website), 004 (GA4 intelligence). E is an endpoint,
M a model or a shape, F a feature, C a setting or a command, X an example that is reproduced word
for word. An item has its proofs, or the part of the product that will bring it.
"""

from __future__ import annotations

from tests.contract.item import kept, later
from tests.contract.seed_002 import SEED_002
from tests.contract.seed_004 import SEED_004

API = "tests/analytics/test_api_website.py"
PROFILES = "tests/analytics/test_api_profiles.py"
PAYLOADS = "tests/contract/test_payloads.py"
GUIDE = "tests/contract/test_documentation.py"
TRACK = "tests/tracking/test_track_view.py"
LINKS = "tests/tracking/test_links.py"
TRACKER = "tests/browser/test_tracker.py"
HEALTH = "tests/linkpro/test_system.py"
DOCS = "tests/linkpro/test_documentation.py"

SEED_000 = {
    "S0-E01": kept(
        "`POST /api/track/click`",
        f"{LINKS}::test_a_click_names_its_link_by_number_text_or_short_name",
        f"{PAYLOADS}::test_a_post_without_a_slash_is_taken_and_not_redirected",
    ),
    "S0-E02": kept(
        "`POST /api/track/view`",
        f"{LINKS}::test_a_view_names_its_profile",
        f"{PAYLOADS}::test_a_post_without_a_slash_is_taken_and_not_redirected",
    ),
    "S0-E03": kept(
        "`GET /api/track/clicks/{link_id}`",
        f"{PROFILES}::test_the_clicks_of_a_link_newest_first_without_bots",
        f"{PROFILES}::test_pages_follow_each_other_and_lose_nothing",
    ),
    "S0-E04": kept(
        "`GET /api/track/views/{profile_id}`",
        f"{PROFILES}::test_an_address_is_told_as_far_as_the_site_keeps_it",
        f"{PROFILES}::test_pages_follow_each_other_and_lose_nothing",
    ),
    "S0-E05": kept(
        "`GET /api/analytics/profile/{profile_id}`", f"{PROFILES}::test_a_profile_in_one_answer"
    ),
    "S0-E06": kept(
        "`GET /api/analytics/traffic/{profile_id}`",
        f"{PROFILES}::test_traffic_names_the_platforms_with_their_shares",
    ),
    "S0-E07": kept(
        "`GET /api/analytics/time/{profile_id}`",
        f"{PROFILES}::test_times_are_on_the_sites_clock_and_say_when_they_are_few",
    ),
    "S0-E08": kept(
        "`GET /api/analytics/quick-stats/{profile_id}`",
        f"{PROFILES}::test_quick_stats_name_the_top_link",
    ),
    "S0-E09": kept(
        "`GET /api/analytics/compare/{profile_id}`",
        f"{PROFILES}::test_yesterday_compares_with_the_day_before_it",
        f"{PROFILES}::test_where_there_is_nothing_to_compare_the_change_is_null",
    ),
    "S0-E10": kept(
        "`GET /health`: health check with database connectivity test",
        f"{HEALTH}::test_health_tells_the_parts_without_a_sign_in",
        f"{HEALTH}::test_health_is_503_while_the_database_does_not_keep_events",
    ),
    "S0-E11": kept(
        "`GET /api/system/info`", f"{HEALTH}::test_system_info_counts_what_the_asker_sees"
    ),
    "S0-E12": kept(
        "`GET /docs`: interactive API documentation",
        "tests/browser/test_documentation.py::test_people_read_the_api_and_try_it_with_a_token",
        f"{DOCS}::test_every_path_of_the_api_is_described",
    ),
    "S0-E13": later("WebSocket for live updates (path not given)", "live updates"),
    "S0-M1": kept(
        "`LinkProfile`: username, title",
        "tests/tracking/test_profiles_api.py::test_a_new_profile_comes_with_its_site",
    ),
    "S0-M2": kept(
        "`Link`: title, URL, position",
        "tests/tracking/test_profiles_api.py::test_a_link_is_made_with_its_short_address",
    ),
    "S0-M3": kept(
        "`ClickEvent`: IP, user agent, referrer",
        f"{PROFILES}::test_the_clicks_of_a_link_newest_first_without_bots",
        note="An event of the name `click`; the address only as far as the site keeps it.",
    ),
    "S0-M4": kept(
        "`PageView`: session information",
        f"{LINKS}::test_a_view_names_its_profile",
        note="An event of the name `page_view`.",
    ),
    "S0-M5": kept(
        "`BasicMetrics`: clicks, views, CTR",
        f"{DOCS}::test_answers_have_the_shapes_that_are_described",
    ),
    "S0-M6": kept(
        "`LinkAnalytics`: per-link performance",
        f"{PROFILES}::test_a_profile_in_one_answer",
        f"{PROFILES}::test_a_deleted_link_still_names_its_clicks",
    ),
    "S0-M7": kept("`ProfileAnalytics`", f"{PROFILES}::test_a_profile_in_one_answer"),
    "S0-M8": kept(
        "`TrafficAnalytics`", f"{PROFILES}::test_traffic_names_the_platforms_with_their_shares"
    ),
    "S0-M9": kept(
        "`TimeAnalytics`",
        f"{PROFILES}::test_times_are_on_the_sites_clock_and_say_when_they_are_few",
    ),
    "S0-F01": kept(
        "Clicks and page views are tracked with details, in real time",
        f"{LINKS}::test_what_a_click_says_itself_is_kept",
        f"{TRACK}::test_a_single_event_is_stored_before_it_is_answered",
    ),
    "S0-F02": kept(
        "Reports for profiles and single links", f"{PROFILES}::test_a_profile_in_one_answer"
    ),
    "S0-F03": kept(
        "Sources: Instagram, TikTok, Twitter, direct",
        f"{PROFILES}::test_traffic_names_the_platforms_with_their_shares",
    ),
    "S0-F04": kept(
        "Patterns by hour, day and week",
        f"{PROFILES}::test_times_are_on_the_sites_clock_and_say_when_they_are_few",
    ),
    "S0-F05": kept(
        "Comparison with previous periods",
        f"{PROFILES}::test_yesterday_compares_with_the_day_before_it",
    ),
    "S0-F06": kept(
        "RESTful API",
        f"{GUIDE}::test_every_command_of_the_page_answers_as_it_says",
        note="Django REST framework in the place of FastAPI.",
    ),
    "S0-F07": kept(
        "Queries minimise database load",
        f"{PROFILES}::test_the_number_of_queries_is_known",
        f"{PROFILES}::test_a_list_of_events_takes_three_queries",
    ),
    "S0-F08": kept(
        "Data are validated",
        f"{API}::test_days_that_make_no_sense_are_refused_with_a_code",
        note="Serializers and msgspec in the place of Pydantic.",
    ),
    "S0-F09": kept(
        "ORM and migrations",
        "tests/test_project.py::test_migrations_are_named_by_hand",
        "tests/linkpro/test_health.py::test_ready_means_that_the_schema_is_up_to_date",
        note="Django's in the place of SQLAlchemy and Alembic.",
    ),
    "S0-F10": kept(
        "CORS for front ends",
        f"{TRACK}::test_a_page_of_any_origin_may_read_the_answer",
        "tests/accounts/test_throttling.py::test_a_browser_of_another_origin_may_read_the_headers",
    ),
    "S0-F11": kept(
        "Swagger UI",
        "tests/browser/test_documentation.py::test_people_read_the_api_and_try_it_with_a_token",
    ),
    "S0-F12": kept(
        "A test suite with sample data",
        "tests/linkpro/test_demo.py",
        "tests/analytics/test_truth.py",
    ),
    "S0-F13": later("PDF report generation", "reports"),
    "S0-F14": kept(
        "Made for high volume",
        "tests/tracking/test_watchdog.py::test_a_second_writer_helps_when_a_whole_batch_waits",
        note="Measured in benchmarks.md.",
    ),
    "S0-F15": kept(
        "IP addresses are validated",
        "tests/tracking/test_enrich.py::test_an_address_has_one_spelling",
    ),
    "S0-F16": kept(
        "User agents are cut",
        "tests/tracking/test_steps.py::test_long_texts_are_cut_by_bytes_and_lose_nul",
    ),
    "S0-F17": kept(
        "Input is validated on all endpoints",
        f"{API}::test_days_that_make_no_sense_are_refused_with_a_code",
        "tests/analytics/test_api_sites.py::test_what_makes_no_sense_is_refused_with_a_code",
        f"{TRACK}::test_unusable_requests_are_refused_with_a_code",
    ),
    "S0-F18": kept("No SQL injection", "tests/test_hostile.py"),
    "S0-F19": kept(
        "CORS is configured",
        "tests/accounts/test_throttling.py::test_a_browser_of_another_origin_may_read_the_headers",
    ),
    "S0-C1": kept(
        "Configuration comes from the environment",
        "tests/test_project.py",
        note="`.env.example` explains every variable.",
    ),
    "S0-C2": kept(
        "Versions",
        "tests/test_embedded.py",
        note="PostgreSQL 15 or newer, psycopg 3, uvicorn, Python 3.11 or newer.",
    ),
}

SEED_003 = {
    "S3-E01": kept(
        "`POST /api/track`",
        f"{TRACK}::test_the_seed_s_own_payloads_are_taken_word_for_word",
        f"{PAYLOADS}::test_a_post_without_a_slash_is_taken_and_not_redirected",
    ),
    "S3-E02": kept(
        "`GET /api/metrics?days=7`",
        f"{API}::test_the_contracts_numbers_are_read_as_the_contract_has_them",
    ),
    "S3-E03": kept(
        "`GET /api/funnel?days=7`",
        f"{API}::test_the_contracts_numbers_are_read_as_the_contract_has_them",
    ),
    "S3-E04": kept(
        "`GET /api/export?format=json&days=30`, `format=csv&days=365`",
        f"{API}::test_json_is_an_array_with_the_contracts_columns",
        f"{API}::test_no_cell_of_the_table_is_a_formula",
        "tests/accounts/test_streaming.py::test_a_large_export_streams_from_the_database",
    ),
    "S3-E05": kept("`GET /health`", f"{PAYLOADS}::test_one_health_answers_both_contracts"),
    "S3-E06": kept(
        "`GET /`: dashboard with key metrics",
        "tests/analytics/test_pages.py::test_the_overview_shows_the_numbers_of_the_week",
    ),
    "S3-E07": kept(
        "`GET /js/analytics.js`",
        "tests/tracking/test_tracker.py::test_every_page_may_load_the_script_and_nobody_is_marked",
    ),
    "S3-X1": kept(
        "A conversion in camel case with milliseconds",
        f"{PAYLOADS}::test_a_conversion_with_camel_case_and_milliseconds",
    ),
    "S3-X2": kept(
        "A manual event by curl, without a path, of 2022",
        f"{PAYLOADS}::test_a_manual_event_without_a_path_and_of_long_ago",
        note="Without a token its day is not believed: it is stored at its arrival, and marked.",
    ),
    "S3-X3": kept(
        "The shape of the metrics",
        f"{API}::test_the_contracts_numbers_are_read_as_the_contract_has_them",
        f"{PAYLOADS}::test_the_metrics_have_the_contracts_shape",
        note="`site`, `period` and `coverage` stand beside it.",
    ),
    "S3-X4": kept(
        "The five numbers of the funnel",
        f"{API}::test_the_contracts_numbers_are_read_as_the_contract_has_them",
        f"{PAYLOADS}::test_the_funnel_has_the_contracts_shape",
        note="`funnel_data`, `site`, `period` and `coverage` stand beside them.",
    ),
    "S3-M1": kept(
        "The columns of `events`",
        f"{API}::test_json_is_an_array_with_the_contracts_columns",
        note="Under these names in the export, with more columns after them.",
    ),
    "S3-M2": kept(
        "The columns of `sessions`",
        f"{API}::test_visits_and_conversions_are_tables_of_their_own",
        note="`/api/export?table=sessions`.",
    ),
    "S3-M3": kept(
        "The columns of `conversions`",
        f"{API}::test_visits_and_conversions_are_tables_of_their_own",
        note="`/api/export?table=conversions`.",
    ),
    "S3-F1": kept(
        "Page views, clicks, form submissions, conversions",
        f"{TRACKER}::test_a_page_view_from_another_origin_is_stored_once",
        f"{TRACKER}::test_a_form_is_counted_when_it_is_sent_and_its_fields_stay_there",
        f"{TRACKER}::test_a_conversion_of_the_page_s_own_is_counted",
    ),
    "S3-F2": kept(
        "Sessions with duration and page counts",
        f"{API}::test_visits_and_conversions_are_tables_of_their_own",
        "tests/analytics/test_rollup.py",
    ),
    "S3-F3": kept(
        "Conversion funnel",
        f"{API}::test_the_contracts_numbers_are_read_as_the_contract_has_them",
        "tests/analytics/test_funnel_page.py::test_the_page_shows_the_five_steps",
    ),
    "S3-F4": later(
        "Cookie consent of the front end is respected",
        "the consent banner",
        f"{TRACKER}::test_nothing_is_kept_in_the_browser",
        f"{TRACKER}::test_without_consent_no_id_leaves_the_page",
    ),
    "S3-F5": later(
        "Offline: events wait while the server is unavailable",
        "the consent banner",
        f"{TRACKER}::test_an_event_without_an_answer_is_sent_again_and_counted_once",
    ),
    "S3-F6": kept(
        "Export as JSON and CSV",
        f"{API}::test_json_is_an_array_with_the_contracts_columns",
        f"{API}::test_no_cell_of_the_table_is_a_formula",
    ),
    "S3-F7": kept(
        "Real-time dashboard",
        "tests/analytics/test_pages.py::test_a_page_that_stays_open_is_told_of_changes_only",
    ),
    "S3-F8": later("A banner asks for consent", "the consent banner"),
    "S3-F9": kept(
        "The script tracks page views, clicks, conversions",
        f"{TRACKER}::test_which_clicks_count",
        f"{TRACKER}::test_a_single_page_application_is_counted_view_by_view",
    ),
    "S3-F10": kept(
        "The script sends to `/api/track`",
        f"{TRACKER}::test_a_page_view_from_another_origin_is_stored_once",
    ),
    "S3-F11": later("The script stores events while offline", "the consent banner"),
    "S3-F12": kept(
        "Authentication",
        f"{API}::test_nobody_else_reads_them",
        f"{API}::test_analysts_export_and_viewers_do_not",
    ),
    "S3-F13": kept("HTTPS in production", "tests/test_project.py"),
    "S3-F14": kept(
        "Rate limiting of `/api/track`",
        "tests/tracking/test_limits.py::test_who_sends_too_much_waits_and_loses_nothing",
    ),
    "S3-F15": later("Backups", "operation"),
    "S3-F16": later(
        "Old data are cleaned",
        "retention",
        "tests/tracking/test_site_rules.py::test_addresses_are_forgotten_after_the_sites_days",
    ),
    "S3-F17": kept(
        "`/health` is checked", f"{HEALTH}::test_health_tells_the_parts_without_a_sign_in"
    ),
    "S3-F18": later("The growth of the database is monitored", "operation"),
    "S3-F19": later("Response times of the API are tracked", "operation"),
    "S3-F20": later("Alerts for high error rates", "operation"),
    "S3-C1": kept(
        "`FLASK_ENV=production`",
        "tests/test_project.py",
        note="`ENVIRONMENT=PROD`.",
    ),
    "S3-C2": kept("`DATABASE_URL=postgresql://…`", "tests/test_project.py"),
    "S3-C3": kept(
        "Production server",
        "tests/faults/test_web_ends.py",
        note="uvicorn in the place of gunicorn; see operations.md.",
    ),
    "S3-C4": kept(
        "A proxy with `X-Real-IP`",
        "tests/tracking/test_enrich.py::test_a_trusted_proxys_word_is_read_from_the_right",
        note="`TRUSTED_PROXIES` and `CLIENT_IP_HEADER=X-Real-IP`.",
    ),
    "S3-C5": kept(
        "Backup by CSV export",
        f"{GUIDE}::test_every_command_of_the_page_answers_as_it_says",
        note="Or `pg_dump`.",
    ),
    "S3-C6": kept("One command starts it", "tests/test_embedded.py", note="`make run`."),
    "S3-C7": kept(
        "Parameters `days` and `format`",
        f"{API}::test_days_that_make_no_sense_are_refused_with_a_code",
        f"{API}::test_unknown_formats_and_tables_are_refused",
    ),
}

CONTRACTS = {
    "Seed 000: link-in-bio analytics": SEED_000,
    "Seed 002: KPIs, dashboards, reports, rights": SEED_002,
    "Seed 003: small website analytics": SEED_003,
    "Seed 004: GA4 intelligence": SEED_004,
}
