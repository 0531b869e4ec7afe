"""How well an account knows who a contact is: compared, introduced, changed, or not at all (§3).

A contact is *checked* when the two have compared their digits; *introduced* when the account
takes the word of somebody whom it has checked; *changed* when another identity with the same name
was checked before, or has ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Final, Protocol

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_lazy, pgettext

from mail.live import tell
from mail.lookalikes import fold, look_alike, skeleton
from mail.models import Contact
from mail.presentation import clean_name, day_words, in_zone, short_name
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account
from sdmp.fingerprints import compare_digits
from sdmp.trust import Facts
from sdmp.trust import State as Standing

IN_PERSON: Final = "in person"
BY_TELEPHONE: Final = "by telephone"
BY_QR_CODE: Final = "by QR code"
WAYS: Final = {
    IN_PERSON: gettext_lazy("in person"),
    BY_TELEPHONE: gettext_lazy("by telephone"),
    BY_QR_CODE: gettext_lazy("by QR code"),
}
"""How two people can have compared their digits, as `Contact.how_checked` says it."""


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
            by = self._contacts().get(contact.introduced_by)
            name = by.name if by else gettext("somebody")
            return Check(CheckState.INTRODUCED, contact.introduced, by=name)
        if self.before(contact) is not None:
            return Check(CheckState.CHANGED)
        return Check()

    def before(self, contact: Contact) -> Contact | None:
        """Find the earlier contact of this name who was checked, or whose identity has ended."""
        others = self._contacts()
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
            for other in self._contacts().values()
            if (other.replaces == contact.user)
            or (fold(other.name) == fold(contact.name) and other.user != contact.user)
        ]
        found = [other for other in later if (self.before(other) or other).user == contact.user]
        return max(found, key=lambda other: (other.added, other.pk), default=None)

    def looks_like(self, name: str, except_: str = "") -> Contact | None:
        """Find a contact of whom one would think at that name, beside the one of `except_`."""
        seen = skeleton(name)
        if not seen:
            return None
        return next(
            (
                other
                for other in self._contacts().values()
                if other.user != except_
                and (skeleton(other.name) == seen or look_alike(other.name, name))
            ),
            None,
        )

    def has_ended(self, user: str) -> bool:
        """Tell whether the identity of a user has been revoked or has expired."""
        if user not in self._ended:
            self._facts = self._facts or current_facts()
            standing = self._facts.user_state(user, timezone.now())
            self._ended[user] = standing in (Standing.REVOKED, Standing.EXPIRED)
        return self._ended[user]

    def _contacts(self) -> dict[str, Contact]:
        if self._all is None:
            rows = Contact.objects.filter(account=self._account).order_by("added", "pk")
            self._all = {row.user: row for row in rows}
            for row in self._all.values():
                self._named.setdefault(fold(row.name), []).append(row)
        return self._all


def looks_like(account: Account, name: str, except_: str = "") -> Contact | None:
    """Find a contact of the account whose name is, or looks, the same.

    Args:
        account: whose contacts are looked at.
        name: a name as somebody writes it.
        except_: the fingerprint of the one whose name it is, who is not compared with itself.
    """
    return Checks(account).looks_like(name, except_)


def look_alike_words(name: str, other: str) -> str:
    """Warn of a name that is, or looks like, that of another contact."""
    if fold(name) == fold(other):
        return gettext("Another of your contacts has the same name. They are not the same person.")
    return gettext(
        "This name looks like that of your contact %(name)s and is written with other letters."
    ) % {"name": clean_name(other)}


# --- Comparing ---------------------------------------------------------------------------


class Outcome(StrEnum):
    """What came of reading a code with the camera or from a picture."""

    SAME = "same"
    DIFFERENT = "different"
    OWN = "own"
    OTHER = "other"
    NOTHING = "nothing"


_CODE: Final = "SDMP"
_SIDE_DIGITS: Final = 2


def compare_code(shown_by: str, other: str) -> str:
    """Write what a QR code for comparing holds: whose side it is, and the digits of the two.

    Capitals and digits alone, so that the code stays small and is read from afar.
    """
    side = "".join(compare_digits(shown_by, shown_by)[:_SIDE_DIGITS])
    return ":".join([_CODE, side, "".join(compare_digits(shown_by, other))])


def compare_codes(account: Account, fingerprint: str, texts: Sequence[str]) -> Outcome:
    """Compare what was read with what the contact's side shows, if it is who it seems.

    Args:
        account: who compares.
        fingerprint: the contact.
        texts: what codes were read; any text at all.
    """
    own = str(account.fingerprint)
    codes = {text.strip() for text in texts}
    if compare_code(fingerprint, own) in codes:
        return Outcome.SAME
    mine = compare_code(own, fingerprint)
    if mine in codes or any(_side(code) == _side(mine) for code in codes):
        return Outcome.OWN
    if any(_side(code) for code in codes):
        return Outcome.DIFFERENT
    return Outcome.OTHER if codes - {""} else Outcome.NOTHING


def _side(code: str) -> str:
    parts = code.split(":")
    return parts[1] if len(parts) == 3 and parts[0] == _CODE else ""


def mark_checked(account: Account, fingerprint: str, how: str) -> None:
    """Note that the account has compared the digits with a contact, and lets him in.

    Raises:
        UserError: there is no such contact, or no such way of comparing.
    """
    if how not in WAYS:
        raise UserError(gettext("Say how you compared."))
    with transaction.atomic():
        row = _contact(account, fingerprint)
        row.checked, row.how_checked = timezone.now(), how
        row.introduced_by, row.introduced = "", None
        row.save(update_fields=["checked", "how_checked", "introduced_by", "introduced"])
        _let_in(account, fingerprint)
        _tell(account)


def take_check_back(account: Account, fingerprint: str) -> None:
    """Forget that a contact was checked or introduced.

    Raises:
        UserError: there is no such contact.
    """
    with transaction.atomic():
        row = _contact(account, fingerprint)
        row.checked, row.how_checked = None, ""
        row.introduced_by, row.introduced = "", None
        row.save(update_fields=["checked", "how_checked", "introduced_by", "introduced"])
        _tell(account)


# --- Introductions -----------------------------------------------------------------------


def introducers(account: Account, fingerprint: str) -> list[Contact]:
    """List the contacts whom the account has checked and who trust this one in their turn."""
    facts, now = current_facts(), timezone.now()
    checked = Contact.objects.filter(account=account, blocked=None).exclude(checked=None)
    known: Iterable[Contact] = checked.exclude(user=fingerprint).order_by("checked")
    return [one for one in known if facts.gives(one.user, fingerprint, now)]


def take_introduction(account: Account, fingerprint: str, by: str) -> None:
    """Take somebody's word for who a contact is, and let the contact in.

    Raises:
        UserError: there is no such contact, it is checked already, or that one was not checked or
            does not trust the contact.
    """
    with transaction.atomic():
        row = _contact(account, fingerprint)
        if row.checked is not None:
            raise UserError(gettext("You have checked this contact yourself."))
        if by not in {one.user for one in introducers(account, fingerprint)}:
            raise UserError(
                gettext("Only a contact whom you have checked, and who has this one, introduces.")
            )
        row.introduced_by, row.introduced = by, timezone.now()
        row.save(update_fields=["introduced_by", "introduced"])
        _let_in(account, fingerprint)
        _tell(account)


# --- Another identity of the same person ----------------------------------------------------


def take_as_replacement(account: Account, fingerprint: str) -> Contact:
    """Take a contact as the new identity of the earlier one of that name, and give back that one.

    The name stays with the new one. Conversations are not put together.

    Raises:
        UserError: there is no such contact, or no earlier one.
    """
    with transaction.atomic():
        row = _contact(account, fingerprint)
        earlier = Checks(account).before(row)
        if earlier is None or row.replaces:
            raise UserError(gettext("There is no earlier contact of that name."))
        row.replaces, row.name = earlier.user, earlier.name
        row.save(update_fields=["replaces", "name"])
        name = gettext("%(name)s (earlier)") % {"name": earlier.name[:180]}
        Contact.objects.filter(pk=earlier.pk).update(name=name)
        _tell(account)
    return earlier


def _contact(account: Account, fingerprint: str) -> Contact:
    rows = Contact.objects.select_for_update()
    row = rows.filter(account=account, user=fingerprint).first()
    if row is None:
        raise UserError(gettext("That is none of your contacts."))
    return row


def _tell(account: Account) -> None:
    tell(account.pk, "contacts")
    # Lists and letters say how their authors are checked.
    tell(account.pk, "counts")


def _let_in(account: Account, fingerprint: str) -> None:
    Contact.objects.filter(account=account, user=fingerprint, let_in=None).update(
        let_in=timezone.now()
    )
