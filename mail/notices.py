"""Deciding what an account is told of, and in which words.

Open pages hear of it first. A page that could tell the person, or that is being looked at, asks
what to say, which counts as told; when none has asked after a few seconds, the browsers that
subscribed are pushed (`mail.push`). Neither the event nor the push says more than that there is
something: words come from here, to whoever is signed in, and never hold what people wrote.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final, Literal

from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from mail.keys import is_key
from mail.live import tell
from mail.models import Conversation, Letter, PushSubscription
from mail.people import People
from mail.presentation import clean_name
from mail.push import wake_browsers
from nodes import loop
from nodes.models import Account, LocalNode
from nodes.wake import start_task

Kind = Literal["letter", "request", "expiry", "node", "test"]

_PATIENCE: Final = 3.0  # seconds for an open page to ask
_REMEMBERED: Final = 60
_TEST_SECONDS: Final = 5.0
_TEST_LASTS: Final = 20
_RECENT: Final = timedelta(hours=1)
_AT_ONCE: Final = 3  # conversations that are told one by one; more of them together


@dataclass(frozen=True, slots=True)
class Notice:
    """What a notification shows. Two of the same `tag` are one; `url` is where it leads."""

    title: str
    body: str
    url: str
    tag: str


def notify(account: Account, kind: Kind, thread: str = "") -> None:
    """Tell an account of something, once the transaction is through.

    Args:
        account: who is told, if it wants to be.
        kind: a letter that came, something that ends soon, that the node needs its owner, or a
            test. A contact request waits silently and is never told.
        thread: the key of the conversation that a letter came to; empty for several.
    """
    if notice := _tell_pages(account, kind, thread):
        transaction.on_commit(partial(_push_later, account.pk, notice))


def notify_now(account: Account, kind: Kind) -> bool:
    """Tell an account of something in this process; takes some seconds, and no job.

    Not for within a transaction.

    Returns:
        False when it has browsers that could be woken, and neither a page nor one of them heard.
    """
    notice = _tell_pages(account, kind, "")
    if not notice:
        return True
    time.sleep(_PATIENCE)
    if cache.get(_key(account.pk, notice)) or wake_browsers(account.pk):
        return True
    return not PushSubscription.objects.filter(account=account).exists()


def _tell_pages(account: Account, kind: Kind, thread: str) -> str:
    """Tell open pages and those browsers that will ask; return what the pages answer with."""
    if kind == "request" or account.is_echo:
        return ""
    if account.notify == Account.Notify.NONE and kind != "test":
        return ""
    # What a pushed browser is to say; letters it finds by themselves.
    if kind == "expiry":
        cache.set(_expiry_key(account.pk), True, _RECENT.total_seconds())
    if kind == "node":
        cache.set(_needed_key(account.pk), timezone.now(), _RECENT.total_seconds())
    notice = secrets.token_urlsafe(9)
    tell(account.pk, "notice", id=notice, kind=kind, thread=thread)
    return notice


def letters_came(letters: Iterable[Letter]) -> None:
    """Tell of letters that were just filed: those received, and not in Waiting."""
    received = [letter for letter in letters if not letter.outgoing]
    found = {letter.conversation_id for letter in received}
    waiting = Conversation.objects.filter(pk__in=found, waiting=True)
    hidden = set(waiting.values_list("pk", flat=True)) if found else set()
    came: dict[Account, dict[str, None]] = {}
    for letter in received:
        if letter.conversation_id not in hidden:
            came.setdefault(letter.account, {})[str(letter.conversation_id)] = None
    for account, threads in came.items():
        # Old mail that is fetched again comes by the hundred, and is told of once.
        for thread in threads if len(threads) <= _AT_ONCE else [""]:
            notify(account, "letter", thread)


def told(account: Account, notice: str) -> None:
    """Note that an open page has asked what to say: no browser needs to be pushed."""
    cache.set(_key(account.pk, notice), True, _REMEMBERED)


def describe(account: Account, kind: str, thread: str = "") -> Notice | None:
    """Say what a notification shows, as much as the account allows; `None` for nothing."""
    if kind == "test":
        return Notice(gettext("This is the test"), _node_name(), _settings(), "test")
    if account.notify == Account.Notify.NONE:
        return None
    if kind == "expiry":
        words = gettext("Something of yours ends soon")
        return Notice(words, _node_name(), reverse("mail:home"), "expiry")
    if kind == "node":
        if not (account.is_superuser and account.notify_node):
            return None
        words = gettext("Your node needs you")
        return Notice(words, _node_name(), reverse("admin:index"), "node")
    if kind == "letter":
        return _letter(account, thread) if thread else latest(account)
    return None


def latest(account: Account) -> Notice | None:
    """Say what a browser shows that was pushed: what came last and is not read yet."""
    if cache.get(_test_key(account.pk)):
        return describe(account, "test")
    if account.notify == Account.Notify.NONE:
        return None
    needed = cache.get(_needed_key(account.pk))
    unread = _told_of(account).filter(latest__gte=timezone.now() - _RECENT)
    if needed and not unread.filter(latest__gt=needed).exists():
        return describe(account, "node")
    rows = list(unread.order_by("-latest", "-pk").values_list("pk", flat=True)[:_AT_ONCE])
    if len(rows) == 1:
        return _letter(account, str(rows[0]))
    if rows:
        return Notice(something(), "", reverse("mail:inbox"), f"latest-{rows[0]}")
    return describe(account, "expiry") if cache.get(_expiry_key(account.pk)) else None


def something() -> str:
    """Say that something came and no more, as a browser shows it that can learn nothing else."""
    return gettext("Something came for you on %(node)s") % {"node": _node_name()}


def send_test(account: Account) -> None:
    """Send a notification in five seconds, so that one can close the page meanwhile."""
    cache.set(_test_key(account.pk), True, _TEST_LASTS)
    loop.run(_test_later(account.pk))


def notify_test(account_id: int) -> None:
    """Tell an account of the test that it asked for."""
    account = Account.objects.filter(pk=account_id, is_active=True).first()
    if account is not None:
        notify(account, "test")


def _told_of(account: Account) -> QuerySet[Conversation]:
    return Conversation.objects.filter(
        account=account, unread__gt=0, has_received=True, waiting=False, binned=False
    )


def _letter(account: Account, thread: str) -> Notice | None:
    if not is_key(thread):
        return None
    letters = Letter.objects.filter(
        account=account, conversation=int(thread), outgoing=False, read=False, removed=None
    ).exclude(conversation__waiting=True)
    found = letters.order_by("-filed", "-pk").values_list("pk", "author", "notice").first()
    if found is None:  # read meanwhile, elsewhere
        return None
    key, author, public = found
    if account.notify == Account.Notify.WHO:
        sentence = (
            gettext("%(name)s published a notice") if public else gettext("%(name)s wrote to you")
        )
        words = sentence % {"name": clean_name(People(account)(author).name)}
        body = _node_name()
    else:
        words, body = something(), ""
    slug = "notices" if public else "inbox"
    return Notice(words, body, reverse("mail:conversation", args=[slug, thread]), f"letter-{key}")


def _node_name() -> str:
    node = LocalNode.objects.first()
    return clean_name(node.name) if node else ""


def _settings() -> str:
    return reverse("mail:settings_notifications")


def _key(account_id: int, notice: str) -> str:
    return f"told-{account_id}-{notice}"


def _test_key(account_id: int) -> str:
    return f"notice-test-{account_id}"


def _expiry_key(account_id: int) -> str:
    return f"notice-expiry-{account_id}"


def _needed_key(account_id: int) -> str:
    return f"notice-node-{account_id}"


def _push_later(account_id: int, notice: str) -> None:
    loop.run(_push_unless_told(account_id, notice))


async def _push_unless_told(account_id: int, notice: str) -> None:
    await asyncio.sleep(_PATIENCE)
    if not await asyncio.to_thread(cache.get, _key(account_id, notice)):
        start_task("mail.tasks.push", account_id)


async def _test_later(account_id: int) -> None:
    await asyncio.sleep(_TEST_SECONDS)
    start_task("mail.tasks.test_notice", account_id)
