"""The Django application `nodes`."""

from django.apps import AppConfig


class NodesConfig(AppConfig):
    """Registers `nodes` with Django."""

    name = "nodes"
    label = "nodes"
    default_auto_field = "django.db.models.BigAutoField"
