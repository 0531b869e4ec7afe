"""Sending letters and notices (protocol §7, §9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from journal.publish import ToPublish, sign_for, write_own
from mail.allowed import check_active, check_may_write_notices
from mail.disk import check_disk
from mail.filing import file_letters, prepare
from mail.live import tell
from mail.models import Letter
from mail.readers import keys_for
from mail.receivers import wait_to_be_opened
from mail.space import check_room
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account
from sdmp import limits
from sdmp.container import build_from
from sdmp.encoding import JSON
from sdmp.encrypted import seal
from sdmp.errors import SdmpError
from sdmp.letter import Attachment, write_letter
from sdmp.letter import Letter as Content
from sdmp.resource import parse_uri, uri
from sdmp.trust import Facts


def send(
    account: Account,
    *,
    to: Sequence[str],
    title: str = "",
    body: str = "",
    attachments: Sequence[Attachment] = (),
    reply_to: str | None = None,
    notice: bool = False,
) -> str:
    """Send a private message, or publish a notice to all contacts.

    The message, its journal line, the account's own copy and what is expected of its delivery are
    written in one transaction.

    Args:
        account: who sends.
        to: fingerprints of the recipients; empty for a notice.
        title: one line, may be empty.
        body: Markdown.
        attachments: files; with the text at most 10 MiB.
        reply_to: URI of the message that is answered.
        notice: whether it is public.

    Returns:
        The URI of the resource.

    Raises:
        UserError: one sentence that says why it cannot be sent; nothing is written.
    """
    now = _now()
    facts = current_facts()
    content = _content(
        account,
        now,
        facts,
        to=to,
        title=title,
        body=body,
        attachments=attachments,
        reply_to=reply_to,
        notice=notice,
    )
    text, user, recipients = _text(content), str(account.fingerprint), content.to
    sections = _sections(user, recipients, text, facts, now, notice=notice)
    made = sign_for(ToPublish(user, sections), facts, now)
    filing = prepare(account, text, content, notice=notice)
    with transaction.atomic():
        [(row, _)] = write_own([made], now=now)
        filed = file_letters([(filing, row)], now, new=True)
        if _concerns_others_here(recipients, account, notice=notice):
            wait_to_be_opened([row])
        for letter in filed:
            tell(account.pk, "letter", thread=str(letter.conversation_id))
    return row.uri


def check(
    account: Account,
    *,
    to: Sequence[str],
    title: str = "",
    body: str = "",
    attachments: Sequence[Attachment] = (),
    reply_to: str | None = None,
    notice: bool = False,
) -> None:
    """Say now what would keep a letter from being sent; the arguments are those of `send`.

    Raises:
        UserError: one sentence that says why it cannot be sent.
    """
    now, facts = _now(), current_facts()
    content = _content(
        account,
        now,
        facts,
        to=to,
        title=title,
        body=body,
        attachments=attachments,
        reply_to=reply_to,
        notice=notice,
    )
    _text(content)
    if not notice:
        keys_for([str(account.fingerprint), *content.to], facts, now)


def _now() -> datetime:
    """Return the moment, in the milliseconds in which the protocol counts."""
    now = timezone.now()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _content(
    account: Account,
    now: datetime,
    facts: Facts,
    *,
    to: Sequence[str],
    title: str,
    body: str,
    attachments: Sequence[Attachment],
    reply_to: str | None,
    notice: bool,
) -> Content:
    """Return the letter as it will be written, if the account may write it to these people."""
    check_active(account)
    check_room(account)
    check_disk()
    if notice:
        check_may_write_notices(account)
    if account.fingerprint is None or account.mode == Account.Mode.HOST:
        raise UserError(
            gettext("This node only keeps mail for the account and cannot send for it.")
        )
    recipients = list(dict.fromkeys(to))
    if notice == bool(recipients):
        raise UserError(gettext("A notice goes to all contacts; a message needs a recipient."))
    for recipient in recipients:
        if recipient != account.fingerprint and not facts.gives(
            account.fingerprint, recipient, now
        ):
            raise UserError(gettext("A recipient is not among your contacts; add them first."))
    return Content(
        date=now,
        to=tuple(recipients),
        title=title,
        in_reply_to=_reference(reply_to),
        thread=_thread(account, reply_to),
        body=body,
        attachments=tuple(attachments),
    )


def _text(content: Content) -> str:
    text = write_letter(content)
    if len(text.encode()) > limits.MESSAGE_BYTES:
        raise UserError(
            gettext(
                "A message with its attachments can have %(most)d MB and this is larger; "
                "leave something out."
            )
            % {"most": limits.MESSAGE_BYTES // limits.MIB}
        )
    return text


def _sections(
    user: str,
    recipients: Sequence[str],
    text: str,
    facts: Facts,
    now: datetime,
    *,
    notice: bool,
) -> dict[str, JSON]:
    if notice:
        return {"message": text}
    inner = build_from({"resource": {"user": user}, "message": text})
    return {"encrypted": seal(inner, keys_for([user, *recipients], facts, now))}


def _concerns_others_here(recipients: Sequence[str], account: Account, *, notice: bool) -> bool:
    others = Account.objects.exclude(pk=account.pk).exclude(fingerprint=None)
    return (others if notice else others.filter(fingerprint__in=recipients)).exists()


def _reference(reply_to: str | None) -> str | None:
    if reply_to is None:
        return None
    try:
        author, identifier = parse_uri(reply_to)
    except SdmpError:
        raise UserError(
            gettext("%(address)s is not the URI of a message.") % {"address": reply_to}
        ) from None
    if not identifier:
        raise UserError(gettext("%(address)s is a person, not a message.") % {"address": reply_to})
    return uri(author, identifier)


def _thread(account: Account, reply_to: str | None) -> str | None:
    """Say which conversation an answer continues: its first message."""
    if reply_to is None:
        return None
    identifier = parse_uri(reply_to)[1]
    answered = Letter.objects.filter(account=account, resource__identifier=identifier)
    letter = answered.select_related("conversation").first()
    return letter.conversation.thread if letter else reply_to
