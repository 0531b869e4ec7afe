"""What the mail does when the journal has something new. Each runs inside the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from journal.models import Resource
from journal.signals import (
    contact_requested,
    resources_accepted,
    resources_handed,
    resources_published,
    resources_revoked,
)
from mail import push
from mail.live import tell, tell_user
from mail.models import (
    Contact,
    Delivery,
    Letter,
    Removal,
    RemovalConfirmed,
    SearchText,
    Unopened,
)
from mail.people import profile_names
from mail.presentation import clean_name
from mail.sealing import Head, open_head, seal_head, seal_text
from nodes.facts import current_facts
from nodes.models import Account, ContactRequest
from nodes.wake import start_task
from sdmp.resource import Resource as Content

_ABOUT_NODES: Final = ("identity", "trust", "revoke", "node")
_MAIL: Final = ("encrypted", "message")
_SEALED: Final = ("letter__sealed_head", "letter__sealed_body")
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
    _tell_of_profiles(resources)
    _tell_of_nodes(resources)


@receiver(resources_published)
def on_published(resources: Written, **_: Any) -> None:
    """Have older mail read again where an account and its author have come to trust."""
    _read_again_for(resources)
    _tell_of_profiles(resources)


def _tell_of_nodes(resources: Written) -> None:
    """Tell open pages that a node has agreed to act for their account, or may do so no more."""
    authors = {row.author for row, content in resources if content.kind in _ABOUT_NODES}
    if authors:
        for key in Account.objects.filter(fingerprint__in=authors).values_list("pk", flat=True):
            tell(key, "nodes")


def _tell_of_profiles(resources: Written) -> None:
    """Let open pages show what somebody says of himself now."""
    authors = {row.author for row, content in resources if content.kind == "user"}
    if authors:
        _name_the_nameless(authors)
        knowing = Contact.objects.filter(user__in=authors).values_list("account", flat=True)
        for account_id in set(knowing):
            tell(account_id, "contacts")


def _name_the_nameless(authors: set[str]) -> None:
    """Name contacts whose name was not known when they were added by what they call themselves.

    A request that came by a handshake (protocol §10) bears no name, so that its sender stands in
    the list by the beginning of his fingerprint until he tells one. A name once there stays.
    """
    names = profile_names(authors)
    for contact in Contact.objects.filter(user__in=authors):
        name = clean_name(names.get(contact.user, ""))[:200].strip()
        if name and contact.name == contact.user[:12]:
            Contact.objects.filter(pk=contact.pk).update(name=name)
            tell(contact.account_id, "counts")


@receiver(resources_handed)
def on_handed(node: str, identifiers: Sequence[str], **_: Any) -> None:
    """Record for sent messages, and for requests to remove them, that a node has them."""
    now = timezone.now()
    with transaction.atomic():
        _note_handed(node, identifiers, now)
        _note_confirmed(node, identifiers, now)


def _note_handed(node: str, identifiers: Sequence[str], now: datetime) -> None:
    waiting = Delivery.objects.filter(
        letter__resource__identifier__in=identifiers, state=Delivery.State.WAITING
    )
    rows = list(waiting.select_related("letter").defer(*_SEALED))
    if not rows:
        return
    facts = current_facts()
    theirs = {
        user
        for user in {row.recipient for row in rows}
        if facts.authorised(user, node, now) is not None
    }
    handed = [row for row in rows if row.recipient in theirs]
    Delivery.objects.filter(pk__in=[row.pk for row in handed], state=Delivery.State.WAITING).update(
        state=Delivery.State.HANDED, at=now, node=node
    )
    for row in handed:
        tell(row.letter.account_id, "delivery", thread=str(row.letter.conversation_id))


def _note_confirmed(node: str, identifiers: Sequence[str], now: datetime) -> None:
    removals = list(
        Removal.objects.filter(revocation__in=identifiers)
        .exclude(confirmed__node=node)
        .select_related("letter")
        .defer(*_SEALED)
    )
    RemovalConfirmed.objects.bulk_create(
        [RemovalConfirmed(removal=removal, node=node, at=now) for removal in removals],
        ignore_conflicts=True,
    )
    for removal in removals:
        _tell_removal(removal.letter)


@receiver(resources_revoked)
def on_revoked(resources: Sequence[Resource], **_: Any) -> None:
    """Take the text of messages away whose authors have revoked them (§6).

    To the author it is kept in mind, whichever way it was asked for, so that it can be said who
    has confirmed.
    """
    revoked = {row.pk: row for row in resources if row.kind in _MAIL}
    now = timezone.now()
    letters = Letter.objects.filter(resource__in=revoked, removed=None).select_related("account")
    for letter in letters.defer("sealed_body"):
        by = revoked[letter.resource_id].revoked_by
        if letter.author == letter.account.fingerprint and by is not None:
            Removal.objects.get_or_create(
                letter=letter, defaults={"revocation": by.identifier, "asked": now}
            )
        Letter.objects.filter(pk=letter.pk).update(
            removed=now,
            sealed_head=seal_head(Head("", "", open_head(letter.sealed_head).to, ())),
            sealed_body=seal_text(""),
            has_attachments=False,
        )
        SearchText.objects.filter(letter=letter).delete()
        _tell_removal(letter)


def _tell_removal(letter: Letter) -> None:
    about = {"thread": str(letter.conversation_id), "letter": str(letter.pk)}
    tell(letter.account_id, "removal", **about)


@receiver(resources_revoked)
def on_ended(resources: Sequence[Resource], **_: Any) -> None:
    """Let open pages show that a trust, or the identity of a contact, has ended."""
    for row in resources:
        if row.kind == "trust":
            tell_user(row.author, "contacts")
            tell_user(row.subject, "contacts")
        elif row.kind == "identity" and row.signer == row.author:
            knowing = Contact.objects.filter(user=row.author).values_list("account", flat=True)
            for account in knowing:
                tell(account, "contacts")


@receiver(contact_requested)
def on_contact_requested(user: str, stranger: str, **_: Any) -> None:
    """Let open pages show that somebody asks; nothing else is done (§10).

    What somebody asks who is blocked is dropped without a word.
    """
    if Contact.objects.filter(account__fingerprint=user, user=stranger, blocked__isnull=False):
        ContactRequest.objects.filter(user=user, stranger=stranger).delete()
        return
    tell_user(user, "contacts")


@receiver(user_logged_out)
def on_signed_out(request: HttpRequest, user: Account | None, **_: Any) -> None:
    """Wake a browser no more in which nobody is signed in."""
    if user is not None and (mark := request.session.get("push")):
        push.forget(user.pk, mark)


def read_again(author: str) -> None:
    """Have all that somebody wrote read once more, after something has changed about them."""
    older = Resource.objects.filter(author=author, kind__in=_MAIL, revoked_by=None)
    wait_to_be_opened(list(older.only("pk").order_by("pk")))


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
