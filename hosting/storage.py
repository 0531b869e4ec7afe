"""How much is kept here, by account, by contact and by kind.

What is shown was counted by a run of the kind `storage`, so that a page is quick however much
there is; `mail.space` adds up one account as it is now.

An account's own is what it has published here, its copies of letters, and its drafts. What others
have published is kept once for all accounts, and counted to its author.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from hosting.models import Run, Stored
from hosting.names import name_users
from hosting.runs import Progress
from journal.models import Line, Resource
from mail import space
from mail.models import Draft, Letter
from nodes.models import Account

COPIES: Final = "copies"
DRAFTS: Final = "drafts"
PRIVATE: Final = (COPIES, DRAFTS)
"""Kinds of what an account has beside resources: its copies of letters, and its drafts."""

_KINDS: Final = {
    "encrypted": _("Sealed messages and receipts"),
    "message": _("Public notices"),
    "identity": _("Identities"),
    "trust": _("Trusts"),
    "revoke": _("Revocations"),
    "node": _("Addresses of nodes"),
    "user": _("Profiles"),
    "receipt": _("Open receipts"),
    "schema": _("Schemas"),
    "uri": _("Own schemas"),
    COPIES: _("Accounts’ copies of letters"),
    DRAFTS: _("Drafts with their files"),
}


def used_by_accounts() -> dict[int, int]:
    """Give the bytes that each account took when last counted, by the account's key."""
    whose = dict(Account.objects.exclude(fingerprint=None).values_list("fingerprint", "pk"))
    rows = Stored.objects.filter(author__in=whose).order_by().values_list("author")
    return {whose[author]: used for author, used in rows.annotate(used=Sum("bytes"))}


def _copies(account: Account) -> tuple[int, int]:
    """Count the copies of letters that an account has, and their bytes."""
    return Letter.objects.filter(account=account).count(), space.copies(account)


def _drafts(account: Account) -> tuple[int, int]:
    """Count the drafts of an account with their files, and their bytes."""
    return Draft.objects.filter(account=account).count(), space.drafts(account)


def count(run: Run, progress: Progress) -> None:
    """Count what is kept here, as a piece of long work; what was counted before stays till then."""
    line = Line.objects.order_by("-position").first()
    progress(0, line.position if line else 0)
    found: list[Stored] = []
    resources = 0
    for author in _authors():
        rows = Resource.objects.filter(author=author, payload__isnull=False).order_by()
        for kind, number, used in rows.values_list("kind").annotate(Count("pk"), Sum("size")):
            found.append(Stored(author=author, kind=kind, count=number, bytes=used))
            resources += number
        progress(resources)
    for account in Account.objects.exclude(fingerprint=None):
        for kind, (number, used) in ((COPIES, _copies(account)), (DRAFTS, _drafts(account))):
            if number:
                author = str(account.fingerprint)
                found.append(Stored(author=author, kind=kind, count=number, bytes=used))
    with transaction.atomic():
        Stored.objects.all().delete()
        Stored.objects.bulk_create(found, batch_size=500)
    progress(resources, resources)
    words = ngettext(
        "%(n)s resource is held here.", "%(n)s resources are held here.", resources
    ) % {"n": intcomma(resources)}
    progress.end(Run.Outcome.GOOD, words)


def _authors() -> Iterator[str]:
    """Give each author of what is held here, one step in an index for each."""
    author = ""
    while True:
        rows = Resource.objects.filter(author__gt=author, payload__isnull=False)
        following = rows.order_by("author").values_list("author", flat=True).first()
        if following is None:
            return
        author = following
        yield author


@dataclass(frozen=True, slots=True)
class Share:
    """How much of what is kept is of somebody or of a kind."""

    name: str
    count: int
    bytes: int
    fingerprint: str = ""
    account: int | None = None
    quota: int | None = None
    own: int = 0  # bytes that an account has published
    copies: int = 0
    drafts: int = 0


@dataclass(frozen=True, slots=True)
class Shares:
    """What was last counted: by account, by author elsewhere and by kind, the greatest first."""

    accounts: list[Share]
    contacts: list[Share]
    kinds: list[Share]
    total: int


def shares(most: int = 100) -> Shares:
    """Add up what was last counted.

    Args:
        most: how many authors elsewhere are named; the rest are one line.
    """
    used: dict[str, Counter[str]] = {}
    counts: dict[str, int] = {}
    kinds: Counter[str] = Counter()
    by_kind: Counter[str] = Counter()
    for row in Stored.objects.all():
        used.setdefault(row.author, Counter())[row.kind] += row.bytes
        counts[row.author] = counts.get(row.author, 0) + row.count
        kinds[row.kind] += row.bytes
        by_kind[row.kind] += row.count
    accounts = []
    for account in Account.objects.exclude(fingerprint=None):
        own = used.pop(str(account.fingerprint), Counter())
        accounts.append(
            Share(
                name=account.get_full_name(),
                count=counts.get(str(account.fingerprint), 0),
                bytes=own.total(),
                fingerprint=str(account.fingerprint),
                account=account.pk,
                quota=account.quota,
                own=own.total() - own[COPIES] - own[DRAFTS],
                copies=own[COPIES],
                drafts=own[DRAFTS],
            )
        )
    greatest = sorted(used, key=lambda author: used[author].total(), reverse=True)
    names = name_users(greatest[:most])
    contacts = [
        Share(names[author].name, counts[author], used[author].total(), author)
        for author in greatest[:most]
    ]
    if rest := greatest[most:]:
        together = sum(used[author].total() for author in rest)
        number = sum(counts[author] for author in rest)
        words = ngettext("%(n)d other", "%(n)d others", len(rest)) % {"n": len(rest)}
        contacts.append(Share(words, number, together))
    return Shares(
        sorted(accounts, key=lambda share: share.bytes, reverse=True),
        contacts,
        [Share(kind_name(kind), by_kind[kind], number) for kind, number in kinds.most_common()],
        kinds.total(),
    )


def kind_name(kind: str) -> str:
    """Say what a kind of what is kept is called."""
    return str(_KINDS.get(kind, kind))
