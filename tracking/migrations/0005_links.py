"""Link-in-bio: profiles and links, and which link a click was on."""

import django.core.validators
import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

import tracking.models.links


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_site_lifecycle"),
        ("tracking", "0004_rejected_events"),
    ]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE tracking_event ADD COLUMN link_id integer",
            "ALTER TABLE tracking_event DROP COLUMN link_id",
            state_operations=[
                migrations.AddField(
                    model_name="event", name="link_id", field=models.IntegerField(null=True)
                )
            ],
        ),
        migrations.CreateModel(
            name="LinkProfile",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                (
                    "username",
                    models.CharField(
                        max_length=30,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9](?:[a-z0-9._-]{0,28}[a-z0-9])?\\Z",
                                "Use a-z, 0-9, and between them dots, - and _.",
                            )
                        ],
                        verbose_name="username",
                    ),
                ),
                ("title", models.CharField(max_length=80, verbose_name="title")),
                (
                    "bio",
                    models.TextField(
                        blank=True,
                        validators=[django.core.validators.MaxLengthValidator(300)],
                        verbose_name="bio",
                    ),
                ),
                (
                    "avatar",
                    models.BinaryField(
                        blank=True, editable=True, null=True, verbose_name="picture"
                    ),
                ),
                ("avatar_digest", models.CharField(blank=True, editable=False, max_length=32)),
                (
                    "theme",
                    models.CharField(
                        choices=[
                            ("auto", "Like the visitor's device"),
                            ("paper", "Paper"),
                            ("night", "Night"),
                            ("sea", "Sea"),
                            ("clay", "Clay"),
                            ("forest", "Forest"),
                        ],
                        default="auto",
                        max_length=16,
                        verbose_name="theme",
                    ),
                ),
                (
                    "is_published",
                    models.BooleanField(
                        default=True,
                        help_text="Whether everybody can see the page.",
                        verbose_name="published",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated at")),
                (
                    "site",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="profile",
                        to="accounts.site",
                    ),
                ),
            ],
            options={
                "verbose_name": "link profile",
                "verbose_name_plural": "link profiles",
                "ordering": ("username",),
                "abstract": False,
                "base_manager_name": "plain",
                "default_manager_name": "plain",
            },
            managers=[
                ("plain", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("title", models.CharField(max_length=100, verbose_name="title")),
                (
                    "url",
                    models.CharField(
                        help_text="Where it leads: a web address, mailto: or tel:.",
                        max_length=2048,
                        verbose_name="URL",
                    ),
                ),
                (
                    "slug",
                    models.CharField(
                        default=tracking.models.links.new_slug,
                        help_text="The link is also at /l/ and this name.",
                        max_length=32,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Za-z0-9_-]{2,32}\\Z", "Use letters, figures, - and _."
                            )
                        ],
                        verbose_name="short name",
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "deleted_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="deleted at"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated at")),
                (
                    "profile",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="links",
                        to="tracking.linkprofile",
                    ),
                ),
            ],
            options={
                "verbose_name": "link",
                "verbose_name_plural": "links",
                "ordering": ("position", "id"),
                "abstract": False,
                "base_manager_name": "plain",
                "default_manager_name": "plain",
                "indexes": [models.Index(fields=["profile", "position"], name="link_in_order")],
            },
            managers=[
                ("plain", django.db.models.manager.Manager()),
            ],
        ),
    ]
