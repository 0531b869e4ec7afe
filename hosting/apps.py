"""The Django application `hosting`."""

from django.apps import AppConfig


class HostingConfig(AppConfig):
    """Registers `hosting` with Django."""

    name = "hosting"
    label = "hosting"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to what pages change."""
        from hosting import listening  # noqa: F401 - registers its receivers
