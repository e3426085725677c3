from django.apps import AppConfig


class LinkproConfig(AppConfig):
    name = "linkpro"

    def ready(self) -> None:
        """Make Celery's application the one that tasks belong to, wherever Django runs."""
        from linkpro import celery  # noqa: F401
