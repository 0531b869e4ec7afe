"""The Django application of the project itself: its commands and processes."""

from django.apps import AppConfig


class SdmpwebConfig(AppConfig):
    """Sets up what every process of the project needs."""

    name = "sdmpweb"
    label = "sdmpweb"

    def ready(self) -> None:
        """Set up logging and import the Celery application."""
        from sdmpweb import celery, logs  # noqa: F401

        logs.join_structlog()
