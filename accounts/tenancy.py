"""The wall between tenants: a row is read through a scope, for a tenant, or for a reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar, cast
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import Q

if TYPE_CHECKING:
    from accounts.models import Tenant

Row = TypeVar("Row", bound="TenantOwned")


class OutsideScope(TypeError):
    """A tenant's rows were asked for without saying whose."""


@contextmanager
def tenant_transaction(tenant: Tenant | UUID) -> Iterator[None]:
    """A transaction in which the database knows whose work it does, and nobody else's.

    The setting `app.tenant` ends with the transaction, so that no connection carries it to the next
    request; policies of row-level security read it. Raises `OutsideScope` within another tenant's.
    """
    wanted = str(getattr(tenant, "pk", tenant))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('app.tenant', true), set_config('app.tenant', %s, true)",
                [wanted],
            )
            before = (cursor.fetchone() or ("",))[0]
        if before and before != wanted:
            raise OutsideScope("A transaction of another tenant is open.")
        yield


@dataclass(frozen=True, slots=True)
class Scope:
    """What one actor may read.

    `people` are the ids of the users whose rows are seen (None: everybody's), `teams` the teams
    whose shared rows are seen as well, `sites` the ids of the sites (None: all of them), `metrics`
    the keys of the catalogue (None: all), `min_cell` the smallest group that may be told apart.
    """

    tenant: UUID
    people: frozenset[int] | None = None
    teams: frozenset[int] = frozenset()
    sites: frozenset[int] | None = None
    metrics: frozenset[str] | None = None
    min_cell: int = 0

    @classmethod
    def of_system(cls, tenant: Tenant | UUID, reason: str) -> Scope:
        """Everything of a tenant, for the system's own work; `reason` must say why."""
        if not reason:
            raise OutsideScope("Say why the system reads a whole tenant.")
        return cls(tenant=tenant if isinstance(tenant, UUID) else tenant.pk)


class TenantQuerySet(models.QuerySet[Row]):
    """Rows of a model whose path to its tenant, owner and site the model names."""

    def for_tenant(self, tenant: Tenant | UUID) -> TenantQuerySet[Row]:
        """All rows of one tenant."""
        return self.filter(**{self.model.tenant_path: getattr(tenant, "pk", tenant)})

    def visible_to(self, scope: Scope) -> TenantQuerySet[Row]:
        """The rows that the scope may read; a row outside it does not exist."""
        rows = self.for_tenant(scope.tenant)
        model = self.model
        if scope.people is not None and model.owner_path is not None:
            owned = Q(**{f"{model.owner_path}owner__in": scope.people})
            shared = Q(**{f"{model.owner_path}team__in": scope.teams})
            rows = rows.filter(owned | shared)
        if scope.sites is not None and model.site_path is not None:
            rows = rows.filter(**{f"{model.site_path}__in": scope.sites})
        return rows


class TenantManager(models.Manager[Row]):
    """The only public way to a tenant's rows: it answers nobody who does not say whose."""

    def get_queryset(self) -> NoReturn:
        raise OutsideScope(
            f"{self.model.__name__}: use .visible_to(scope), .for_tenant(tenant)"
            " or .unscoped(reason)."
        )

    def _rows(self) -> TenantQuerySet[Row]:
        return TenantQuerySet(self.model, using=self._db)

    def for_tenant(self, tenant: Tenant | UUID) -> TenantQuerySet[Row]:
        """See `TenantQuerySet.for_tenant`."""
        return self._rows().for_tenant(tenant)

    def visible_to(self, scope: Scope) -> TenantQuerySet[Row]:
        """See `TenantQuerySet.visible_to`."""
        return self._rows().visible_to(scope)

    def unscoped(self, reason: str) -> TenantQuerySet[Row]:
        """Rows of all tenants, for a reason that the reader of the code should know."""
        if not reason:
            raise OutsideScope("Say why rows of all tenants are read.")
        return self._rows()

    def create(self, **values: Any) -> Row:
        """Insert one row; its tenant is among the values."""
        return self._rows().create(**values)


class TenantOwned(models.Model):
    """A row of one tenant.

    `tenant_path` is the lookup of the tenant's id. `owner_path` is the prefix of the row that has
    an owner and a team ("" for the row itself, "site__" for what follows a site), None where every
    member of the tenant sees the row. `site_path` is the lookup of the site's id, if there is one.
    """

    tenant_path: ClassVar[str] = "tenant"
    owner_path: ClassVar[str | None] = None
    site_path: ClassVar[str | None] = None

    # Django's own needs (related rows, uniqueness checks, the admin) get a plain manager.
    plain = models.Manager()
    objects = cast("TenantManager[Any]", TenantManager())

    class Meta:
        abstract = True
        base_manager_name = "plain"
        default_manager_name = "plain"
