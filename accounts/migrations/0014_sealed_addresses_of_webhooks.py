"""Addresses of webhooks are sealed: who knows that of a chat may write into it."""

from django.db import migrations, models

from accounts import vault


def seal_addresses(apps, schema_editor):
    """The addresses that are there."""
    for row in apps.get_model("accounts", "WebhookEndpoint").plain.all():
        place = vault.place(row, "sealed_url", row.tenant_id)
        row.sealed_url = vault.seal(row.url.encode(), place)
        row.save(update_fields=["sealed_url"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0013_mail_server_failures"),
    ]

    operations = [
        migrations.AddField(
            model_name="webhookendpoint",
            name="sealed_url",
            field=models.BinaryField(default=b""),
            preserve_default=False,
        ),
        migrations.RunPython(seal_addresses),
        migrations.RemoveField(model_name="webhookendpoint", name="url"),
    ]
