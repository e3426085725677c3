"""Link-in-bio: a page of links at a name, and the links on it."""

from __future__ import annotations

import secrets

from django.core.validators import MaxLengthValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from accounts.tenancy import TenantOwned

# Without letters and figures that are taken for each other.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
SCHEMES = ("http", "https", "mailto", "tel")


def new_slug() -> str:
    """A slug that nobody guesses and everybody can copy from paper: 40 bits."""
    return "".join(secrets.choice(_ALPHABET) for _n in range(8))


class LinkProfile(TenantOwned):
    """The page at `/@username`; its numbers are those of its site, which is of the kind `bio`."""

    class Theme(models.TextChoices):
        AUTO = "auto", _("Like the visitor's device")
        PAPER = "paper", _("Paper")
        NIGHT = "night", _("Night")
        SEA = "sea", _("Sea")
        CLAY = "clay", _("Clay")
        FOREST = "forest", _("Forest")

    tenant_path = "site__tenant"
    owner_path = "site__"
    site_path = "site"

    id = models.AutoField(primary_key=True)
    site = models.OneToOneField(Site, models.CASCADE, related_name="profile")
    username = models.CharField(
        _("username"),
        max_length=30,
        unique=True,
        validators=[
            RegexValidator(
                r"^[a-z0-9](?:[a-z0-9._-]{0,28}[a-z0-9])?\Z",
                _("Use a-z, 0-9, and between them dots, - and _."),
            )
        ],
    )
    title = models.CharField(_("title"), max_length=80)
    bio = models.TextField(_("bio"), blank=True, validators=[MaxLengthValidator(300)])
    avatar = models.BinaryField(_("picture"), null=True, blank=True, editable=True)
    avatar_digest = models.CharField(max_length=32, blank=True, editable=False)
    theme = models.CharField(_("theme"), max_length=16, choices=Theme, default=Theme.AUTO)
    is_published = models.BooleanField(
        _("published"), default=True, help_text=_("Whether everybody can see the page.")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("link profile")
        verbose_name_plural = _("link profiles")
        ordering = ("username",)

    def __str__(self) -> str:
        return f"@{self.username}"

    @property
    def path(self) -> str:
        """Where the page is."""
        return f"/@{self.username}"


class Link(TenantOwned):
    """A link of a profile, also at `/l/slug`. A deleted one still names its clicks."""

    tenant_path = "profile__site__tenant"
    owner_path = "profile__site__"
    site_path = "profile__site"

    id = models.AutoField(primary_key=True)
    profile = models.ForeignKey(LinkProfile, models.CASCADE, related_name="links")
    title = models.CharField(_("title"), max_length=100)
    url = models.CharField(
        _("URL"),
        max_length=2_048,
        help_text=_("Where it leads: a web address, mailto: or tel:."),
    )
    slug = models.CharField(
        _("short name"),
        max_length=32,
        unique=True,
        default=new_slug,
        validators=[RegexValidator(r"^[A-Za-z0-9_-]{2,32}\Z", _("Use letters, figures, - and _."))],
        help_text=_("The link is also at /l/ and this name."),
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("link")
        verbose_name_plural = _("links")
        ordering = ("position", "id")
        indexes = (models.Index(fields=["profile", "position"], name="link_in_order"),)

    def __str__(self) -> str:
        return self.title

    @property
    def path(self) -> str:
        """The address that counts a click and leads on."""
        return f"/l/{self.slug}"
