"""Jobs of the mail. A job says "look now"; what there is to do is read from the database."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from mail import drafts, echo, expiry, held, notices, push, returning, selfcheck
from mail.opening import open_waiting


@shared_task
def open_letters() -> None:
    """Open what waits to be read for the accounts of this node, and let Echo answer.

    After a restore, let out what waited when all is here.
    """
    selfcheck.note_alive()
    open_waiting()
    returning.settle(timezone.now())
    echo.answer_waiting()


@shared_task
def do_held() -> None:
    """Do what was held back for a moment and is due."""
    held.do_due()
    drafts.forget_deleted(timezone.now())


@shared_task(name="mail.tasks.push")
def push_browsers(account_id: int) -> None:
    """Wake the browsers of an account that subscribed, since no open page took the notice."""
    push.wake_browsers(account_id)


@shared_task
def test_notice(account_id: int) -> None:
    """Send the notification that an account asked for to try it."""
    notices.notify_test(account_id)


@shared_task
def remind() -> None:
    """Say what ends soon, and renew what this node renews by itself."""
    expiry.remind(timezone.now())
