"""People who log in. Visitors and customers are no users."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.zones import valid_zone


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **values: Any) -> User:
        """A person who may sign in; the address is kept in lower case.

        Made by those who know that it is theirs (staff, the first run, whoever invited them): it
        counts as verified. Who signs up alone is made by allauth and proves it first.
        """
        user = self.model(email=email.strip().lower(), **values)
        user.set_password(password)
        with transaction.atomic(using=self._db):
            user.save(using=self._db)
            user.trust_address()
        return user

    def create_superuser(self, email: str, password: str | None = None, **values: Any) -> User:
        """A person of the installation's staff, for `manage.py createsuperuser`."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **values)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who logs in. Visitors and customers are no users."""

    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(
        _("staff"), default=False, help_text=_("May sign in to the admin of the installation.")
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[valid_zone],
        help_text=_("Moments are shown in it; without one, in the organisation's."),
    )
    muted = ArrayField(
        models.CharField(max_length=32),
        verbose_name=_("kinds of mail that are not wanted"),
        default=list,
        blank=True,
    )
    session_epoch = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("Sessions of an earlier number are over.")
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = (models.UniqueConstraint(Lower("email"), name="user_email_unique"),)

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        self.email = self.email.strip().lower()

    def get_session_auth_hash(self) -> str:
        """What a session must carry to go on: it ends with the password, and with its epoch."""
        return self._session_hash()

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The same under the former secret keys of the installation."""
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._session_hash(secret)

    def _session_hash(self, secret: str | bytes | None = None) -> str:
        salt = "accounts.models.User.get_session_auth_hash"
        text = f"{self.password}/{self.session_epoch}"
        return salted_hmac(salt, text, secret=secret, algorithm="sha256").hexdigest()

    def trust_address(self) -> None:
        """Let the account's address count as verified, and no other of theirs."""
        from allauth.account.models import EmailAddress  # it needs the models to be there

        addresses = EmailAddress.objects.filter(user=self)
        addresses.exclude(email=self.email).delete()
        values = {"verified": True, "primary": True}
        EmailAddress.objects.update_or_create(user=self, email=self.email, defaults=values)

    def has_proven(self, email: str) -> bool:
        """Whether the person has shown that they read what is sent to an address."""
        from allauth.account.models import EmailAddress  # it needs the models to be there

        mine = EmailAddress.objects.filter(user=self, verified=True)
        return mine.filter(email=email.strip().lower()).exists()

    def end_sessions(self) -> None:
        """Sign the person out everywhere, from the next request of each session on."""
        User.objects.filter(pk=self.pk).update(session_epoch=F("session_epoch") + 1)
        self.refresh_from_db(fields=["session_epoch"])

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email

    def told_apart(self) -> str:
        """The person in a list of choices: two people may have one name."""
        return f"{self.name} ({self.email})" if self.name else self.email
