"""Rules of the whole project."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

from accounts.tenancy import OutsideScope, TenantOwned

ORDER = ["accounts", "privacy", "tracking", "analytics", "reports", "linkpro"]
OURS = [model for model in apps.get_models() if model._meta.app_label in ORDER]


def test_foreign_keys_go_one_way():
    upward = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for model in OURS
        for field in model._meta.get_fields()
        if field.concrete
        and field.is_relation
        and field.related_model._meta.app_label in ORDER
        and ORDER.index(field.related_model._meta.app_label) > ORDER.index(model._meta.app_label)
    ]
    assert upward == []


def test_every_tenants_model_says_whose_a_row_is():
    """Only people, their sign-ins, tenants and the list of agents belong to no tenant."""
    free = {model._meta.label for model in OURS if not issubclass(model, TenantOwned)}
    people = {"accounts.User", "accounts.SignIn", "accounts.UsedState"}
    assert free == {*people, "accounts.Tenant", "tracking.Agent"}


@pytest.mark.parametrize("model", [m for m in OURS if issubclass(m, TenantOwned)])
def test_a_tenants_rows_are_not_read_without_saying_whose(model):
    with pytest.raises(OutsideScope):
        model.objects.all()
    with pytest.raises(OutsideScope):
        model.objects.filter(pk=1)
    with pytest.raises(OutsideScope):
        model.objects.unscoped("")


def test_migrations_are_named_by_hand():
    names = [path.stem for path in settings.BASE_DIR.glob("*/migrations/0*.py")]
    assert names
    assert [name for name in names if re.search(r"_auto_|_initial$|\d{8}", name)] == []


def test_plain_managers_stay_inside_the_house():
    """`plain` reads all tenants: only code that names the row's site or key may use it."""
    allowed = {"accounts", "analytics/rollup.py", "tracking/ingest"}
    users = [
        str(path.relative_to(settings.BASE_DIR))
        for app in ORDER
        for path in (settings.BASE_DIR / app).rglob("*.py")
        if ".plain." in path.read_text()
    ]
    assert [user for user in users if not user.startswith(tuple(allowed))] == []


PRODUCTION = {
    "ENVIRONMENT": "PROD",
    "SECRET_KEY": "k" * 64,
    "VAULT_KEYS": "v" * 43,
    "BASE_URL": "https://stats.example.com",
    "DATABASE_URL": "postgresql://linkpro@db/linkpro",
    "REDIS_URL": "redis://cache:6379/0",
    "PATH": "/usr/bin:/bin",
    "ENV_FILE": "/nonexistent",
}


def start_with(**changes: str) -> subprocess.CompletedProcess[str]:
    """Import the settings in a process of their own; an empty value unsets a variable."""
    environment = {key: value for key, value in (PRODUCTION | changes).items() if value}
    return subprocess.run(
        [sys.executable, "-c", "import linkpro.settings"],
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_starts_with_safe_values():
    assert start_with().returncode == 0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"VAULT_KEYS": ""}, "VAULT_KEYS"),
        ({"BASE_URL": ""}, "BASE_URL"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"REDIS_URL": ""}, "REDIS_URL"),
        ({"DEBUG": "true"}, "DEBUG"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"BASE_URL": "http://stats.example.com"}, "BASE_URL"),
    ],
)
def test_production_refuses_unsafe_values_by_name(change, named):
    refused = start_with(**change)
    assert refused.returncode != 0
    assert "ImproperlyConfigured" in refused.stderr
    assert named in refused.stderr


def test_every_variable_that_settings_read_is_explained():
    source = Path(settings.BASE_DIR, "linkpro/settings.py").read_text()
    names = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', source))
    names |= set(re.findall(r'required_in_production\(\s*"([A-Z_]+)"', source))
    explained = Path(settings.BASE_DIR, ".env.example").read_text()
    assert sorted(name for name in names if not re.search(rf"\b{name}=", explained)) == []
