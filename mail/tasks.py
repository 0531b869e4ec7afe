"""Jobs of the mail. A job says "look now"; what there is to do is read from the database."""

from __future__ import annotations

from celery import shared_task

from mail import held
from mail.opening import open_waiting


@shared_task
def open_letters() -> None:
    """Open what waits to be read for the accounts of this node."""
    open_waiting()


@shared_task
def do_held() -> None:
    """Do what was held back for a moment and is due."""
    held.do_due()
