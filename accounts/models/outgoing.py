"""What leaves the installation, by which servers, and to whom."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts import vault
from accounts.models.people import User
from accounts.models.tenants import Tenant
from accounts.tenancy import TenantOwned


class MailServer(TenantOwned):
    """The server by which a tenant's mail leaves; without one, the installation's does it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.OneToOneField(Tenant, models.CASCADE, related_name="mail_server")
    server = models.CharField(_("server"), max_length=253)
    port = models.PositiveIntegerField(
        _("port"), default=587, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    from_address = models.EmailField(_("from"))
    username = models.CharField(_("user name"), max_length=254, blank=True)
    sealed_password = models.BinaryField(null=True, editable=False)
    use_tls = models.BooleanField(_("encrypted (TLS)"), default=True)
    tested_at = models.DateTimeField(_("tested at"), null=True, editable=False)
    test_error = models.CharField(_("the test said"), max_length=500, blank=True, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    failure = models.CharField(_("the last failure"), max_length=500, blank=True, editable=False)
    told_at = models.DateTimeField(_("owners told at"), null=True, editable=False)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("mail server")
        verbose_name_plural = _("mail servers")

    def __str__(self) -> str:
        return f"{self.server}:{self.port}"


class WebhookEndpoint(TenantOwned):
    """An address that is told what happens in a tenant."""

    class Shape(models.TextChoices):
        STANDARD = "standard", _("Standard Webhooks (signed)")
        SLACK = "slack", _("Slack")
        TEAMS = "teams", _("Microsoft Teams")
        DISCORD = "discord", _("Discord")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="webhooks")
    name = models.CharField(_("name"), max_length=200)
    # Sealed, since who knows the address of a chat may write into it.
    sealed_url = models.BinaryField(editable=False)
    shape = models.CharField(_("form"), max_length=16, choices=Shape, default=Shape.STANDARD)
    events = ArrayField(
        models.CharField(max_length=64), verbose_name=_("events"), default=list, blank=True
    )
    sealed_secret = models.BinaryField(editable=False)
    sealed_former_secret = models.BinaryField(null=True, editable=False)
    former_secret_until = models.DateTimeField(null=True, editable=False)
    enabled = models.BooleanField(_("enabled"), default=True)
    stopped_because = models.CharField(_("stopped because"), max_length=200, blank=True)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    created_by = models.ForeignKey(
        User, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        """Where it is told; empty while it has no address yet. Raises `vault.Unreadable`."""
        if not self.sealed_url:
            return ""
        return vault.unseal(self.sealed_url, self._place_of_url).decode(errors="surrogatepass")

    @url.setter
    def url(self, address: str) -> None:
        self.sealed_url = vault.seal(address.encode(errors="surrogatepass"), self._place_of_url)

    @property
    def _place_of_url(self) -> str:
        return vault.place(self, "sealed_url", self.tenant_id)


class OutboxMessage(TenantOwned):
    """One mail or one webhook that is to leave; the row is the queue.

    Its id is what receivers know it by on every try: the `webhook-id`, and the left part of the
    `Message-ID`. The content is sealed, since mails carry links that open something.
    """

    class Channel(models.TextChoices):
        MAIL = "mail", _("Mail")
        WEBHOOK = "webhook", _("Webhook")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Given up")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, null=True, blank=True, related_name="outbox")
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    # What shares a receiver takes turns: `mail` and the tenant, `webhook` and the endpoint.
    lane = models.CharField(max_length=50, default="", editable=False)
    kind = models.CharField(_("kind"), max_length=64)
    recipient = models.CharField(_("recipient"), max_length=320)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    endpoint = models.ForeignKey(
        WebhookEndpoint, models.CASCADE, null=True, blank=True, related_name="messages"
    )
    sealed = models.BinaryField(null=True, editable=False)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt at"))
    leased_until = models.DateTimeField(null=True, editable=False)
    lease = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, editable=False)

    class Meta(TenantOwned.Meta):
        verbose_name = _("outgoing message")
        verbose_name_plural = _("outgoing messages")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(
                fields=["lane", "next_at"], condition=models.Q(state="waiting"), name="outbox_lane"
            ),
            models.Index(
                fields=["leased_until"], condition=models.Q(state="waiting"), name="outbox_leased"
            ),
            models.Index(fields=["finished_at"], name="outbox_finished"),
            models.Index(fields=["tenant", "-created_at"], name="outbox_by_tenant"),
            models.Index(fields=["endpoint", "-created_at"], name="outbox_by_endpoint"),
        )

    def __str__(self) -> str:
        return f"{self.kind} → {self.recipient}"

    def is_leased(self, now: datetime) -> bool:
        """Whether a worker is sending it."""
        return self.leased_until is not None and self.leased_until > now


class OutboxAttempt(TenantOwned):
    """One try to send a message, and what came of it."""

    tenant_path = "message__tenant"

    message = models.ForeignKey(OutboxMessage, models.CASCADE, related_name="history")
    number = models.PositiveSmallIntegerField(_("attempt"))
    at = models.DateTimeField(_("at"))
    delivered = models.BooleanField(_("delivered"))
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    detail = models.CharField(_("detail"), max_length=500, blank=True)
    seconds = models.FloatField(_("seconds"))

    class Meta(TenantOwned.Meta):
        verbose_name = _("attempt to send")
        verbose_name_plural = _("attempts to send")
        ordering = ("number",)

    def __str__(self) -> str:
        return f"{self.message_id} {self.number}"
