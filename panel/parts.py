"""The parts of the panel, as its navigation lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Part:
    """An entry of the navigation: its name, its icon (static/icons.svg), where it leads."""

    slug: str
    name: str | Promise
    icon: str
    url_name: str
    tables: tuple[str, ...] = ()  # further ones of the admin whose pages belong to it

    @property
    def address(self) -> str:
        """Where it leads; nothing while there is no such page."""
        try:
            return reverse(f"admin:{self.url_name}")
        except NoReverseMatch:
            return ""


GROUPS: Final = (
    (
        Part("front", _("Today"), "home", "index"),
        Part("accounts", _("Accounts"), "people", "nodes_account_changelist"),
        Part("invitations", _("Invitations"), "link", "mail_invitation_changelist"),
        Part("announcement", _("Announcement"), "notice", "announcement"),
        Part("map", _("Trusts and peers"), "map", "map", ("nodes_peer",)),
        Part("trusts", _("All trusts"), "check", "nodes_trust_changelist"),
        Part("journal", _("Journal"), "list", "journal_line_changelist"),
    ),
    (
        Part("storage", _("Storage"), "archive", "storage"),
        Part("retention", _("Limits and retention"), "clock", "retention"),
        Part("backups", _("Backups"), "undo", "backups"),
        Part("health", _("Health"), "heart", "health"),
        Part("audit", _("Audit list"), "eye", "hosting_auditentry_changelist"),
    ),
)


def part(slug: str) -> Part:
    """Give the part of that name."""
    return next(one for group in GROUPS for one in group if one.slug == slug)


def part_of(request: HttpRequest) -> Part:
    """Say in which part a page of the admin stands: that of its table, else the front page."""
    name = (request.resolver_match.url_name or "") if request.resolver_match else ""
    table = name.rpartition("_")[0]
    for group in GROUPS:
        for one in group:
            if name == one.url_name or (table and one.url_name == f"{table}_changelist"):
                return one
            if table in one.tables:
                return one
    return part("front")
