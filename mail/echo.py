"""Echo: a contact that every node has, who answers by itself.

It is an account like any other, with an identity and letters of its own, so that what one sees of
it is the real way of a message: encrypted, filed, receipted, answered. Nobody signs in to it. What
is to be answered stands in the database as its unread letters; a killed process forgets none, and
each is answered once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext

from journal import restored
from journal.enrol import enrol_echo
from journal.trusts import trust_user
from mail.live import tell
from mail.models import Contact, Conversation, Delivery, Letter, SearchText
from mail.sealing import Head, open_head, seal_head, seal_text
from mail.send import send
from nodes.errors import UserError
from nodes.models import Account

_log = structlog.get_logger(__name__)

NAME: Final = "Echo"
ANSWERS_PER_HOUR: Final = 20
"""To one account; what it writes beyond that is received and not answered."""

_AT_ONCE: Final = 50


def greet(account: Account) -> None:
    """Make Echo a contact of an account, each knowing the other.

    Raises:
        UserError: this node may not make trusts for the account.
    """
    if account.is_echo or account.mode == Account.Mode.HOST or account.fingerprint is None:
        return
    echo = enrol_echo(NAME)
    assert echo.fingerprint is not None
    now = timezone.now()
    with transaction.atomic():
        trust_user(account.fingerprint, echo.fingerprint, now=now)
        trust_user(echo.fingerprint, account.fingerprint, now=now)
        Contact.objects.get_or_create(
            account=account, user=echo.fingerprint, defaults={"name": NAME, "let_in": now}
        )
        tell(account.pk, "contacts")


def greet_if_possible(account: Account) -> None:
    """Do the same for an account just made, which is worth having without Echo too."""
    try:
        greet(account)
    except UserError as error:
        _log.warning("an account was made without Echo", reason=str(error))


def fingerprint() -> str | None:
    """Give the fingerprint of Echo; `None` while this node has none."""
    found = Account.objects.filter(is_echo=True).values_list("fingerprint", flat=True)
    return found.first()


def say_hello(account: Account) -> str:
    """Send Echo the first message; returns its URI.

    Raises:
        UserError: it cannot be sent.
    """
    known = Contact.objects.filter(account=account, user=fingerprint() or "", blocked=None)
    if not known.exists():
        greet(account)
    echo = fingerprint()
    if echo is None:
        raise UserError(gettext("This node cannot send for this account."))
    return send(account, to=[echo], title=gettext("Hello"), body=gettext("Hello, Echo."))


def thread_with(account: Account) -> str | None:
    """Find the latest conversation that an account began with Echo."""
    echo = fingerprint()
    if echo is None:
        return None
    sent = Delivery.objects.filter(letter__account=account, recipient=echo).order_by("-pk")
    key = sent.values_list("letter__conversation_id", flat=True).first()
    return None if key is None else str(key)


def answer_waiting(now: datetime | None = None) -> int:
    """Answer the letters that came for Echo, each once; returns how many were answered."""
    echo = Account.objects.filter(is_echo=True).first()
    if echo is None or restored.is_waiting(echo.fingerprint):
        return 0
    unread = Letter.objects.filter(account=echo, outgoing=False, read=False)
    keys = list(unread.order_by("filed", "pk").values_list("pk", flat=True)[:_AT_ONCE])
    return sum(_answer(echo, key, now or timezone.now()) for key in keys)


def _answer(echo: Account, key: int, now: datetime) -> bool:
    """Answer one letter and forget its text, in one transaction."""
    with transaction.atomic():
        letter = (
            Letter.objects.select_for_update(of=("self",))
            .select_related("resource")
            .filter(pk=key, read=False)
            .first()
        )
        if letter is None:  # somebody was faster
            return False
        head = Head("", "", open_head(letter.sealed_head).to, ())
        letter.read = True
        letter.sealed_head, letter.sealed_body = seal_head(head), seal_text("")
        letter.has_attachments = False
        letter.save()
        SearchText.objects.filter(letter=letter).delete()
        Conversation.objects.filter(pk=letter.conversation_id).update(unread=0)
        author = Account.objects.filter(fingerprint=letter.author, is_echo=False).first()
        if letter.notice or letter.removed or author is None or _is_chatty(echo, author, now):
            return False
        try:
            with transaction.atomic(), translation.override(_language(author)):
                send(
                    echo,
                    to=[letter.author],
                    title=gettext("Your message arrived"),
                    body=_words(),
                    reply_to=letter.resource.uri,
                )
        except UserError as error:
            _log.info("Echo does not answer", reason=str(error))
            return False
    return True


def _words() -> str:
    return "\n\n".join(
        (
            gettext(
                "Your message arrived and this node signed a receipt for it. The receipt is what "
                "turns the words under your message into “Received”."
            ),
            gettext(
                "I am Echo, a part of this node. I answer by myself and keep nothing of what is "
                "written to me."
            ),
        )
    )


def _is_chatty(echo: Account, author: Account, now: datetime) -> bool:
    """Tell whether an account has had as many answers within an hour as it gets."""
    lately = Delivery.objects.filter(
        letter__account=echo,
        letter__filed__gt=now - timedelta(hours=1),
        recipient=author.fingerprint,
    )
    return lately.count() >= ANSWERS_PER_HOUR


def _language(account: Account) -> str:
    known = dict(settings.LANGUAGES)
    return account.language if account.language in known else settings.LANGUAGE_CODE
