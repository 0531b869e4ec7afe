"""What an account calls other people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from journal.models import Resource
from mail.models import Contact
from nodes.models import Account
from sdmp.errors import SdmpError
from sdmp.resource import read_resource


@dataclass(frozen=True, slots=True)
class Person:
    """A user, as an account knows it; `own` when it is the account itself."""

    fingerprint: str
    name: str
    own: bool
    checked: datetime | None = None


class People:
    """Names people for one account, asking the database once for many."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._known: dict[str, Person] = {}

    def load(self, fingerprints: Iterable[str]) -> None:
        """Find the names of several users at once."""
        missing = {f for f in fingerprints if f not in self._known}
        contacts = {
            contact.user: contact
            for contact in Contact.objects.filter(account=self._account, user__in=missing)
        }
        for fingerprint in missing:
            contact = contacts.get(fingerprint)
            if fingerprint == self._account.fingerprint:
                name, checked = self._account.get_full_name(), None
            elif contact is not None:
                name, checked = contact.name, contact.checked
            else:
                name, checked = profile_name(fingerprint) or gettext("Unknown"), None
            own = fingerprint == self._account.fingerprint
            self._known[fingerprint] = Person(fingerprint, name, own, checked)

    def __call__(self, fingerprint: str) -> Person:
        """Name one user."""
        if fingerprint not in self._known:
            self.load([fingerprint])
        return self._known[fingerprint]

    def all(self, fingerprints: Iterable[str]) -> list[Person]:
        """Name several users, in the order given."""
        listed = list(fingerprints)
        self.load(listed)
        return [self._known[fingerprint] for fingerprint in listed]


def profile(user: str) -> dict[str, str]:
    """Read the name and what more a user has published of themselves; empty when nothing."""
    rows = Resource.objects.filter(author=user, kind="user", revoked_by=None)
    row = rows.filter(payload__isnull=False).order_by("-id").first()
    if row is None:
        return {}
    try:
        section = read_resource(row.envelope(), resolve=lambda _: {}).sections["user"]
    except SdmpError:
        return {}
    assert isinstance(section, dict)
    return {key: str(section[key]) for key in ("name", "about") if key in section}


def profile_name(user: str) -> str:
    """Give the name that a user has published, or nothing."""
    return profile(user).get("name", "")
