"""The clicks of one link, without a look at all events of its site."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tracking", "0005_links")]
    operations = [
        migrations.RunSQL(
            "CREATE INDEX tracking_event_by_link ON tracking_event (link_id, occurred_at)"
            " WHERE link_id IS NOT NULL",
            "DROP INDEX tracking_event_by_link",
        )
    ]
