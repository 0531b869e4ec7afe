"""What stands in the audit list, in sentences for people."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from hosting.models import AuditEntry
from hosting.retention.rules import kind_of
from mail.presentation import size_words

SENTENCES: Final[dict[str, str | Promise]] = {
    "account.delete": _("Deleted the account %(about)s"),
    "account.factor.add": _("Added a second factor to the account %(about)s"),
    "account.factor.remove": _("Removed a second factor of the account %(about)s"),
    "account.factor.renew": _("Made new spare codes for the account %(about)s"),
    "account.invite": _("Made a link to an account, for %(about)s"),
    "account.let_in": _("Let the account %(about)s in again"),
    "account.login_link": _("Made a link for a new password of the account %(about)s"),
    "account.login_link.withdraw": _("Withdrew the link for a new password of %(about)s"),
    "account.make": _("Made the account %(about)s"),
    "account.password": _("Changed the password of the account %(about)s"),
    "account.password.by_link": _("Set a new password of the account %(about)s by a link"),
    "account.recover": _("Made the account %(about)s from a recovery file"),
    "account.rights": _("Changed what the account %(about)s may do"),
    "account.sign_ins.end": _("Signed the account %(about)s out everywhere"),
    "account.suspend": _("Suspended the account %(about)s"),
    "announcement.end": _("Ended an announcement"),
    "announcement.say": _("Announced something to everybody here"),
    "backup.check": _("Asked for a test of the newest backup"),
    "backup.write": _("Asked for a backup"),
    "invitation.restore": _("Restored an invitation of the account %(about)s"),
    "invitation.withdraw": _("Withdrew an invitation of the account %(about)s"),
    "journal.check": _("Asked for a check of the journal"),
    "node.change": _("Changed what a node may do for the account %(about)s"),
    "node.let_in": _("Let in a node for the account %(about)s"),
    "node.restore": _("Made a new key for the node after a restore"),
    "node.wait_no_longer": _("Waited no longer for peers after a restore"),
    "node.withdraw": _("Withdrew a node of the account %(about)s"),
    "peer.sync": _("Had the peer %(about)s called"),
    "retention.applied": _("Let go what the rules say"),
    "retention.rules": _("Set for how long what is kept here is kept"),
    "retention.try": _("Asked what rules would let go"),
    "storage.count": _("Had the storage counted"),
    "trust.renew": _("Renewed the trust %(about)s"),
    "trust.withdraw": _("Withdrew the trust %(about)s"),
    "command.add_contact": _("Added a contact to the account %(about)s"),
    "command.authorise_node": _("Let in a node for the account %(about)s"),
    "command.backup": _("Made a backup"),
    "command.changepassword": _("Changed the password of the account %(about)s"),
    "command.create_account": _("Made the account %(about)s"),
    "command.init_node": _("Made the node, with the account %(about)s"),
    "command.migrate": _("Changed the database’s form"),
    "command.move_database": _("Moved the node to another database"),
    "command.renew_node_key": _("Made a new key for the node"),
    "command.restore": _("Restored the node from a backup"),
    "command.send_message": _("Sent a message from the account %(about)s"),
    "command.serve_user": _("Let the node serve a user, with the account %(about)s"),
    "command.withdraw_trust": _("Withdrew a trust of the account %(about)s"),
}

_NAMES: Final[dict[str, str | Promise]] = {
    "days": _("days"),
    "text": _("text"),
    "factors": _("second factors go too"),
    "factors_removed": _("second factors removed"),
    "invited_by": _("invited by"),
    "issuer": _("who trusts"),
    "kind": _("kind"),
    "may_invite": _("may invite people"),
    "may_let_in_nodes": _("may let in other nodes"),
    "may_write_notices": _("may publish notices"),
    "node": _("node"),
    "number": _("number"),
    "owner": _("manages the node"),
    "outcome": _("what came of it"),
    "quota": _("space"),
    "told_peers": _("peers are told"),
    "trustee": _("who is trusted"),
}


def sentence(action: str, about: str) -> str:
    """Say what was done: "Suspended the account ana"."""
    known = SENTENCES.get(action)
    if known is not None:
        return str(known) % {"about": about or "–"}
    if action.startswith("command."):
        words = gettext("Ran the command %(name)s") % {"name": action.removeprefix("command.")}
        return f"{words}: {about}" if about else words
    return f"{action}: {about}" if about else action


def detail_words(details: dict[str, Any]) -> list[tuple[str, str]]:
    """Say the details of a change, each by name and value."""
    return [(_name(name), _value(name, each)) for name, each in details.items()]


def _name(name: str) -> str:
    rule = kind_of(name)
    return str(rule.words if rule else _NAMES.get(name, name))


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if name == "quota":
        return gettext("as much as there is") if value is None else size_words(int(value))
    return str(value)


class Said:
    """An entry of the audit list, in words."""

    def __init__(self, entry: AuditEntry) -> None:
        self.key: int = entry.pk
        self.at: datetime = entry.at
        self.actor = entry.actor or gettext("the node")
        self.where = str(entry.get_where_display())
        self.sentence = sentence(entry.action, entry.about)
        self.details = detail_words(entry.details)
