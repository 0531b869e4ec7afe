"""What the mail does when the journal has something new. Each runs inside the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone

from journal.models import Resource
from journal.signals import (
    contact_requested,
    resources_accepted,
    resources_handed,
    resources_published,
    resources_revoked,
)
from mail.live import tell, tell_user
from mail.models import Delivery, Letter, SearchText, Unopened
from mail.sealing import Head, open_head, seal_head, seal_text
from nodes.facts import current_facts
from nodes.models import Account
from nodes.wake import start_task
from sdmp.resource import Resource as Content

_MAIL = ("encrypted", "message")
Written = Sequence[tuple[Resource, Content]]


def wait_to_be_opened(resources: Sequence[Resource]) -> None:
    """Mark resources to be read for the accounts here, and start reading after the commit."""
    if not resources:
        return
    Unopened.objects.bulk_create(
        [Unopened(resource=resource) for resource in resources], ignore_conflicts=True
    )
    transaction.on_commit(_open)


def _open() -> None:
    start_task("mail.tasks.open_letters")


@receiver(resources_accepted)
def on_accepted(resources: Written, **_: Any) -> None:
    """Have mail read that came from elsewhere."""
    mail = [row for row, content in resources if content.kind in _MAIL]
    if mail:
        wait_to_be_opened(mail)
    _read_again_for(resources)


@receiver(resources_published)
def on_published(resources: Written, **_: Any) -> None:
    """Have older mail read again where an account and its author have come to trust."""
    _read_again_for(resources)


@receiver(resources_handed)
def on_handed(node: str, identifiers: Sequence[str], **_: Any) -> None:
    """Record for sent messages that a node of a recipient has them."""
    facts, now = current_facts(), timezone.now()
    with transaction.atomic():
        waiting = Delivery.objects.filter(
            letter__resource__identifier__in=identifiers, state=Delivery.State.WAITING
        )
        rows = waiting.select_related("letter").defer("letter__sealed_head", "letter__sealed_body")
        theirs = {
            user
            for user in {row.recipient for row in rows}
            if facts.authorised(user, node, now) is not None
        }
        handed = [row for row in rows if row.recipient in theirs]
        Delivery.objects.filter(
            pk__in=[row.pk for row in handed], state=Delivery.State.WAITING
        ).update(state=Delivery.State.HANDED, at=now, node=node)
        for row in handed:
            tell(row.letter.account_id, "delivery", thread=str(row.letter.conversation_id))


@receiver(resources_revoked)
def on_revoked(resources: Sequence[Resource], **_: Any) -> None:
    """Take the text of messages away whose authors have revoked them (§6)."""
    letters = Letter.objects.filter(
        resource__in=[row.pk for row in resources if row.kind in _MAIL], removed=None
    )
    for letter in letters:
        letter.removed = timezone.now()
        letter.sealed_head = seal_head(Head("", "", open_head(letter.sealed_head).to, ()))
        letter.sealed_body = seal_text("")
        letter.has_attachments = False
        letter.save()
        SearchText.objects.filter(letter=letter).delete()
        tell(letter.account_id, "letter", thread=str(letter.conversation_id))


@receiver(contact_requested)
def on_contact_requested(user: str, **_: Any) -> None:
    """Let open pages show that somebody asks; nothing else is done (§10)."""
    tell_user(user, "contacts")


def _read_again_for(resources: Written) -> None:
    trusts = [(row.author, row.subject) for row, content in resources if content.kind == "trust"]
    if not trusts:
        return
    named = {user for trust in trusts for user in trust}
    ours = set(Account.objects.filter(fingerprint__in=named).values_list("fingerprint", flat=True))
    # A letter waits until its reader lets the author in, a notice also until its author lets read.
    authors = {trustee for user, trustee in trusts if user in ours}
    authors |= {user for user, trustee in trusts if trustee in ours}
    for user, trustee in trusts:
        for account in (user, trustee):
            tell_user(account, "contacts")
    if authors:
        older = Resource.objects.filter(author__in=authors, kind__in=_MAIL, revoked_by=None)
        wait_to_be_opened(list(older.only("pk").order_by("pk")))
