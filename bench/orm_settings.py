"""Settings of the view that LinkPro is compared with: those of `django-admin startproject`.

Everything that could be held against the comparison is given to it: connections stay open, and the
middlewares and apps of LinkPro's own pages are left out.
"""

from linkpro.settings import *  # noqa: F403
from linkpro.settings import DATABASES

ROOT_URLCONF = "bench.orm"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "rest_framework",
    "accounts",
    "privacy",
    "tracking",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
DATABASES["default"]["OPTIONS"].pop("pool")
DATABASES["default"]["CONN_MAX_AGE"] = None
