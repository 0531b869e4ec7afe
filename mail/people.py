"""What an account calls other people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext

from journal.models import Resource
from mail.checks import Check, Checks
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
    check: Check = field(default_factory=Check)


class People:
    """Names people for one account, asking the database once for many."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._checks = Checks(account)
        self._known: dict[str, Person] = {}

    def load(self, fingerprints: Iterable[str]) -> None:
        """Find the names of several users at once."""
        missing = {f for f in fingerprints if f not in self._known}
        if not missing:
            return
        contacts = {
            contact.user: contact
            for contact in Contact.objects.filter(account=self._account, user__in=missing)
        }
        strangers = missing - contacts.keys() - {str(self._account.fingerprint)}
        names = profile_names(strangers)
        for fingerprint in missing:
            contact = contacts.get(fingerprint)
            if fingerprint == self._account.fingerprint:
                person = Person(fingerprint, self._account.get_full_name(), own=True)
            elif contact is not None:
                check = self._checks.of(contact)
                person = Person(fingerprint, contact.name, False, contact.checked, check)
            else:
                name = names.get(fingerprint) or gettext("Unknown")
                person = Person(fingerprint, name, own=False)
            self._known[fingerprint] = person

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
    return profiles([user]).get(user, {})


def profiles(users: Iterable[str]) -> dict[str, dict[str, str]]:
    """Read what several users have published of themselves, the latest of each, at once."""
    wanted = list(users)
    if not wanted:
        return {}
    rows = Resource.objects.filter(author__in=wanted, kind="user", revoked_by=None)
    held = rows.filter(payload__isnull=False).values("author").annotate(last=Max("id"))
    latest = Resource.objects.filter(pk__in=[row["last"] for row in held])
    read = {row.author: _read_profile(row) for row in latest}
    return {author: section for author, section in read.items() if section}


def profile_name(user: str) -> str:
    """Give the name that a user has published, or nothing."""
    return profile(user).get("name", "")


def profile_names(users: Iterable[str]) -> dict[str, str]:
    """Give the names that several users have published."""
    return {user: section.get("name", "") for user, section in profiles(users).items()}


def _read_profile(row: Resource) -> dict[str, str]:
    try:
        section = read_resource(row.envelope(), resolve=lambda _: {}).sections["user"]
    except SdmpError:
        return {}
    assert isinstance(section, dict)
    return {key: str(section[key]) for key in ("name", "about") if key in section}
