"""The Django application `journal`."""

from django.apps import AppConfig


class JournalConfig(AppConfig):
    """Registers `journal` with Django."""

    name = "journal"
    label = "journal"
    default_auto_field = "django.db.models.BigAutoField"
