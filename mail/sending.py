"""Sending what was written, once it can no longer be undone.

A draft that is sent waits as a row (`mail.held`), so that it goes even when no page is open and
even when the node was stopped meanwhile. The letter, its files and the end of the draft are one
transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, override

from mail import draft_files, drafts, held
from mail.drafts import Content, Mark
from mail.held import Doing
from mail.live import tell
from mail.models import Draft, Held
from mail.people import People
from mail.presentation import clean_name, people_words
from mail.send import check, send
from nodes.models import Account
from sdmp.letter import Attachment


def send_draft(
    account: Account,
    content: Content,
    mark: Mark,
    *,
    files: Sequence[Attachment] = (),
    now: datetime,
) -> str | None:
    """Send what is written once the time to undo is over, even when no page is open then.

    Args:
        account: who sends.
        content: the whole of it; `names` is empty.
        mark: where it comes from.
        files: what is added to the files of the draft.
        now: the present moment.

    Returns:
        The URI of the message when the account wants no time to undo, else `None`.

    Raises:
        UserError: it cannot be sent; nothing has changed.
    """
    with transaction.atomic():
        saved = drafts.save(account, content, mark)
        if held.is_held(account, Held.Kind.SEND, str(saved.key)):
            return None  # asked twice
        row = drafts.find(account, saved.key, lock=True)
        assert row is not None
        # What the page had begun to save before it sent comes too late from now on.
        row.page, row.turn = mark.page, mark.turn
        row.save(update_fields=["page", "turn"])
        for file in files:
            draft_files.add_file(row, file.name, file.type, file.data)
        if not held.waits(account):
            return _send(account, row)
        check(account, **_letter(row))
        held.hold(account, Held.Kind.SEND, str(row.pk), now=now)
        tell(account.pk, "drafts")
    return None


def send_now(account: Account, key: int) -> str | None:
    """Send a draft that waits to be sent, at once.

    Returns:
        The URI of the message; `None` when it does not wait (any more).

    Raises:
        UserError: it cannot be sent, and waits still.
    """
    with transaction.atomic():
        waiting = Held.objects.select_for_update().filter(
            account=account, kind=Held.Kind.SEND, about=str(key)
        )
        row = drafts.find(account, key, lock=True)
        if row is None or not waiting.delete()[0]:
            return None
        tell(account.pk, "held")
        return _send(account, row)


def _send(account: Account, row: Draft) -> str:
    """Send a draft and delete it, all or nothing."""
    with transaction.atomic():
        sent = send(account, **_letter(row))
        key = row.pk
        row.delete()
        tell(account.pk, "drafts", draft=str(key), gone="1")
    return sent


def _letter(row: Draft) -> dict[str, Any]:
    content = drafts.open_content(row)
    return {
        "to": content.to,
        "title": content.title,
        "body": content.body,
        "attachments": draft_files.open_files(row),
        "reply_to": content.reply or None,
        "notice": content.notice,
    }


def _do(account: Account, about: str) -> None:
    row = drafts.find(account, int(about), lock=True)
    if row is not None:
        # Nobody's request: what keeps it from being sent is said in the account's language.
        with override(account.language or None):
            _send(account, row)


def _failed(account: Account, about: str, sentence: str) -> None:
    """Bring the draft back with the sentence that says why it could not be sent."""
    row = drafts.find(account, int(about), lock=True)
    if row is None:
        return
    row.sealed = drafts.seal_content(drafts.open_content(row), problem=sentence)
    row.revision, row.page, row.failed = row.revision + 1, "", timezone.now()
    row.save()
    drafts.tell_of(row)


def _words(account: Account, about: str) -> str:
    row = drafts.find(account, int(about))
    content = drafts.open_content(row) if row else Content()
    title = clean_name(content.title)
    values = {"title": title, "names": people_words(People(account).all(content.to))}
    if content.notice:
        if title:
            return gettext("The notice “%(title)s” is published") % values
        return gettext("The notice is published")
    if not content.to:
        return gettext("The message goes")
    if title:
        return gettext("“%(title)s” goes to %(names)s") % values
    return gettext("The message goes to %(names)s") % values


SENDING: Final = Doing(do=_do, failed=_failed, words=_words)
"""Sending a draft, as something that can be undone for a moment."""
