"""The Django application `mail`."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    """Registers `mail` with Django."""

    name = "mail"
    label = "mail"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to what the journal tells."""
        from mail import receivers, returning  # noqa: F401 - they register their receivers
