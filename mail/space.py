"""How much room an account takes here, and how much it may take.

Only what the person adds counts against that: nothing that comes is turned away because of it.
"""

from __future__ import annotations

from django.db.models import Sum
from django.db.models.functions import Length
from django.utils.translation import gettext

from journal.models import Resource
from mail.models import Draft, DraftFile, Letter, SearchText
from mail.presentation import size_words
from nodes.errors import UserError
from nodes.models import Account


def used(account: Account) -> int:
    """Give the bytes that an account takes now, quickly enough to be asked before each letter.

    That is what it has published here, its copies of letters, and its drafts with their files.
    """
    return published(account) + copies(account) + drafts(account)


def published(account: Account) -> int:
    """Give the bytes of what an account has published and this node holds."""
    own = Resource.objects.filter(author=account.fingerprint or "-", payload__isnull=False)
    return int(own.aggregate(used=Sum("size", default=0))["used"])


def copies(account: Account) -> int:
    """Give the bytes of an account's copies of letters, with what is kept to search them."""
    # A database tells the length of what is sealed without reading it.
    length = Sum(Length("sealed_head") + Length("sealed_body"), default=0)
    letters = Letter.objects.filter(account=account).aggregate(used=length)
    texts = SearchText.objects.filter(letter__account=account)
    found = texts.aggregate(used=Sum(Length("sealed"), default=0))
    return int(letters["used"] + found["used"])


def drafts(account: Account) -> int:
    """Give the bytes of an account's drafts and their files."""
    rows = Draft.objects.filter(account=account)
    texts = rows.aggregate(used=Sum(Length("sealed"), default=0))
    files = DraftFile.objects.filter(draft__account=account)
    return int(texts["used"] + files.aggregate(used=Sum("size", default=0))["used"])


def check_room(account: Account, more: int = 0) -> None:
    """Make sure that an account may add something.

    Args:
        account: whose it would be.
        more: bytes that would come to what there is; what makes it less is always welcome.

    Raises:
        UserError: it would have more than the owner of the node lets it have.
    """
    if account.quota is None or more < 0:
        return
    there = used(account)
    if there + max(more, 1) > account.quota:
        raise UserError(
            gettext(
                "Your space here is full: your mail takes %(used)s of %(most)s. Empty the bin and "
                "delete drafts, or ask the owner of this node for more."
            )
            % {"used": size_words(there), "most": size_words(account.quota)}
        )
