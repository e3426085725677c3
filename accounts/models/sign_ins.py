"""What programs' sign-ins as a person leave behind."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User


class SignIn(models.Model):
    """A program that acts as a person: every JWT names its sign-in and is dead without it.

    `generation` is the number of the one refresh token that still counts; an earlier one that
    comes again was stolen, or its answer was, and ends the sign-in. `auth_hash` ends it with the
    password and with `User.end_sessions`, as it ends the sessions of browsers.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="sign_ins")
    auth_hash = models.CharField(max_length=64, editable=False)
    generation = models.PositiveIntegerField(default=1, editable=False)
    agent = models.CharField(_("program"), max_length=200, blank=True, editable=False)
    ip = models.GenericIPAddressField(_("address"), null=True, editable=False)
    created_at = models.DateTimeField(_("signed in at"), default=timezone.now, editable=False)
    refreshed_at = models.DateTimeField(_("refreshed at"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires at"))

    class Meta:
        verbose_name = _("sign-in of a program")
        verbose_name_plural = _("sign-ins of programs")
        ordering = ("-created_at",)
        indexes = (models.Index(fields=["expires_at"], name="sign_in_expires"),)

    def __str__(self) -> str:
        return f"{self.user} · {self.agent}"

    def is_alive(self, now: datetime) -> bool:
        """Whether its tokens still open anything; the user is loaded."""
        if now >= self.expires_at or not self.user.is_active:
            return False
        hashes = [self.user.get_session_auth_hash(), *self.user.get_session_auth_fallback_hash()]
        return any(constant_time_compare(self.auth_hash, found) for found in hashes)


class UsedState(models.Model):
    """A `state` that came back from a provider: it is taken once."""

    digest = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("used state")
        verbose_name_plural = _("used states")

    def __str__(self) -> str:
        return bytes(self.digest).hex()[:12]
