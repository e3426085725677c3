"""Branding and rules of tenants; invitations, access of staff, mail servers, webhooks, outbox."""

import uuid

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models

import accounts.zones


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_site_lifecycle"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="suspended_at",
            field=models.DateTimeField(
                blank=True, editable=False, null=True, verbose_name="suspended at"
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="colour",
            field=models.CharField(
                blank=True,
                help_text="Of what is sent and shared in the organisation's name.",
                max_length=7,
                validators=[
                    django.core.validators.RegexValidator(
                        "^#[0-9a-f]{6}\\Z", "Write it like #0e6e86."
                    )
                ],
                verbose_name="colour",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="date_format",
            field=models.CharField(
                choices=[
                    ("iso", "2026-11-23"),
                    ("day_first", "23/11/2026"),
                    ("month_first", "11/23/2026"),
                    ("dotted", "23.11.2026"),
                    ("words", "23 Nov 2026"),
                ],
                default="words",
                max_length=16,
                verbose_name="dates look like",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="logo",
            field=models.BinaryField(null=True, verbose_name="logo"),
        ),
        migrations.AddField(
            model_name="tenant",
            name="recipient_domains",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=253),
                blank=True,
                default=list,
                help_text="Of reports and invitations, such as example.com; empty: any.",
                size=100,
                verbose_name="domains that mail may go to",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="retention_days",
            field=models.PositiveSmallIntegerField(
                default=90,
                help_text="Unless a site says otherwise; statistics remain.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(3650),
                ],
                verbose_name="days that events are kept",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="suspended_at",
            field=models.DateTimeField(
                blank=True, editable=False, null=True, verbose_name="suspended at"
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="muted",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=32),
                blank=True,
                default=list,
                size=None,
                verbose_name="kinds of mail that are not wanted",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="session_epoch",
            field=models.PositiveIntegerField(
                default=0, editable=False, help_text="Sessions of an earlier number are over."
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="time_zone",
            field=models.CharField(
                blank=True,
                help_text="Moments are shown in it; without one, in the organisation's.",
                max_length=64,
                validators=[accounts.zones.valid_zone],
                verbose_name="time zone",
            ),
        ),
        migrations.AlterField(
            model_name="membership",
            name="level",
            field=models.CharField(
                choices=[
                    ("own", "Own"),
                    ("team", "Team"),
                    ("organization", "Organization"),
                    ("all", "All"),
                ],
                default="organization",
                max_length=16,
                verbose_name="access level",
            ),
        ),
        migrations.CreateModel(
            name="AuditAnchor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tenant_id", models.UUIDField(null=True)),
                ("sequence", models.BigIntegerField()),
                ("hash", models.BinaryField(max_length=32)),
                ("ended_month", models.DateField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "anchor of the audit log",
                "verbose_name_plural": "anchors of the audit log",
                "abstract": False,
                "base_manager_name": "plain",
                "default_manager_name": "plain",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "sequence"),
                        name="audit_anchor_unique",
                        nulls_distinct=False,
                    )
                ],
            },
            managers=[
                ("plain", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="MailServer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("server", models.CharField(max_length=253, verbose_name="server")),
                (
                    "port",
                    models.PositiveIntegerField(
                        default=587,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(65535),
                        ],
                        verbose_name="port",
                    ),
                ),
                ("from_address", models.EmailField(max_length=254, verbose_name="from")),
                (
                    "username",
                    models.CharField(blank=True, max_length=254, verbose_name="user name"),
                ),
                ("sealed_password", models.BinaryField(null=True)),
                ("use_tls", models.BooleanField(default=True, verbose_name="encrypted (TLS)")),
                (
                    "tested_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="tested at"),
                ),
                (
                    "test_error",
                    models.CharField(
                        blank=True, editable=False, max_length=500, verbose_name="the test said"
                    ),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated at")),
                (
                    "tenant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mail_server",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "mail server",
                "verbose_name_plural": "mail servers",
                "abstract": False,
                "base_manager_name": "plain",
                "default_manager_name": "plain",
            },
            managers=[
                ("plain", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="OutboxMessage",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("mail", "Mail"), ("webhook", "Webhook")],
                        max_length=8,
                        verbose_name="channel",
                    ),
                ),
                ("kind", models.CharField(max_length=64, verbose_name="kind")),
                ("recipient", models.CharField(max_length=320, verbose_name="recipient")),
                ("subject", models.CharField(blank=True, max_length=300, verbose_name="subject")),
                ("sealed", models.BinaryField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sent", "Sent"),
                            ("failed", "Given up"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="waiting",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("next_at", models.DateTimeField(verbose_name="next attempt at")),
                ("leased_until", models.DateTimeField(editable=False, null=True)),
                ("lease", models.UUIDField(editable=False, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "finished_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="finished at"),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="outbox",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "outgoing message",
                "verbose_name_plural": "outgoing messages",
                "ordering": ("-created_at", "-id"),
                "abstract": False,
                "base_manager_name": "plain",
                "default_manager_name": "plain",
            },
            managers=[
                ("plain", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="OutboxAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="attempt")),
                ("at", models.DateTimeField(verbose_name="at")),
                ("delivered", models.BooleanField(verbose_name="delivered")),
                ("status", models.PositiveSmallIntegerField(null=True, verbose_name="status")),
                ("detail", models.CharField(blank=True, max_length=500, verbose_name="detail")),
                ("seconds", models.FloatField(verbose_name="seconds")),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="history",
                        to="accounts.outboxmessage",
                    ),
                ),
            ],
            options={
                "verbose_name": "attempt to send",
                "verbose_name_plural": "attempts to send",
                "ordering": ("number",),
                "abstract": False,
                "base_manager_name": "plain",
                "default_manager_name": "plain",
            },
            managers=[
                ("plain", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="StaffAccess",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                ("started_at", models.DateTimeField(auto_now_add=True, verbose_name="started at")),
                ("ends_at", models.DateTimeField(verbose_name="ends at")),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "access of staff",
                "verbose_name_plural": "accesses of staff",
                "ordering": ("-started_at",),
                "abstract": False,
                "base_manager_name": "plain",
                "default_manager_name": "plain",
            },
            managers=[
                ("plain", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("url", models.CharField(max_length=2000, verbose_name="address")),
                (
                    "shape",
                    models.CharField(
                        choices=[
                            ("standard", "Standard Webhooks (signed)"),
                            ("slack", "Slack"),
                            ("teams", "Microsoft Teams"),
                            ("discord", "Discord"),
                        ],
                        default="standard",
                        max_length=16,
                        verbose_name="form",
                    ),
                ),
                (
                    "events",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="events",
                    ),
                ),
                ("sealed_secret", models.BinaryField()),
                ("sealed_former_secret", models.BinaryField(null=True)),
                ("former_secret_until", models.DateTimeField(editable=False, null=True)),
                ("enabled", models.BooleanField(default=True, verbose_name="enabled")),
                (
                    "stopped_because",
                    models.CharField(blank=True, max_length=200, verbose_name="stopped because"),
                ),
                (
                    "failing_since",
                    models.DateTimeField(editable=False, null=True, verbose_name="failing since"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated at")),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhooks",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook",
                "verbose_name_plural": "webhooks",
                "ordering": ("name", "id"),
                "abstract": False,
                "base_manager_name": "plain",
                "default_manager_name": "plain",
            },
            managers=[
                ("plain", django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddField(
            model_name="outboxmessage",
            name="endpoint",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="messages",
                to="accounts.webhookendpoint",
            ),
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("viewer", "Viewer"),
                            ("analyst", "Analyst"),
                            ("manager", "Manager"),
                            ("admin", "Admin"),
                            ("owner", "Owner"),
                        ],
                        default="viewer",
                        max_length=16,
                        verbose_name="role",
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("own", "Own"),
                            ("team", "Team"),
                            ("organization", "Organization"),
                        ],
                        default="organization",
                        max_length=16,
                        verbose_name="access level",
                    ),
                ),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "sent_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="sent at"),
                ),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                (
                    "accepted_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="accepted at"),
                ),
                (
                    "revoked_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="revoked at"),
                ),
                (
                    "accepted_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation",
                "verbose_name_plural": "invitations",
                "ordering": ("-created_at",),
                "abstract": False,
                "base_manager_name": "plain",
                "default_manager_name": "plain",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("accepted_at", None), ("revoked_at", None)),
                        fields=("tenant", "email"),
                        name="invitation_open_once",
                    )
                ],
            },
            managers=[
                ("plain", django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["next_at"], name="outbox_due"
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(fields=["tenant", "-created_at"], name="outbox_by_tenant"),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(fields=["endpoint", "-created_at"], name="outbox_by_endpoint"),
        ),
    ]
