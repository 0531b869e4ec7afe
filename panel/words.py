"""Words, moments and names as the tables of the panel show them, in markup."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from mail.presentation import node_words
from mail.templatetags import pages

Kind = Literal["", "good", "warn", "bad"]
_ICONS: Final = {"": "", "good": "check", "warn": "alert", "bad": "alert"}
NOTHING: Final = "–"


def moment(at: datetime | None) -> SafeString:
    """Show a moment as lists do, "12:20" or "17 Nov"; a dash when there is none."""
    return format_html("{}", pages.when_short(at) if at else NOTHING)


def day(at: datetime | None) -> SafeString:
    """Show the day of a moment, "1 May 2027"; a dash when there is none."""
    return format_html("{}", pages.day(at) if at else NOTHING)


def state(words: str, kind: Kind = "") -> SafeString:
    """Show a state in words; colour and sign only repeat it."""
    css = f"state state--{kind}" if kind else "state"
    sign = pages.icon(_ICONS[kind], "s") if kind else ""
    return format_html('<span class="{}">{}{}</span>', css, sign, words)


def node(name: str) -> SafeString:
    """Show the name of a node, which may be nothing."""
    return format_html('<em class="node">{}</em>', node_words(name))


def link(address: str, words: str | SafeString) -> SafeString:
    """Link words to an address of this node."""
    return format_html('<a href="{}">{}</a>', address, words)
