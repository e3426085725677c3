"""How a site's script is called, the pages of its funnel, and how it is emptied, given away, deleted."""

import django.core.validators
import django.db.models.deletion
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models

import accounts.models.sites


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_site_rules"),
    ]

    operations = [
        migrations.AddField(
            model_name="site",
            name="delete_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Until then it counts on, and the deletion can be taken back.",
                null=True,
                verbose_name="to be deleted at",
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="funnel_pages",
            field=models.JSONField(
                blank=True,
                default=accounts.models.sites.funnel_pages,
                help_text="The paths that belong to each step; * stands for anything.",
                verbose_name="pages of the funnel",
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="reset_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="What was received before is being erased.",
                null=True,
                verbose_name="reset at",
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="script_name",
            field=models.CharField(
                blank=True,
                help_text="The tracker also answers at /js/NAME.js; choose what no blocker lists.",
                max_length=32,
                null=True,
                unique=True,
                validators=[
                    django.core.validators.RegexValidator(
                        "^(?!analytics\\Z)[a-z0-9][a-z0-9_-]{2,31}\\Z",
                        "Use 3 to 32 of a-z, 0-9, - and _; “analytics” is every site's.",
                    )
                ],
                verbose_name="name of the script",
            ),
        ),
        migrations.CreateModel(
            name="SiteTransfer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="offered to")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                (
                    "offered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "site",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transfer",
                        to="accounts.site",
                    ),
                ),
            ],
            options={
                "verbose_name": "transfer of a site",
                "verbose_name_plural": "transfers of sites",
                "abstract": False,
                "base_manager_name": "plain",
                "default_manager_name": "plain",
            },
            managers=[
                ("plain", django.db.models.manager.Manager()),
            ],
        ),
    ]
