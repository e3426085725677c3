"""The sign-ins of programs that act as a person, and the states that came back."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("accounts", "0010_chained_audit_log"),)

    operations = (
        migrations.CreateModel(
            name="UsedState",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "used state",
                "verbose_name_plural": "used states",
            },
        ),
        migrations.CreateModel(
            name="SignIn",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("auth_hash", models.CharField(editable=False, max_length=64)),
                ("generation", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "agent",
                    models.CharField(
                        blank=True, editable=False, max_length=200, verbose_name="program"
                    ),
                ),
                (
                    "ip",
                    models.GenericIPAddressField(editable=False, null=True, verbose_name="address"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="signed in at",
                    ),
                ),
                (
                    "refreshed_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="refreshed at",
                    ),
                ),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sign_ins",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "sign-in of a program",
                "verbose_name_plural": "sign-ins of programs",
                "ordering": ("-created_at",),
                "indexes": [models.Index(fields=["expires_at"], name="sign_in_expires")],
            },
        ),
    )
