"""The schedule, which shows that it is alive."""

from typing import Any

from celery.beat import Scheduler

from hosting import beats


class BeatingScheduler(Scheduler):
    """Celery's schedule; it notes every few seconds that it is kept."""

    def tick(self, *arguments: Any, **named: Any) -> Any:
        """Queue what is due, and say when the next thing is."""
        beats.note(beats.SCHEDULE)
        return super().tick(*arguments, **named)
