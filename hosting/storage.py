"""How much is kept here, by account, by contact and by kind.

What is shown was counted by a run of the kind `storage`, so that a page is quick however much
there is; `used_by` adds up one account as it is now.

An account's own is what it has published here, its copies of letters, and its drafts. What others
have published is kept once for all accounts, and counted to its author.
"""

from __future__ import annotations

from typing import Final

from django.db.models import Count, Sum
from django.db.models.functions import Length

from hosting.models import Stored
from journal.models import Resource
from mail.models import Draft, DraftFile, Letter, SearchText
from nodes.models import Account

COPIES: Final = "copies"
DRAFTS: Final = "drafts"
PRIVATE: Final = (COPIES, DRAFTS)
"""Kinds of what an account has beside resources: its copies of letters, and its drafts."""


def used_by(account: Account) -> int:
    """Give the bytes that an account takes now; quick enough to be asked before each letter."""
    return _published(account) + _copies(account)[1] + _drafts(account)[1]


def used_by_accounts() -> dict[int, int]:
    """Give the bytes that each account took when last counted, by the account's key."""
    whose = dict(Account.objects.exclude(fingerprint=None).values_list("fingerprint", "pk"))
    rows = Stored.objects.filter(author__in=whose).order_by().values_list("author")
    return {whose[author]: used for author, used in rows.annotate(used=Sum("bytes"))}


def _published(account: Account) -> int:
    own = Resource.objects.filter(author=account.fingerprint or "-", payload__isnull=False)
    return int(own.aggregate(used=Sum("size", default=0))["used"])


def _copies(account: Account) -> tuple[int, int]:
    """Count the copies of letters that an account has, and their bytes."""
    # A database tells the length of what is sealed without reading it.
    length = Sum(Length("sealed_head") + Length("sealed_body"), default=0)
    letters = Letter.objects.filter(account=account).aggregate(n=Count("pk"), used=length)
    texts = SearchText.objects.filter(letter__account=account)
    found = texts.aggregate(used=Sum(Length("sealed"), default=0))
    return letters["n"], letters["used"] + found["used"]


def _drafts(account: Account) -> tuple[int, int]:
    """Count the drafts of an account with their files, and their bytes."""
    rows = Draft.objects.filter(account=account)
    texts = rows.aggregate(n=Count("pk"), used=Sum(Length("sealed"), default=0))
    files = DraftFile.objects.filter(draft__account=account)
    found = files.aggregate(used=Sum("size", default=0))
    return texts["n"], texts["used"] + found["used"]
