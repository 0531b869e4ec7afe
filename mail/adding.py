"""Adding somebody by what they handed over: a link, a card, a file or a picture (protocol §12)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from mail import contacts, flags, guests
from mail.cards import export_card, public_card
from mail.contacts import CardSummary, ContactView
from mail.qr import is_picture, read_qr
from nodes.dial import Unreachable
from nodes.errors import UserError
from nodes.fetch import Gone, fetch
from nodes.models import Account
from nodes.setup import web_url
from sdmp.card import CARD_BYTES
from sdmp.encoding import is_fingerprint

_CARD_PATH: Final = re.compile(r"/card/([A-Za-z0-9_-]{86})/?")
_INVITE_PATH: Final = re.compile(r"/invite/([A-Za-z0-9_-]{20,64})/?")


@dataclass(frozen=True, slots=True)
class Found:
    """A card that was found, and the invitation by which it was, if any."""

    card: bytes
    summary: CardSummary
    invitation: str = ""  # the link at which one's own card is to be left


@dataclass(frozen=True, slots=True)
class Added:
    """Who was added; `problem` says why an invitation could not be used, if it could not."""

    contact: ContactView
    problem: str = ""


def look(account: Account, text: str, *, own: bool = False) -> Found:
    """Find the card that a link leads to, or that was pasted.

    Args:
        account: who looks.
        text: the link or the card.
        own: whether the account's own card will do.

    Raises:
        UserError: one sentence that says what is wrong.
    """
    given = text.strip()
    if not given:
        raise UserError(gettext("Paste a link or a card, or choose a file."))
    if given[0] == "[":
        return _read(account, given.encode(), own=own)
    if is_fingerprint(given):
        raise UserError(
            gettext("This is a fingerprint and nothing more; ask for the link of the card.")
        )
    return _follow(account, given, own=own)


def look_at_file(account: Account, data: bytes, *, own: bool = False) -> Found:
    """Find the card in a file: a card, a link as text, or a picture with a QR code of one.

    Raises:
        UserError: one sentence that says what is wrong.
    """
    if is_picture(data):
        texts = read_qr(data)
        links = [text for text in texts if "/card/" in text or "/invite/" in text]
        return look(account, (links or texts)[0], own=own)
    if len(data) > CARD_BYTES:
        raise UserError(gettext("This is too large for a card."))
    try:
        return look(account, data.decode("utf-8-sig"), own=own)
    except UnicodeDecodeError:
        raise UserError(gettext("This file is neither a card nor a picture.")) from None


def add(account: Account, data: bytes, name: str | None, invitation: str = "") -> Added:
    """Make a contact of the owner of a card, and use the invitation by which it was found.

    The trust is made first: should the other node not take the invitation now, the call that the
    trust brings about carries an ordinary request.

    Args:
        account: who adds.
        data: the card.
        name: what the account calls the person; the person's own name when not given.
        invitation: the link at which the account's own card is left; none when empty.

    Raises:
        UserError: one sentence that says what is wrong; nothing is kept.
    """
    with transaction.atomic():
        added = contacts.add_contact(account, data, name)
        if added.local:
            flags.let_in(account, added.fingerprint)
    problem = _use(account, invitation) if invitation else ""
    return Added(contacts.contact(account, added.fingerprint) or added, problem)


def _use(account: Account, link: str) -> str:
    """Leave the account's own card at an invitation; returns what went wrong, in a sentence."""
    try:
        token = _own_path(link, _INVITE_PATH)
        if token:
            guests.come_in(account, token, timezone.now())
        elif _path(link, _INVITE_PATH):
            fetch(link, data=export_card(account))
    except UserError as refusal:
        return str(refusal)
    return ""


def _follow(account: Account, link: str, *, own: bool) -> Found:
    """Get the card that a link leads to, from here if the link is one of this node's."""
    fingerprint, token = _path(link, _CARD_PATH), _path(link, _INVITE_PATH)
    if not (fingerprint or token):
        raise UserError(
            gettext("This is neither a card nor the link of a card or of an invitation.")
        )
    here = bool(_own_path(link, _CARD_PATH) or _own_path(link, _INVITE_PATH))
    if fingerprint:
        card = public_card(fingerprint) if here else _fetch_card(link)
        if card is None:
            raise UserError(gettext("Nobody on this node has that fingerprint."))
        found = _read(account, card, own=own)
        if found.summary.fingerprint != fingerprint:
            raise UserError(gettext("The card at this link is not the one that the link names."))
        return found
    card = guests.card_for(token, timezone.now()) if here else _fetch_card(link)
    if card is None:
        raise UserError(_not_open())
    found = _read(account, card, own=own)
    return Found(found.card, found.summary, _bare(link))


def _fetch_card(link: str) -> bytes | None:
    try:
        return fetch(_bare(link))
    except Gone:
        if _path(link, _INVITE_PATH):
            raise UserError(_not_open()) from None
        raise UserError(gettext("There is no card at this link, or not any more.")) from None
    except Unreachable as refusal:
        raise UserError(str(refusal)) from None


def _read(account: Account, data: bytes, *, own: bool) -> Found:
    summary = contacts.describe_card(data)
    if summary.fingerprint == account.fingerprint and not own:
        raise UserError(gettext("That is your own card."))
    return Found(data, summary)


def _not_open() -> str:
    return gettext(
        "This invitation is not open: it was used, has ended or was withdrawn, "
        "or it is one to an account."
    )


def _bare(link: str) -> str:
    """Give a link without what stands behind its path."""
    return urlsplit(link)._replace(query="", fragment="").geturl()


def _path(link: str, pattern: re.Pattern[str]) -> str:
    """Give what a link's path names, nothing when it is another link, or none."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    found = pattern.fullmatch(parts.path)
    return found[1] if found and parts.scheme in ("http", "https") and parts.netloc else ""


def _own_path(link: str, pattern: re.Pattern[str]) -> str:
    """Give the same, of a link that leads to this very node."""
    named, own = _path(link, pattern), urlsplit(web_url())
    if not named:
        return ""
    parts = urlsplit(link)
    same = (parts.scheme, parts.netloc.lower()) == (own.scheme, own.netloc.lower())
    return named if same else ""
