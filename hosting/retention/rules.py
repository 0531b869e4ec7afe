"""The rules that there are, those that are set, and the reasons for which something is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from hosting.models import RetentionRule
from nodes.errors import UserError

MOST_DAYS: Final = 36_500


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of what may go, and after how many days at the earliest."""

    name: str
    words: str | Promise
    more: str | Promise
    least: int


KINDS: Final = (
    Kind(
        "private",
        _("Sealed originals of messages that have been filed"),
        _("Everybody keeps their copy of the message; what others could still fetch goes."),
        30,
    ),
    Kind(
        "receipts",
        _("Receipts that have been counted"),
        _("It stays known that the message was received."),
        7,
    ),
    Kind(
        "notices",
        _("Public notices of others"),
        _("Everybody here keeps their copy."),
        30,
    ),
    Kind(
        "bin",
        _("Messages in the Bin"),
        _("The days count from when the node first saw them there."),
        7,
    ),
    Kind(
        "passed_over",
        _("Notes about lines of peers that nobody here wants"),
        _("Should somebody come to want them, the peer’s journal is read again."),
        7,
    ),
    Kind(
        "history",
        _("What the node remembers of its own running"),
        _("Ended long work, such as checks and backups, but the last of each kind."),
        30,
    ),
    Kind("invitations", _("Invitations that have ended"), _("Used, expired or withdrawn."), 7),
)
_BY_NAME: Final = {kind.name: kind for kind in KINDS}

REASONS: Final[dict[str, str | Promise]] = {
    "unopened": _("still to be opened"),
    "unreadable": _("may still be opened with the recovery phrase"),
    "unread": _("somebody has not read it"),
    "undelivered": _("not everybody has received it, as far as is known"),
    "for_others": _("also for people elsewhere, to whom this node may have to pass it on"),
    "other_node": _("another node of the same account may still have to fetch it"),
    "hosted": _("this node may keep it for an account that it does not read for"),
    "told": _("a peer that may have it has not surely had the time to fetch it"),
    "unknown": _("younger, or it is not known what it is and for whom"),
    "not_filed": _("filed for nobody here, who may come to want it"),
    "asked": _("somebody who came by it still waits for an answer"),
    "latest": _("the last of its kind"),
}


def kind_of(name: str) -> Kind | None:
    """Give a kind by its name."""
    return _BY_NAME.get(name)


def current() -> dict[str, int]:
    """Give the rules that are set: days by kind."""
    rows = RetentionRule.objects.filter(kind__in=_BY_NAME)
    return dict(rows.values_list("kind", "days"))


def check(days: Mapping[str, str]) -> dict[str, int]:
    """Read what was typed: days by kind, nothing for no rule.

    Raises:
        UserError: something is no number of days, or less than the kind's least.
    """
    found = {}
    for kind in KINDS:
        text = days.get(kind.name, "").strip()
        if not text:
            continue
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
        if not kind.least <= number <= MOST_DAYS:
            raise UserError(
                gettext("“%(kind)s” takes a number of days from %(least)d to %(most)d, or nothing.")
                % {"kind": kind.words, "least": kind.least, "most": MOST_DAYS}
            )
        found[kind.name] = number
    return found


def set_rules(days: Mapping[str, int]) -> None:
    """Set these rules, and end all others."""
    with transaction.atomic():
        RetentionRule.objects.exclude(kind__in=days).delete()
        for kind, number in days.items():
            RetentionRule.objects.update_or_create(kind=kind, defaults={"days": number})
