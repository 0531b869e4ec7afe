"""What an account knows of who a contact is, in words: compared, introduced, changed, or nothing.

A contact is *checked* when the two have compared their digits; *introduced* when the account
takes the word of somebody whom it has checked; *changed* when another identity with the same name
was checked before, or has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Final, Protocol

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext

from mail.lookalikes import fold, look_alike
from mail.models import Contact
from mail.presentation import day_words, in_zone, short_name
from nodes.facts import current_facts
from nodes.models import Account
from sdmp.trust import Facts, State

IN_PERSON: Final = "in person"
BY_TELEPHONE: Final = "by telephone"
BY_QR_CODE: Final = "by QR code"


class CheckState(StrEnum):
    """What an account knows of who a contact is."""

    CHECKED = "checked"
    INTRODUCED = "introduced"
    CHANGED = "changed"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Check:
    """The state, since when and how, and who introduced."""

    state: CheckState = CheckState.UNCHECKED
    at: datetime | None = None
    how: str = ""
    by: str = ""

    @property
    def good(self) -> bool:
        """Whether the account has a reason to believe that the contact is who it seems."""
        return self.state in (CheckState.CHECKED, CheckState.INTRODUCED)

    @property
    def words(self) -> str:
        """The state in words: "checked in person on 20 November"."""
        return _words(self)

    @property
    def short(self) -> str:
        """The state in few words, for lists: "checked in person"."""
        return _words(self, short=True)


class Checkable(Protocol):
    """Anybody of whom it is known how far they are checked: a `Person`, a `ContactView`."""

    @property
    def check(self) -> Check:
        """What is known."""


def check_words(person: Checkable) -> str:
    """Say how somebody is checked: "checked in person on 20 November", "introduced by Mira"."""
    return person.check.words


def _words(check: Check, *, short: bool = False) -> str:
    if check.state is CheckState.INTRODUCED:
        return gettext("introduced by %(name)s") % {"name": short_name(check.by)}
    if check.state is CheckState.CHANGED:
        return gettext("changed") if short else gettext("changed, to be compared again")
    if check.state is not CheckState.CHECKED or check.at is None:
        return gettext("not checked")
    values = {"day": day_in_words(check.at, timezone.now(), timezone.get_current_timezone())}
    if check.how == IN_PERSON:
        words = gettext("checked in person") if short else gettext("checked in person on %(day)s")
    elif check.how == BY_TELEPHONE:
        words = (
            gettext("checked by telephone") if short else gettext("checked by telephone on %(day)s")
        )
    elif check.how == BY_QR_CODE:
        words = gettext("checked by QR code") if short else gettext("checked by QR code on %(day)s")
    else:
        words = gettext("checked") if short else gettext("checked on %(day)s")
    return words % values


def day_in_words(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """Return "20 November", with the year when it is another than the present one."""
    local = in_zone(moment, zone)
    if local.year == in_zone(now, zone).year:
        return date_format(local, pgettext("day and month", "j F"))
    return day_words(moment, zone)


# --- What is known of contacts, many at once -------------------------------------------------


class Checks:
    """What an account knows of each of its contacts; reads them all once, and only if needed."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._all: dict[str, Contact] | None = None
        self._named: dict[str, list[Contact]] = {}
        self._ended: dict[str, bool] = {}
        self._facts: Facts | None = None

    def of(self, contact: Contact) -> Check:
        """Say what is known of one contact."""
        if contact.checked is not None:
            return Check(CheckState.CHECKED, contact.checked, contact.how_checked)
        if contact.introduced_by:
            by = self.contacts().get(contact.introduced_by)
            name = by.name if by else gettext("somebody")
            return Check(CheckState.INTRODUCED, contact.introduced, by=name)
        if self.before(contact) is not None:
            return Check(CheckState.CHANGED)
        return Check()

    def before(self, contact: Contact) -> Contact | None:
        """Find the earlier contact of this name who was checked, or whose identity has ended."""
        others = self.contacts()
        if contact.replaces:
            return others.get(contact.replaces)
        earlier = [
            other
            for other in self._named.get(fold(contact.name), [])
            if other.user != contact.user
            and other.replaces != contact.user
            and (other.added, other.pk) < (contact.added, contact.pk)
            and (other.checked is not None or self.has_ended(other.user))
        ]
        return max(earlier, key=lambda other: (other.checked is not None, other.added, other.pk),
                   default=None)  # fmt: skip

    def after(self, contact: Contact) -> Contact | None:
        """Find the later contact for whom this one is the earlier."""
        later = [
            other
            for other in self.contacts().values()
            if (other.replaces == contact.user)
            or (fold(other.name) == fold(contact.name) and other.user != contact.user)
        ]
        found = [other for other in later if (self.before(other) or other).user == contact.user]
        return max(found, key=lambda other: (other.added, other.pk), default=None)

    def looks_like(self, name: str, except_: str = "") -> Contact | None:
        """Find a contact of whom one would think at that name, beside the one of `except_`."""
        if not fold(name):
            return None
        return next(
            (
                other
                for other in self.contacts().values()
                if other.user != except_ and look_alike(other.name, name)
            ),
            None,
        )

    def has_ended(self, user: str) -> bool:
        """Tell whether the identity of a user has been revoked or has expired."""
        if user not in self._ended:
            self._facts = self._facts or current_facts()
            standing = self._facts.user_state(user, timezone.now())
            self._ended[user] = standing in (State.REVOKED, State.EXPIRED)
        return self._ended[user]

    def contacts(self) -> dict[str, Contact]:
        """Give all contacts of the account, by user."""
        if self._all is None:
            rows = Contact.objects.filter(account=self._account).order_by("added", "pk")
            self._all = {row.user: row for row in rows}
            for row in self._all.values():
                self._named.setdefault(fold(row.name), []).append(row)
        return self._all
