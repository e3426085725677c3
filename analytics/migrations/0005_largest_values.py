"""The values of a day in the order of their visitors, so that the largest are read alone."""

from django.db import migrations

INDEX = """
CREATE INDEX analytics_dailystat_largest
    ON analytics_dailystat (site_id, dimension, date, visitors DESC)
"""


class Migration(migrations.Migration):
    dependencies = [("analytics", "0004_revenue_imported_days")]
    operations = [migrations.RunSQL(INDEX, "DROP INDEX analytics_dailystat_largest")]
