"""The folders of the pages: how they are called, drawn and explained when they are empty."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Folder:
    """A list of conversations: its word in addresses, its name, its icon, what to say if empty."""

    slug: str
    name: str | Promise
    icon: str
    empty: str | Promise


_DRAFTS = Folder("drafts", _("Drafts"), "draft", "")  # a page of its own
FOLDERS = (
    Folder("inbox", _("Inbox"), "inbox", _("New messages appear by themselves.")),
    Folder(
        "waiting",
        _("Waiting"),
        "clock",
        _("Messages from people you have not checked, or do not know, come here first."),
    ),
    Folder("starred", _("Starred"), "star", _("A star keeps a conversation at hand.")),
    Folder("sent", _("Sent"), "sent", _("What you send stands here, with how far it has come.")),
    _DRAFTS,
    Folder("archive", _("Archive"), "archive", _("What you have dealt with can be put here.")),
    Folder("bin", _("Bin"), "bin", _("What you move here stays until you delete it for good.")),
    Folder(
        "notices",
        _("Notices"),
        "notice",
        _("A notice goes to everybody who trusts its author, and is not encrypted."),
    ),
)


def find_folder(slug: str) -> Folder | None:
    """Return the list of conversations of that word, None when there is none."""
    return next((item for item in FOLDERS if item.slug == slug and item is not _DRAFTS), None)
