"""The lasting secrets of sites are sealed under the installation's key."""

from django.db import migrations, models

from accounts import vault


def place(site_id):
    return f"installation/privacy.visitorsecret/{site_id}/secret"


def seal(apps, schema_editor):
    for row in apps.get_model("privacy", "VisitorSecret")._base_manager.all():
        row.sealed = vault.seal(bytes(row.sealed), place(row.site_id))
        row.save(update_fields=["sealed"])


def unseal(apps, schema_editor):
    for row in apps.get_model("privacy", "VisitorSecret")._base_manager.all():
        row.sealed = vault.unseal(row.sealed, place(row.site_id))
        row.save(update_fields=["sealed"])


class Migration(migrations.Migration):
    dependencies = [("privacy", "0002_consented_visitors")]

    operations = [
        migrations.RenameField("visitorsecret", "secret", "sealed"),
        migrations.AlterField("visitorsecret", "sealed", models.BinaryField()),
        migrations.RunPython(seal, unseal),
    ]
