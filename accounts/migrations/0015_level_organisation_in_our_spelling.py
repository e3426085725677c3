"""What people read of the level `organization` is spelt as everywhere else; the rows stay."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_sealed_addresses_of_webhooks"),
    ]

    operations = [
        migrations.AlterField(
            model_name="invitation",
            name="level",
            field=models.CharField(
                choices=[("own", "Own"), ("team", "Team"), ("organization", "Organisation")],
                default="organization",
                max_length=16,
                verbose_name="access level",
            ),
        ),
        migrations.AlterField(
            model_name="membership",
            name="level",
            field=models.CharField(
                choices=[
                    ("own", "Own"),
                    ("team", "Team"),
                    ("organization", "Organisation"),
                    ("all", "All"),
                ],
                default="organization",
                max_length=16,
                verbose_name="access level",
            ),
        ),
    ]
