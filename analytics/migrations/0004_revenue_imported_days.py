"""Revenue in the daily statistics, and days that were brought from other tools.

Days that were counted before have no revenue until they are counted again: with their site's next
rebuild, or by night.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

REVENUE = migrations.RunSQL(
    "ALTER TABLE analytics_dailystat ADD COLUMN revenue numeric",
    "ALTER TABLE analytics_dailystat DROP COLUMN revenue",
    state_operations=[
        migrations.AddField(
            model_name="dailystat",
            name="revenue",
            field=models.DecimalField(decimal_places=10, max_digits=40, null=True),
        )
    ],
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_site_rules"),
        ("analytics", "0003_drift"),
    ]
    operations = [
        REVENUE,
        migrations.AddField(
            model_name="siteday",
            name="currency",
            field=models.CharField(
                blank=True,
                default="",
                help_text="What its revenue is summed in; empty where revenue was not counted yet.",
                max_length=3,
                verbose_name="currency",
            ),
        ),
        migrations.AlterField(
            model_name="siteday",
            name="sealed_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Its rare values are folded, and it is never made anew.",
                null=True,
                verbose_name="sealed at",
            ),
        ),
        migrations.CreateModel(
            name="ImportedDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("date", models.DateField(verbose_name="date")),
                (
                    "dimension",
                    models.CharField(blank=True, max_length=32, verbose_name="dimension"),
                ),
                ("value", models.TextField(blank=True, verbose_name="value")),
                (
                    "source",
                    models.CharField(
                        help_text="The tool it came from.", max_length=64, verbose_name="source"
                    ),
                ),
                ("imported_at", models.DateTimeField(verbose_name="imported at")),
                ("visitors", models.BigIntegerField(null=True, verbose_name="visitors")),
                ("sessions", models.BigIntegerField(null=True, verbose_name="visits")),
                ("page_views", models.BigIntegerField(null=True, verbose_name="page views")),
                ("events", models.BigIntegerField(null=True, verbose_name="events")),
                ("clicks", models.BigIntegerField(null=True, verbose_name="clicks")),
                (
                    "clickers",
                    models.BigIntegerField(null=True, verbose_name="visitors who clicked"),
                ),
                ("conversions", models.BigIntegerField(null=True, verbose_name="conversions")),
                ("bounces", models.BigIntegerField(null=True, verbose_name="bounces")),
                (
                    "duration_seconds",
                    models.BigIntegerField(null=True, verbose_name="duration in seconds"),
                ),
                (
                    "revenue",
                    models.DecimalField(
                        decimal_places=10, max_digits=40, null=True, verbose_name="revenue"
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                (
                    "dimensions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32),
                        default=list,
                        help_text="Of a day's total: what else the tool tells of the day.",
                        size=None,
                        verbose_name="dimensions",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.site",
                    ),
                ),
            ],
            options={
                "verbose_name": "imported day",
                "verbose_name_plural": "imported days",
                "abstract": False,
                "base_manager_name": "plain",
                "default_manager_name": "plain",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("site", "dimension", "date", "value", "source"),
                        name="importedday_unique",
                    )
                ],
            },
            managers=[
                ("plain", django.db.models.manager.Manager()),
            ],
        ),
    ]
