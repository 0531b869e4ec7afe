"""Making sure who a contact is: comparing digits, taking an introduction, noting a change (§3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from mail import flags
from mail.checks import (
    BY_QR_CODE,
    BY_TELEPHONE,
    IN_PERSON,
    Check,
    Checks,
    CheckState,
    check_words,
)
from mail.live import tell
from mail.lookalikes import fold
from mail.models import Contact
from mail.presentation import clean_name
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account
from sdmp.fingerprints import compare_digits

__all__ = [
    "BY_QR_CODE",
    "BY_TELEPHONE",
    "IN_PERSON",
    "WAYS",
    "Check",
    "CheckState",
    "Checks",
    "Outcome",
    "check_words",
    "compare_code",
    "compare_codes",
    "introducers",
    "look_alike_words",
    "looks_like",
    "mark_checked",
    "take_as_replacement",
    "take_check_back",
    "take_introduction",
]

WAYS: Final = {
    IN_PERSON: gettext_lazy("in person"),
    BY_TELEPHONE: gettext_lazy("by telephone"),
    BY_QR_CODE: gettext_lazy("by QR code"),
}
"""How two people can have compared their digits, as `Contact.how_checked` says it."""


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
        return gettext(
            "Another of your contacts has the same name. Compare before you take one for the other."
        )
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
        flags.let_in(account, fingerprint)
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
        flags.let_in(account, fingerprint)
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
