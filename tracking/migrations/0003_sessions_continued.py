"""Visits that go on from the day before, over midnight."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tracking", "0002_partitioned_tables")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE tracking_session ADD COLUMN continued boolean NOT NULL DEFAULT false",
            "ALTER TABLE tracking_session DROP COLUMN continued",
            state_operations=[
                migrations.AddField(
                    model_name="session",
                    name="continued",
                    field=models.BooleanField(default=False),
                )
            ],
        )
    ]
