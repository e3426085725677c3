"""Where a trial takes place: a tenant of its own, with sites and tokens, which goes afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from accounts.models import ApiToken, Membership, Site, Tenant, User
from accounts.roles import Role, TokenScope
from accounts.tenancy import Scope
from analytics import orphans
from linkpro.settle import make_site
from linkpro.world.strays import RULES
from linkpro.world.trial import Trial
from privacy.models import Salt

NAME = "Simulated world"
TOKEN_LIFETIME = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Place:
    """The tenant, its owner, its sites by slug, and the texts of its two tokens."""

    tenant: Tenant
    owner: User
    sites: dict[str, Site]
    sending: str
    reading: str

    @property
    def scope(self) -> Scope:
        """What the trial reads by."""
        return Scope.of_system(self.tenant, "a trial compares its own world with what is true")

    def remove(self) -> None:
        """Nothing of the tenant is left, events and statistics included."""
        ids = [site.pk for site in self.sites.values()]
        with transaction.atomic():
            self.tenant.delete()
            self.owner.delete()
        for site_id in ids:
            orphans.erase(site_id)


@transaction.atomic
def make(trial: Trial, name: str) -> Place:
    """A place for the trial; `name` keeps it apart from others."""
    owner = User.objects.create_user(f"{name}@simulated.localhost", None, name=NAME)
    tenant = Tenant.objects.create(name=f"{NAME} {name}")
    member = Membership.objects.create(user=owner, tenant=tenant, role=Role.OWNER)
    sites = {spec.slug: make_site(tenant, owner, spec, **RULES[spec.slug]) for spec in trial.sites}
    for slug, day in trial.nameless:
        Salt.objects.create(site=sites[slug], date=day, secret=None)
    tokens = {
        scope: ApiToken.issue(
            member, name=f"simulate: {scope}", scopes=[scope.value], lifetime=TOKEN_LIFETIME
        )[1]
        for scope in (TokenScope.INGEST, TokenScope.READ)
    }
    return Place(tenant, owner, sites, tokens[TokenScope.INGEST], tokens[TokenScope.READ])
