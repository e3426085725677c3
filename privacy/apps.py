from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "privacy"

    def ready(self) -> None:
        from accounts import vault
        from privacy import pseudonyms
        from privacy.models import VisitorSecret

        vault.register(
            vault.column(
                "secrets of visitors",
                VisitorSecret,
                "sealed",
                lambda row: pseudonyms.place_of_secret(row.site_id),
            )
        )
