"""Adding to the journal: resources, their lines and what they say of authority, together.

`Ledger` is the one way in. It is opened inside a transaction, locks the journal's head, judges,
and writes everything at once; `journal.accept` and `journal.publish` are its two doors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.db import transaction

from journal.models import Line, Resource
from journal.signals import resources_revoked
from journal.waking import authority_changed, lines_added, lines_taken_over
from journal.wanted import follow_wishes
from nodes import keystore
from nodes.errors import UserError
from nodes.facts import current_facts, keep_facts
from nodes.models import Farewell, LocalNode, Peer
from sdmp.acceptance import Accepted, Handover, judge, record
from sdmp.encoding import JSON
from sdmp.lines import make_line
from sdmp.resource import Resource as Content
from sdmp.resource import parse_uri, read_resource
from sdmp.signature import Envelope
from sdmp.trust import Facts, RevocationFact, Target, applies

FAREWELL: Final = timedelta(days=30)
_KEPT_WHEN_REVOKED: Final = frozenset({"identity", "trust"})
_SUBJECTS: Final = {"identity": "fingerprint", "trust": "trustee", "revoke": "resource"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource that is to be written, and how it was accepted."""

    content: Content
    ended: bool


class Ledger:
    """The journal while one transaction adds to it. Knows what is held, and what it is adding."""

    def __init__(self) -> None:
        node = LocalNode.objects.select_for_update().first()
        if node is None:
            raise UserError("This node has no owner yet; run `sdmpweb up` or `sdmpweb init_node`.")
        keystore.follow(node.fingerprint)
        self.node = node
        self.before = current_facts()
        self.facts = Facts(self.before)
        self.entries: list[Entry] = []
        self._adding: dict[str, Content] = {}

    # What acceptance asks (sdmp.trust.Held)

    def target(self, identifier: str) -> Target | None:
        """Describe a resource that is held or being added."""
        adding = self._adding.get(identifier)
        if adding is not None:
            return Target(adding.user, adding.signer, adding.kind)
        row = Resource.objects.filter(identifier=identifier).first()
        return Target(row.author, row.signer, row.kind) if row else None

    def revocations(self, identifier: str) -> Iterable[RevocationFact]:
        """List the revocations that name an identifier."""
        return self.facts.revocations(identifier)

    # Adding

    def judge(self, envelope: Envelope, now: datetime, hand: str | None = None) -> Accepted:
        """Judge a resource by what is known with those added so far (protocol §5).

        Raises:
            SdmpError: the class says which check failed.
        """
        return judge(
            envelope,
            self.facts,
            now,
            held=self,
            handover=Handover(here=self.node.fingerprint, hand=hand),
            resolve=self._resolve,
        )

    def add(self, accepted: Accepted) -> None:
        """Put a judged resource behind those added so far."""
        content = accepted.resource
        record(accepted, self.facts)
        self._adding[content.identifier] = content
        self.entries.append(Entry(content, accepted.ended))

    def write(self, now: datetime, *, own: bool) -> list[tuple[Resource, Content]]:
        """Write what was added: resources, lines, facts, and what the revocations among them do.

        Peers are told at once of what is this node's `own`, and soon of the rest.
        """
        if not self.entries:
            return []
        rows = Resource.objects.bulk_create([_row(entry.content, now) for entry in self.entries])
        self._append_lines(rows)
        changed = keep_facts([(entry.content, entry.ended) for entry in self.entries])
        written = [(row, entry.content) for row, entry in zip(rows, self.entries, strict=True)]
        self._apply_revocations(written)
        if changed:
            self._say_farewell(written, now)
            here = self.node.fingerprint
            wanted = self.facts.wanted_users(here, now)
            before = self.before.wanted_users(here, now)
            follow_wishes(wanted - before, before - wanted, now)
            trusted = {row.subject for row in rows if row.kind == "trust"}
            authority_changed({row.author for row in rows} | trusted)
        transaction.on_commit(lines_added if own else lines_taken_over)
        return written

    def _append_lines(self, rows: Sequence[Resource]) -> None:
        position, text = self.node.head_position, self.node.head_line
        lines = []
        for row in rows:
            text = make_line(text, row.author, row.identifier)
            position += 1
            lines.append(Line(position=position, identifier=text.partition("@")[0], resource=row))
        Line.objects.bulk_create(lines)
        self.node.head_position, self.node.head_line = position, text
        LocalNode.objects.filter(pk=self.node.pk).update(head_position=position, head_line=text)

    def _apply_revocations(self, written: Sequence[tuple[Resource, Content]]) -> None:
        gone: list[Resource] = []
        for row, content in written:
            if content.kind == "revoke":
                target = Resource.objects.filter(identifier=row.subject).first()
                fact = self.facts.revocations(row.subject)
                if target and _right(target, [f for f in fact if f.identifier == row.identifier]):
                    gone.append(_take_away(target, row))
            elif content.kind in _KEPT_WHEN_REVOKED:
                early = [f for f in self.facts.revocations(row.identifier) if _right(row, [f])]
                if early:
                    by = Resource.objects.get(identifier=early[0].identifier)
                    _take_away(row, by)
        if gone:
            resources_revoked.send(sender=Ledger, resources=gone)

    def _say_farewell(self, written: Sequence[tuple[Resource, Content]], now: datetime) -> None:
        """Note for each peer that is cut off the revocations that it is to be told (§6)."""
        here = self.node.fingerprint
        ours = self.before.users_of(here, now) | self.facts.users_of(here, now)
        causes = [row for row, c in written if c.kind == "revoke" and row.author in ours]
        if not causes:
            return
        for peer in Peer.objects.values_list("fingerprint", flat=True):
            if self.before.may_talk(here, peer, now) and not self.facts.may_talk(here, peer, now):
                Farewell.objects.bulk_create(
                    [
                        Farewell(peer=peer, revocation=row.identifier, until=now + FAREWELL)
                        for row in causes
                    ],
                    ignore_conflicts=True,
                )

    def _resolve(self, uri: str) -> JSON | None:
        author, identifier = parse_uri(uri)
        target = self.target(identifier)
        if target and any(applies(fact, target) for fact in self.revocations(identifier)):
            return None
        adding = self._adding.get(identifier)
        if adding is not None and adding.user == author and adding.kind == "schema":
            return adding.sections["schema"]
        return find_schema(uri)


def find_schema(uri: str) -> JSON | None:
    """Find the JSON Schema that the URI of a resource names, if it is held and not revoked."""
    author, identifier = parse_uri(uri)
    row = Resource.objects.filter(identifier=identifier, author=author, kind="schema").first()
    if row is None or row.payload is None:
        return None
    return read_resource(row.envelope()).sections["schema"]


def _row(content: Content, now: datetime) -> Resource:
    envelope = content.envelope
    subject = ""
    if content.kind in _SUBJECTS:
        section = cast(dict[str, Any], content.sections[content.kind])
        subject = section[_SUBJECTS[content.kind]]
    return Resource(
        identifier=content.identifier,
        author=content.user,
        signer=content.signer,
        kind=content.kind,
        subject=subject,
        payload=envelope.content,
        protected=envelope.protected,
        alg=envelope.alg,
        signature=envelope.signature,
        size=len(envelope.content),
        received=now,
    )


def _right(target: Resource, facts: Sequence[RevocationFact]) -> bool:
    described = Target(target.author, target.signer, target.kind)
    return any(applies(fact, described) for fact in facts)


def _take_away(target: Resource, by: Resource) -> Resource:
    """Let a revocation take its target's place; an identity or a trust keeps its content (§6)."""
    target.revoked_by = by
    if target.kind not in _KEPT_WHEN_REVOKED:
        target.payload = None
    target.save(update_fields=["revoked_by", "payload"])
    return target
