"""The Django application of the project itself: its commands and processes."""

from django.apps import AppConfig


class SdmpwebConfig(AppConfig):
    """Makes the project's Celery application the one that tasks belong to."""

    name = "sdmpweb"
    label = "sdmpweb"

    def ready(self) -> None:
        """Import the Celery application."""
        from sdmpweb import celery  # noqa: F401
