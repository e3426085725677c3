from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People and sites")

    def ready(self) -> None:
        from accounts import sealed, vault

        vault.register(*sealed.HOLDINGS)
