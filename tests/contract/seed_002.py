"""What seed 002 promised: KPIs, dashboards, reports, and the rights of data subjects."""

from __future__ import annotations

from tests.contract.item import Item, kept, later

SEED_002: dict[str, Item] = {
    "S2-E01": later("`POST /analytics/collect/start`", "collection"),
    "S2-E02": later("`GET /analytics/collect/status`", "collection"),
    "S2-E03": later("`GET /analytics/kpis`", "KPIs"),
    "S2-E04": later("`GET /analytics/kpis/{kpi_type}`", "KPIs"),
    "S2-E05": later("`GET /analytics/dashboards`", "KPIs"),
    "S2-E06": later("`GET /analytics/dashboards/{dashboard_id}`", "KPIs"),
    "S2-E07": later("`POST /analytics/dashboards`", "KPIs"),
    "S2-E08": later("`GET /analytics/reports/templates`", "reports"),
    "S2-E09": later("`POST /analytics/reports/generate`", "reports"),
    "S2-E10": later("`POST /analytics/reports/schedule`", "reports"),
    "S2-E11": later("`GET /analytics/reports/schedules`", "reports"),
    "S2-E12": later("`POST /analytics/privacy/consent`", "privacy"),
    "S2-E13": later("`POST /analytics/privacy/consent/revoke`", "privacy"),
    "S2-E14": later("`POST /analytics/privacy/dsr`", "privacy"),
    "S2-E15": later("`GET /analytics/privacy/dsr`", "privacy"),
    "S2-E16": later("`GET /analytics/status`", "KPIs"),
    "S2-E17": later("`GET /analytics/metrics`", "KPIs"),
    "S2-E18": later("`GET /analytics/health`", "operation"),
    "S2-E19": later("`POST /analytics/admin/cleanup`", "privacy"),
    "S2-E20": later("`POST /analytics/admin/process-scheduled-reports`", "reports"),
    "S2-E21": kept(
        "`GET /analytics/admin/audit-logs`",
        "tests/accounts/test_audit.py::test_the_original_path_answers_as_it_was_described",
        "tests/accounts/test_audit.py::test_admins_read_the_log_and_nobody_below",
    ),
    "S2-X1": later(
        'E01 body: `{"data_sources": ["google_search_console"], "collection_frequency": "daily"}`',
        "collection",
    ),
    "S2-X2": later(
        'E03 params: `date_range="2024-01-01,2024-01-31"`, `include_advanced=True`, '
        "`include_business_intelligence=True` ; response path "
        "`kpis['kpi_data']['basic_kpis']['growth_metrics']['total_growth']` in percent.",
        "KPIs",
    ),
    "S2-X3": later(
        'E07 body: `name` "Marketing Performance", `description` "Track marketing '
        'campaign performance", `widgets`: [`{"type": "line_chart", "title": "Campaign '
        'ROI Over Time", "config": {"data_source": "roi_metrics", "x_axis": "date", '
        '"y_axis": "roi_percentage"}}`, `{"type": "metric_card", "title": "Total '
        'Conversions", "config": {"data_source": "conversion_metrics", "metric": '
        '"total_conversions"}}`]',
        "KPIs",
    ),
    "S2-X4": later(
        'E10 body: `{"template_id": "weekly_performance", "name": "Weekly Marketing '
        'Report", "description": "Weekly marketing performance summary", '
        '"cron_expression": "0 9 * * 1", "timezone": "UTC", "delivery_methods": '
        '["email", "storage"], "export_formats": ["pdf", "csv"], "filters": '
        '{"campaign_type": "paid_search", "date_range": "last_7_days"}}`. It uses '
        'e-mail and PDF, both "placeholder" elsewhere in the same seed: they must work.',
        "reports",
    ),
    "S2-X5": later(
        'E12 body: `{"data_category": "analytics", "consent_given": True, '
        '"consent_version": "1.0", "legal_basis": "Legitimate interest", "purpose": '
        '"Analytics and performance improvement"}`',
        "privacy",
    ),
    "S2-X6": later(
        'E14 body: `{"request_type": "access", "description": "Request access to all '
        'personal data stored in the system"}`',
        "privacy",
    ),
    "S2-X7": later(
        'E18 response: `["status"]` equals `"healthy"`, else `["services"]` explains.', "operation"
    ),
    "S2-X8": later(
        "E17 response: `metrics['metrics']['total_data_points']`, "
        "`['active_collections']`, `['data_retention_compliance']` .",
        "KPIs",
    ),
    "S2-X9": kept(
        'E21 params `limit=100`; response `audit_logs["logs"]`, each with `timestamp`, '
        "`user_id`, `action`.",
        "tests/accounts/test_audit.py::test_the_original_path_answers_as_it_was_described",
    ),
    "S2-X10": later("`AnalyticsService(db, redis, cache, vercel_kv).health_check()`", "operation"),
    "S2-F01": later(
        "1 `AnalyticsDataCollector`, sources: Google Search Console API; Social Media "
        "APIs (Twitter, Facebook, LinkedIn, Instagram); SEMrush API; Internal analytics"
        " data; Token usage tracking; Time savings calculations",
        "collection",
    ),
    "S2-F02": later(
        "same, features: Rate limiting and error handling; Configurable collection "
        "frequencies; Job management and monitoring; Data validation and cleaning",
        "collection",
    ),
    "S2-F03": later(
        "2 `KPICalculationService`, Basic KPIs: Growth metrics (impressions, clicks, "
        "engagement); Performance indicators; Conversion rates; ROI calculations; Time "
        "savings metrics",
        "KPIs",
    ),
    "S2-F04": later(
        "Advanced KPIs: Velocity and momentum analysis; Volatility and seasonality "
        "detection; Forecasting with confidence intervals; Trend strength analysis",
        "KPIs",
    ),
    "S2-F05": later(
        "Business Intelligence: Performance scoring; Alert system; Recommendation "
        "engine; Opportunity identification; Risk assessment",
        "KPIs",
    ),
    "S2-F06": later(
        "3 `KPIDashboardService`, Default Dashboards: Overview: High-level metrics and "
        "trends; Performance: Detailed performance analysis; Growth: Growth metrics and"
        " forecasts",
        "KPIs",
    ),
    "S2-F07": later(
        "Widget Types: Line charts for trends; Bar charts for comparisons; Pie charts "
        "for distributions; Gauge charts for targets; Metric cards for key numbers",
        "KPIs",
    ),
    "S2-F08": later(
        "Features: Real-time data updates; Customizable layouts; Interactive filtering;"
        " Export capabilities",
        "KPIs",
    ),
    "S2-F09": later(
        "4 `ReportGenerationService`, Report Types: Daily overview; Weekly performance;"
        " Monthly analytics; Custom reports",
        "reports",
    ),
    "S2-F10": later("Export Formats: JSON; CSV; PDF; HTML; Excel", "reports"),
    "S2-F11": later(
        "Features: Template-based generation; Customizable sections; Automated "
        "insights; Multi-format export",
        "reports",
    ),
    "S2-F12": later(
        "5 `ReportSchedulerService`, Scheduling: Cron-based scheduling; Timezone "
        "support; Multiple delivery methods",
        "reports",
    ),
    "S2-F13": later("Delivery Methods: Email; Webhook; Storage; API", "reports"),
    "S2-F14": later(
        "Features: Automatic execution; Delivery tracking; Error handling; Retry mechanisms",
        "reports",
    ),
    "S2-F15": later(
        "6 `AnalyticsAuthService`, User Roles: Viewer: Basic access to dashboards and "
        "reports; Analyst: Export capabilities; Manager: Report scheduling; Admin: Full"
        " system access; Owner: User management",
        "dashboards of one's own and schedules",
        "tests/accounts/test_roles.py::test_each_role_may_what_those_before_it_may",
        "tests/accounts/test_roles.py::test_the_documentation_shows_the_tables_as_they_are_in_the_code",
    ),
    "S2-F16": kept(
        "Access Levels: Own: User's data only; Team: Team member data; Organization: "
        "Organization-wide data; All: System-wide data",
        "tests/accounts/test_tenancy.py::test_the_own_level_sees_what_one_owns",
        "tests/accounts/test_tenancy.py::test_the_team_level_sees_the_mates_rows_and_the_shared_ones",
        "tests/test_access.py",
        note="All is of staff, with a reason that the organisation reads.",
    ),
    "S2-F17": kept(
        "Features: Role-based permissions; API token management; Audit logging; Multi-"
        "tenant isolation",
        "tests/accounts/test_roles.py::test_each_role_may_what_those_before_it_may",
        "tests/accounts/test_tokens.py::test_a_token_is_made_shown_once_and_works",
        "tests/accounts/test_audit_everywhere.py::test_every_act_over_the_api_writes_an_entry",
        "tests/test_access.py",
    ),
    "S2-F18": later(
        "7 `DataPrivacyService`, Data Rights: Access: View personal data; "
        "Rectification: Correct inaccurate data; Erasure: Right to be forgotten; "
        "Portability: Data export; Restriction: Limit processing; Objection: Object to "
        "processing",
        "privacy",
    ),
    "S2-F19": later(
        "Features: Consent management; Data retention policies; Automated cleanup; "
        "Audit trails; Legal basis tracking",
        "privacy",
    ),
    "S2-F20": later(
        "8 `VercelKVService` : Redis-compatible storage; Multi-tenant namespacing; "
        "Configurable retention; Automatic fallback to Redis; Health monitoring",
        "operation",
    ),
    "S2-F21": kept(
        "Authentication & Authorization: Clerk integration for user management; Role-"
        "based access control (RBAC); API token management; Multi-tenant data isolation",
        "tests/accounts/test_oauth.py::test_a_program_signs_in_with_the_code_and_the_cookie",
        "tests/accounts/test_roles.py::test_every_permission_that_code_asks_for_is_in_the_table",
        "tests/accounts/test_tokens.py::test_a_token_dies_with_what_it_stands_on",
        "tests/test_access.py",
        note="Clerk is one OpenID Connect provider among others.",
    ),
    "S2-F22": later(
        "Data Privacy: GDPR compliance; Data retention policies; Consent management; "
        "Data subject rights; Audit logging",
        "privacy",
    ),
    "S2-F23": later(
        "Data Protection: Encryption at rest and in transit; Secure API endpoints; Rate"
        " limiting; Input validation",
        "operation (encryption of the disk and of transport)",
        "tests/accounts/test_secrets.py",
        "tests/accounts/test_vault.py",
        "tests/accounts/test_throttling.py",
        "tests/test_api_hardening.py",
    ),
    "S2-F24": later(
        "Caching Strategy: Redis caching for frequently accessed data; Vercel KV for "
        "persistent storage; Automatic cache invalidation; Cache warming for dashboards",
        "operation",
    ),
    "S2-F25": later(
        "Data Processing: Asynchronous processing; Batch operations for large datasets;"
        " Background job queues; Optimized database queries",
        "operation",
    ),
    "S2-F26": later(
        "Scalability: Horizontal scaling support; Load balancing ready; Database "
        "connection pooling; Memory-efficient data structures",
        "operation",
    ),
    "S2-F27": later(
        "Test categories: Unit Tests: Individual service functionality; Integration "
        "Tests: Service interactions; Performance Tests: Large dataset handling; "
        "Security Tests: Authentication and authorization; Privacy Tests: GDPR "
        "compliance",
        "operation",
    ),
    "S2-F28": later(
        "Architecture: Analytics Service as main orchestrator over Data Collection, KPI"
        " Calculation, Dashboard, Report Generation, Report Scheduling, Auth, Data "
        "Privacy, KV services",
        "operation",
    ),
    "S2-F29": later(
        "Troubleshooting that must be answerable: Vercel KV Connection Failed "
        "(environment variables, network connectivity, KV status); Permission Denied "
        "Errors (role and permissions, access level requirements, audit logs); Data "
        "Collection Failures (API rate limits, API credentials, error logs); "
        "Performance Issues (cache hit rates, database query performance, background "
        "job queues)",
        "operation",
    ),
    "S2-F30": later(
        "Code standards: PEP 8; type hints; docstrings for all classes and methods; "
        "comprehensive tests; documentation; MIT licence",
        "operation",
    ),
    "S2-F31": later(
        "Upcoming Features: Real-time notifications; Advanced machine learning "
        "insights; Custom KPI builder; Mobile app support; Advanced export options; "
        "Integration with more data sources",
        "its own roadmap",
    ),
    "S2-F32": later(
        "Performance Improvements: GraphQL API support; Advanced caching strategies; "
        "Database optimization; Background job improvements; Real-time data streaming",
        "its own roadmap",
    ),
    "S2-M1": later(
        "`AnalyticsDataPoint`: `id` str; `user_id` str; `source_type` DataSourceType; "
        "`metric_name` str; `metric_value` float; `timestamp` datetime; `metadata` "
        "dict; `created_at` datetime",
        "collection",
    ),
    "S2-M2": later(
        "`KPICalculation`: `id`; `user_id`; `kpi_type` KPIType; `value` float; `target`"
        " float or null; `status` TargetStatus; `period` str; `calculated_at` datetime",
        "KPIs",
    ),
    "S2-M3": later(
        "`DashboardWidget`: `id`; `type` ChartType; `title`; `description`; `config` "
        "dict; `data` dict; `position` dict of int",
        "KPIs",
    ),
    "S2-C01": later('`data_collection.default_frequency`: `"daily"`', "collection"),
    "S2-C02": later("`data_collection.rate_limits.google_search_console`: 1000", "collection"),
    "S2-C03": later("`data_collection.rate_limits.semrush`: 500", "collection"),
    "S2-C04": later("`data_collection.rate_limits.social_media`: 200", "collection"),
    "S2-C05": later("`data_collection.retry_attempts`: 3", "collection"),
    "S2-C06": later("`data_collection.retry_delay`: 60", "collection"),
    "S2-C07": later(
        '`kpi_calculation.calculation_periods`: `["daily", "weekly", "monthly"]`', "KPIs"
    ),
    "S2-C08": later("`kpi_calculation.statistical_config.confidence_level`: 0.95", "KPIs"),
    "S2-C09": later("`kpi_calculation.statistical_config.forecast_periods`: 12", "KPIs"),
    "S2-C10": later("`kpi_calculation.statistical_config.seasonality_detection`: True", "KPIs"),
    "S2-C11": later(
        '`dashboard.default_widgets`: `["kpi_overview", "growth_metrics", "performance_summary"]`',
        "KPIs",
    ),
    "S2-C12": later("`dashboard.refresh_interval`: 300 (seconds)", "KPIs"),
    "S2-C13": later("`dashboard.max_widgets_per_dashboard`: 20", "KPIs"),
    "S2-C14": later(
        '`reporting.default_templates`: `["daily_overview", "weekly_performance", '
        '"monthly_analytics"]`',
        "reports",
    ),
    "S2-C15": later(
        '`reporting.export_formats`: `["json", "csv", "pdf"]` (the feature list adds '
        "HTML and Excel: support all five)",
        "reports",
    ),
    "S2-C16": later('`reporting.max_report_size`: `"10MB"`', "reports"),
    "S2-C17": later("`privacy.default_retention_days`: 90", "privacy"),
    "S2-C18": later("`privacy.consent_required`: True", "privacy"),
    "S2-C19": later("`privacy.dsr_response_time`: 30 (days)", "privacy"),
    "S2-C20": kept(
        "`privacy.audit_log_retention`: 365 (days)",
        "tests/accounts/test_chain.py::test_an_ended_month_leaves_anchors_and_the_kept_chain_is_whole",
        note="`AUDIT_LOG_RETENTION_DAYS`.",
    ),
}
