"""What may be kept, and for how long."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from accounts.tenancy import TenantOwned


class Salt(TenantOwned):
    """The secret of a site's day: visitors are pseudonyms under it, and nameless once it is gone.

    The row stays when the secret is destroyed, so that nobody makes a second one for the day: late
    events then count as events, not as visitors who were counted before under another name.
    """

    tenant_path = "site__tenant"
    owner_path = "site__"
    site_path = "site"

    site = models.ForeignKey(Site, models.CASCADE, related_name="+")
    date = models.DateField(_("date"))
    secret = models.BinaryField(max_length=32, null=True)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantOwned.Meta):
        verbose_name = _("salt")
        verbose_name_plural = _("salts")
        constraints = (models.UniqueConstraint(fields=["site", "date"], name="salt_unique"),)

    def __str__(self) -> str:
        return f"{self.site_id} {self.date}"


class VisitorSecret(TenantOwned):
    """The lasting secret of a site: visitors who agreed to be recognised are pseudonyms under it.

    There is one at most, made when the first of them comes. Whoever deletes the row makes all of
    them nameless for good; who agrees after that is a new visitor. It is sealed: who reads the
    database alone can test no guess of an id.
    """

    tenant_path = "site__tenant"
    owner_path = "site__"
    site_path = "site"

    site = models.OneToOneField(Site, models.CASCADE, related_name="+")
    sealed = models.BinaryField()
    made_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantOwned.Meta):
        verbose_name = _("secret of visitors")
        verbose_name_plural = _("secrets of visitors")

    def __str__(self) -> str:
        return str(self.site_id)
