"""Every account until now was made by those who knew its address: it counts as verified."""

from typing import Any

from django.db import migrations


def trust_addresses(apps: Any, schema_editor: Any) -> None:
    users, addresses = apps.get_model("accounts", "User"), apps.get_model("account", "EmailAddress")
    addresses.objects.all().delete()
    addresses.objects.bulk_create(
        addresses(user=user, email=user.email, verified=True, primary=True)
        for user in users.objects.only("email").iterator()
    )


class Migration(migrations.Migration):
    dependencies = (
        ("accounts", "0011_sign_ins_of_programs"),
        ("account", "0009_emailaddress_unique_primary_email"),
    )
    operations = (migrations.RunPython(trust_addresses, migrations.RunPython.noop),)
