from django.apps import AppConfig


class LinkproConfig(AppConfig):
    name = "linkpro"

    def ready(self) -> None:
        """Make Celery's application the one that tasks belong to; register our checks."""
        from linkpro import celery, checks  # noqa: F401
