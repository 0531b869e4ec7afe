"""Letters for made-up resources: filed as any, so that lists, counts and rules have their like."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from journal.models import Resource
from mail.filing import file_letters, prepare
from mail.models import Contact, Delivery, Letter
from nodes.models import Account
from sdmp.letter import Letter as Content
from sdmp.letter import write_letter

_TEXT: Final = "the boathouse is ours from three on Saturday please tell me who eats no fish " * 8


class LetterBox:
    """Files every so-manyth resource, for its author's account or for one that knows the author."""

    def __init__(self, accounts: Sequence[Account], letters: int, resources: int) -> None:
        self._every = max(1, resources // max(1, letters))
        self._authors = {str(account.fingerprint): account for account in accounts}
        self._readers: dict[str, Account] = {}
        for contact in Contact.objects.select_related("account"):
            self._readers.setdefault(contact.user, contact.account)

    def file(self, rows: Sequence[Resource], now: datetime) -> None:
        """File some of these resources; most letters have been received and read."""
        filings = []
        for row in rows[:: self._every]:
            account = self._authors.get(row.author) or self._readers.get(row.author)
            if account is None:
                continue
            own = account.fingerprint == row.author
            others = [user for user, reader in self._readers.items() if reader == account]
            to = others[:1] if own else [str(account.fingerprint)]
            content = Content(date=now, to=tuple(to), title="The boathouse", body=_TEXT)
            notice = row.kind == "message"
            filings.append((prepare(account, write_letter(content), content, notice=notice), row))
        letters = file_letters(filings, now, new=True)
        keys = [letter.pk for letter in letters]
        received = [key for key in keys if key % 50]
        Letter.objects.filter(pk__in=received).update(read=True)
        Delivery.objects.filter(letter__in=received).update(
            state=Delivery.State.RECEIVED, at=now, node=""
        )
