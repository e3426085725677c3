"""One settings module; every knob comes from the environment (see `.env.example`).

`ENVIRONMENT=PROD` refuses to start with unsafe values; without it the project runs on one machine
for its developer, with PostgreSQL and Redis of its own under `var/` when no URL is set.
"""

import hashlib
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import environ
from corsheaders.defaults import default_headers
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from linkpro import embedded
from linkpro.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

env = environ.Env()
env.read_env(env.str("ENV_FILE", str(BASE_DIR / ".env")))

ENVIRONMENT = env.str("ENVIRONMENT", "DEV").upper()
PRODUCTION = ENVIRONMENT not in ("DEV", "TEST")
DEBUG = env.bool("DEBUG", False)


def required_in_production(name: str, default: str) -> str:
    """The variable's value; its development default only where this is no production machine."""
    value = env.str(name, "")
    if not value and PRODUCTION:
        raise ImproperlyConfigured(f"Set {name}: production does not start without it.")
    return value or default


def development_secret() -> str:
    """A random key that outlives restarts, kept beside the development database."""
    path = embedded.var_dir() / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", "") or (
    required_in_production("SECRET_KEY", "") if PRODUCTION else development_secret()
)
# What secrets are sealed with (`accounts.vault`): the first key seals, every one opens.
VAULT_KEYS = env.list("VAULT_KEYS", default=[]) or (
    [required_in_production("VAULT_KEYS", "")] if PRODUCTION else [SECRET_KEY]
)
BASE_URL = required_in_production("BASE_URL", f"http://localhost:{env.int('PORT', 8000)}").rstrip(
    "/"
)
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS",
    default=[urlsplit(BASE_URL).hostname]
    if PRODUCTION
    else ["localhost", ".localhost", "127.0.0.1", "[::1]"],
)
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG shows secrets to visitors: unset it in production.")
if PRODUCTION and "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS=* lets anybody choose the host name: list the hosts.")
if PRODUCTION and not BASE_URL.startswith("https://"):
    raise ImproperlyConfigured("BASE_URL must begin with https:// in production.")

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "corsheaders",
    "django_celery_beat",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "accounts",
    "privacy",
    "tracking",
    "analytics",
    "reports",
    "linkpro",
]

MIDDLEWARE = [
    "accounts.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "accounts.middleware.security_headers",
    "accounts.middleware.legible_address",
    "corsheaders.middleware.CorsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.current_member",
    "accounts.staff.StaffLooking",
    "accounts.throttling.rate_limits",
]

ROOT_URLCONF = "linkpro.urls"
ASGI_APPLICATION = "linkpro.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context_processors.chrome",
            ],
        },
    },
]
# Bare form fields: the components of our own look draw labels, hints and errors around them.
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"


# --- PostgreSQL -------------------------------------------------------------------------------


def database_url() -> str:
    """`DATABASE_URL`, or seed 004's `POSTGRES_*`, or the server of our own under `var/`."""
    if url := env.str("DATABASE_URL", ""):
        return url
    if host := env.str("POSTGRES_HOST", ""):
        return make_conninfo(
            host=host,
            port=env.int("POSTGRES_PORT", 5432),
            user=env.str("POSTGRES_USER", "linkpro"),
            password=env.str("POSTGRES_PASSWORD", ""),
            dbname=env.str("POSTGRES_DATABASE", "linkpro"),
        )
    if PRODUCTION:
        raise ImproperlyConfigured("Set DATABASE_URL or POSTGRES_HOST: production needs its own.")
    return embedded.postgres_url()


def database_settings(url: str, role: str) -> dict:
    """Django's connection settings for a libpq URL, with psycopg's pool, acting as the role."""
    parts = conninfo_to_dict(url)
    pool = {
        "min_size": 1,
        "max_size": env.int("DATABASE_POOL_SIZE", 10) + env.int("DATABASE_MAX_OVERFLOW", 5),
        "timeout": 5,
        "reconnect_timeout": 1,  # or its next try would be further off the longer an outage lasts
    }
    if role:  # Django's own `assume_role` waits for a pool that waits for it
        parts["options"] = f"{parts.get('options', '')} -c role={role}".strip()
    # A peer that is gone without a word is noticed after a minute.
    watch = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", "linkpro"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "")),
        "OPTIONS": {**watch, **parts, "pool": pool},
    }


# Whether processes act as roles of their own (`manage.py sync_roles`), each as its DATABASE_ROLE.
DATABASE_ROLES = env.bool("DATABASE_ROLES", database_url() == embedded.postgres_url())
DATABASE_ROLE = env.str("DATABASE_ROLE", "") if DATABASE_ROLES else ""
# Whether reads of the API and of pages stand in a transaction of their tenant, too, as policies of
# row-level security need it; writes of the API always do.
ROW_SECURITY = env.bool("ROW_SECURITY", False)
DATABASES = {"default": database_settings(database_url(), DATABASE_ROLE)}
# Where a transaction pooler stands before PostgreSQL, the event writer needs a way around it:
# its settings and prepared statements live in the session.
DATABASE_DIRECT_URL = env.str("DATABASE_DIRECT_URL", "")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis, Celery ----------------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", "") or (
    required_in_production("REDIS_URL", "") if PRODUCTION else embedded.redis_url()
)
CACHES = {
    "default": {
        "BACKEND": "accounts.cache.OptionalRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "linkpro",
    }
}


def broker_url(redis_url: str) -> str:
    """Kombu's spelling of a Redis URL: it calls a unix socket `redis+socket`."""
    if redis_url.startswith("unix://"):
        path, _, _ = redis_url.removeprefix("unix://").partition("?")
        return f"redis+socket://{path}?virtual_host=1"
    return redis_url


CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "fast"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Receivers of mails and webhooks may hang: they have a worker of their own (see Procfile).
CELERY_TASK_ROUTES = {"accounts.tasks.send_due": {"queue": "outgoing"}}
CELERY_BEAT_SCHEDULER = "linkpro.beat:PatientScheduler"
# A task that hangs gives its place to others; the slow ones say for how long they may take.
CELERY_TASK_TIME_LIMIT = 900
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
DJANGO_CELERY_BEAT_TZ_AWARE = True

# --- People -----------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
# How long the link of an invitation works.
INVITATION_DAYS = env.int("INVITATION_DAYS", 7)
# Who may make an account of their own: anybody (open), who was invited, or nobody (closed).
SIGNUP_POLICY = env.str("SIGNUP_POLICY", "invited")
if SIGNUP_POLICY not in ("open", "invited", "closed"):
    raise ImproperlyConfigured("SIGNUP_POLICY is one of open, invited and closed.")
ACCOUNT_ADAPTER = "accounts.sign_in.adapter.AccountAdapter"
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.sign_in.signing_up.SignUpForm"
ACCOUNT_FORMS = {
    "login": "accounts.sign_in.forms.SignInForm",
    "signup": "accounts.sign_in.forms.SignUpForm",
    "reset_password": "accounts.sign_in.forms.ForgottenForm",
    "reset_password_from_key": "accounts.sign_in.forms.ChooseAgainForm",
    "change_password": "accounts.sign_in.forms.ChangePasswordForm",
    "set_password": "accounts.sign_in.forms.SetPasswordForm",
    "add_email": "accounts.sign_in.forms.NewAddressForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_CHANGE_EMAIL = True
# A code and no link: scanners of mail follow links, and the mail may be read on another device.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
MFA_ADAPTER = "accounts.sign_in.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "add_webauthn": "accounts.sign_in.forms.AddPasskeyForm",
    "authenticate": "accounts.sign_in.code_forms.CodeForm",
    "reauthenticate": "accounts.sign_in.code_forms.CodeAgainForm",
}
MFA_TOTP_ISSUER = "LinkPro"
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION  # http://localhost
SOCIALACCOUNT_ADAPTER = "accounts.sign_in.adapter.SocialAccountAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "mandatory"

# A provider of OpenID Connect that people and programs sign in with, such as Clerk or Keycloak, and
# Google. They are the installation's: no tenant names an address that is asked here.
OIDC_ISSUER = env.str("OIDC_ISSUER", "").rstrip("/")
OIDC_NAME = env.str("OIDC_NAME", "OpenID Connect")
# Whether an address that the provider calls verified opens the account that has it.
OIDC_TRUSTS_EMAIL = env.bool("OIDC_TRUSTS_EMAIL", False)
OAUTH_CLIENT_ID = env.str("OAUTH_CLIENT_ID", "")
OAUTH_CLIENT_SECRET = env.str("OAUTH_CLIENT_SECRET", "")
# Where the provider sends people whose program asked `GET /auth/login`.
OAUTH_REDIRECT_URI = env.str("OAUTH_REDIRECT_URI", "http://localhost:3000/oauth/callback")
GOOGLE_CLIENT_ID = env.str("GOOGLE_CLIENT_ID", "")
GOOGLE_CLIENT_SECRET = env.str("GOOGLE_CLIENT_SECRET", "")
if PRODUCTION and OIDC_ISSUER and not OIDC_ISSUER.startswith("https://"):
    raise ImproperlyConfigured("OIDC_ISSUER must begin with https:// in production.")

# The tokens of programs that act as a person (`accounts.sign_in.jwt`).
JWT_ALGORITHM = env.str("JWT_ALGORITHM", "HS256")
if JWT_ALGORITHM not in ("HS256", "HS384", "HS512"):
    raise ImproperlyConfigured("JWT_ALGORITHM is one of HS256, HS384 and HS512.")
JWT_SECRET_KEY = env.str("JWT_SECRET_KEY", "") or (
    hashlib.sha512(b"linkpro/jwt/" + SECRET_KEY.encode()).hexdigest()
)
if PRODUCTION and len(JWT_SECRET_KEY) < 32:
    raise ImproperlyConfigured("JWT_SECRET_KEY needs at least 32 characters.")
JWT_EXPIRATION_HOURS = env.float("JWT_EXPIRATION_HOURS", 24)
JWT_REFRESH_DAYS = env.float("JWT_REFRESH_DAYS", 30)

# --- Pages ------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(embedded.var_dir() / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not PRODUCTION
APPEND_SLASH = False  # the paths of the API have no trailing slash; a redirect would lose bodies

# --- Security ---------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = PRODUCTION and env.bool("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31_536_000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
if env.bool("TLS_ENDS_AT_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [BASE_URL] if PRODUCTION else []
# Pages of other hosts that may use the API; the ingest endpoint is open to every page.
CORS_ALLOWED_ORIGINS = env.list("CORS_ORIGINS", default=[])
if "*" in CORS_ALLOWED_ORIGINS:
    raise ImproperlyConfigured("CORS_ORIGINS=* would let every page ask: list the origins.")
# Their pages bring a bearer; cookies of ours stay on our own pages.
CORS_ALLOW_CREDENTIALS = False
# The endpoints for events answer for themselves.
CORS_URLS_REGEX = r"^/(api/(?!(v1/)?track(/click|/view)?$)|auth/|analytics/|data/)"
CORS_ALLOW_HEADERS = [*default_headers, "x-tenant-id"]
CORS_EXPOSE_HEADERS = [
    "Content-Disposition",
    "RateLimit",
    "RateLimit-Limit",
    "RateLimit-Policy",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Request-Id",
]

# --- Ingest -----------------------------------------------------------------------------------

# The site of events that name none (by key, or by the host of their page).
DEFAULT_SITE = env.str("DEFAULT_SITE", "")
# Networks whose CLIENT_IP_HEADER is believed; nobody's by default.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
CLIENT_IP_HEADER = env.str("CLIENT_IP_HEADER", "X-Forwarded-For")
# Events that one address may send in the long run and at once, judged by each process for itself;
# 0 for no limit. Senders with a token are not limited, nor is loopback.
INGEST_EVENTS_PER_SECOND = env.float("INGEST_EVENTS_PER_SECOND", 50)
INGEST_BURST = env.int("INGEST_BURST", 2_000)
# A MaxMind or DB-IP database; without it countries come from the registries' assignments.
GEOIP_PATH = env.str("GEOIP_PATH", "")

# --- Sites ------------------------------------------------------------------------------------

# How long a deleted site counts on and can be taken back.
SITE_GRACE_DAYS = env.int("SITE_GRACE_DAYS", 7)
# The same of an organisation.
TENANT_GRACE_DAYS = env.int("TENANT_GRACE_DAYS", 14)

# --- Audit log and staff ----------------------------------------------------------------------

# Whole months of the audit log end when they are older than this; 0 keeps all.
AUDIT_LOG_RETENTION_DAYS = env.int("AUDIT_LOG_RETENTION_DAYS", 365)
# How long staff look into an organisation before they must say why again.
STAFF_ACCESS_MINUTES = env.int("STAFF_ACCESS_MINUTES", 60)

# --- API --------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.RolePermission"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "accounts.pagination.Pages",
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "accounts.api_pages.page.ApiPage",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "accounts.parsers.BoundedJSONParser",
        "accounts.parsers.PageFormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "EXCEPTION_HANDLER": "accounts.api.problem",
    "DEFAULT_SCHEMA_CLASS": "accounts.schema.Described",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNICODE_JSON": True,
}

# Requests that one sender may make within so many seconds, over all processes; 0 for no limit.
# Without a token and a sign-in it is the address that is counted; loopback is not.
API_RATE_SECONDS = env.int("API_RATE_SECONDS", 60)
API_RATE_TOKEN = env.int("API_RATE_TOKEN", 600)
API_RATE_PERSON = env.int("API_RATE_PERSON", 600)
API_RATE_ADDRESS = env.int("API_RATE_ADDRESS", 120)

SPECTACULAR_SETTINGS = {
    "TITLE": "LinkPro",
    "DESCRIPTION": "Statistics of websites and links: read them, send events, manage sites.",
    "VERSION": VERSION,
    "SERVE_PUBLIC": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "persistAuthorization": True,
        "displayRequestDuration": True,
        "filter": True,
        "validatorUrl": None,
    },
    "SCHEMA_PATH_PREFIX": r"/api(/v1)?",
    "DEFAULT_QUERY_MANAGER": "plain",
    "SORT_OPERATIONS": False,
    "PREPROCESSING_HOOKS": ["accounts.schema.of_programs"],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
}

# --- Addresses that tenants name --------------------------------------------------------------

# Hosts and networks of the installation's own that tenants may reach although they are not public
# (`accounts.outgoing.public`); nothing by default.
OUTGOING_ALLOWED = env.list("OUTGOING_ALLOWED", default=[])
# A file of certificates (PEM) that are believed beside the system's.
OUTGOING_CA_FILE = env.str("OUTGOING_CA_FILE", "")

# --- Mail -------------------------------------------------------------------------------------

EMAIL_HOST = env.str("DEFAULT_SMTP_SERVER", "")
EMAIL_PORT = env.int("DEFAULT_SMTP_PORT", 587)
EMAIL_HOST_USER = env.str("DEFAULT_SMTP_USERNAME", "")
EMAIL_HOST_PASSWORD = env.str("DEFAULT_SMTP_PASSWORD", "")
EMAIL_USE_TLS = env.bool("DEFAULT_USE_TLS", True)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "LinkPro <linkpro@localhost>")
if not EMAIL_HOST:  # no mail server: mails are files to read under var/mail
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = embedded.var_dir() / "mail"
# Days after which what was sent loses its content, and then its row in the outbox.
OUTBOX_CONTENT_DAYS = env.int("OUTBOX_CONTENT_DAYS", 3)
OUTBOX_DAYS = env.int("OUTBOX_DAYS", 30)

# --- Logs and the admin -----------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", "INFO").upper()
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_config(LOG_LEVEL, json=PRODUCTION)

UNFOLD = {
    "SITE_TITLE": "LinkPro",
    "SITE_HEADER": "LinkPro",
    "SITE_SYMBOL": "monitoring",
    "SHOW_HISTORY": True,
    "COLORS": {  # the accent of our own pages, from near-white to near-black
        "primary": {
            "50": "#effafc",
            "100": "#d7f0f5",
            "200": "#b3e1eb",
            "300": "#80cbdb",
            "400": "#46acc3",
            "500": "#2a90a9",
            "600": "#0e6e86",
            "700": "#0d5c70",
            "800": "#134c5c",
            "900": "#15404e",
            "950": "#082934",
        }
    },
}
