from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import vault
from accounts.rotation import rotate

MOST_NAMED = 20


class Command(BaseCommand):
    help = "Seal every stored secret anew under the first of VAULT_KEYS. May be run again."

    def handle(self, *args: Any, **options: Any) -> None:
        lost = 0
        for holding in vault.holdings.values():
            count = rotate(holding)
            self.stdout.write(
                f"{count.label}: {count.resealed} sealed anew, {count.current} were already,"
                f" {len(count.unreadable)} unreadable"
            )
            for where in count.unreadable[:MOST_NAMED]:
                self.stderr.write(self.style.ERROR(f"  does not open: {where}"))
            lost += len(count.unreadable)
        if lost:
            raise CommandError(
                f"{lost} secrets open with none of VAULT_KEYS. Add the key they were sealed with,"
                " or let their owners enter them again; keep the old keys until then."
            )
        self.stdout.write("All stand under the first key: the others may be removed.")
