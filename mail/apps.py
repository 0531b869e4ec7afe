"""The Django application `mail`."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    """Registers `mail` with Django."""

    name = "mail"
    label = "mail"
    default_auto_field = "django.db.models.BigAutoField"
