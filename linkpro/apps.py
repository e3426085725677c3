from django.apps import AppConfig


class LinkproConfig(AppConfig):
    name = "linkpro"
