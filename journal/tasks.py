"""Jobs of the journal. A job says "look now"; what there is to do is read from the database."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from journal import links
from nodes import loop


@shared_task
def look_for_work() -> None:
    """Call the peers that are due, and have those asked that are connected.

    The calls live on the process's home loop and go on after this job has ended, so a hundred
    open sessions hold up no worker thread.
    """
    links.wake_due(timezone.now())
    loop.run(links.call_due())
