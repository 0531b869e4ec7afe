"""The paperwork of one session: what to tell and ask a peer, and what to do with what it says.

Everything here is blocking and works on the database; `journal.sync` moves the frames. Each call
returns a `Plan`: what is to be sent now. State that matters is in the database; what a desk keeps
itself is worth no more than the session.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction
from django.utils import timezone

from journal import answers, wanted
from journal.credentials import (
    credentials_for,
    farewells_for,
    is_credential,
    judge_shown,
    keep_contact_requests,
    keep_shown,
    own_addresses,
    partings,
    said_farewell,
)
from journal.ledger import find_schema
from journal.publish import trust_to_use
from journal.restored import heard_out, to_be_heard_out
from journal.signals import resources_handed
from journal.taking import take_resources
from nodes import disk, keystore
from nodes.facts import current_facts
from nodes.peers import get_peer, note_contact
from sdmp import limits, traffic
from sdmp.acceptance import judge
from sdmp.encoding import JSON
from sdmp.errors import BadLine, NotAuthorised, SdmpError
from sdmp.resource import TRAFFIC, Resource, make_resource, read_resource
from sdmp.signature import Envelope
from sdmp.trust import Facts

_log = structlog.get_logger(__name__)
_PATIENCE: Final = timedelta(seconds=120)  # with a peer that does not answer a request


@dataclass(slots=True)
class Plan:
    """What a session is to do now.

    `send` holds containers as JSON, in order; `refuse` the revocations to end the session with,
    or `None`; `handed` identifiers that count as handed over once all is sent.
    """

    send: list[bytes] = field(default_factory=list)
    refuse: list[Envelope] | None = None
    handed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Asked:
    request: traffic.Request
    at: datetime


class Desk:
    """The paperwork of one open session with the node `node`."""

    def __init__(self, node: str, shown: Sequence[Envelope] = ()) -> None:
        self.here = keystore.node_fingerprint()
        self.node = node
        self._shown = {envelope.identifier for envelope in shown}
        self._facts: Facts | None = None
        self._asked: dict[str, _Asked] = {}
        self._greeted = False
        self._reading_again = False
        self._gave_up_reading = False
        self._fell_behind = False
        self._more_to_read = False
        self._hears_out = False  # after a restore, until its journal is read to the end
        self._stray: list[Envelope] = []

    def begin(self) -> Plan:
        """Begin the session: note the contact, and say the first broadcast."""
        now = timezone.now()
        get_peer(self.node)
        note_contact(self.node, now)
        wanted.release_all(self.node, now)
        plan = self.plan()
        self._hears_out = plan.refuse is None and to_be_heard_out(self.node)
        if self._hears_out:
            self._ask_journal(plan, current_facts(), now)
        return plan

    def end(self) -> None:
        """End the session: what was asked and not answered may be asked elsewhere at once."""
        for asked in self._asked.values():
            if isinstance(asked.request, traffic.RequestResource):
                identifiers = [identifier for _, identifier in asked.request.wanted]
                wanted.release(self.node, identifiers, timezone.now())
        self._asked.clear()

    def plan(self) -> Plan:
        """Look at what is due: an end, credentials, news of the journal, what is wanted."""
        now = timezone.now()
        facts = current_facts()
        pairs = facts.pairs(self.here, self.node, now)
        if not pairs:
            return Plan(refuse=farewells_for(self.node, now))
        plan = Plan()
        if facts is not self._facts:
            self._show(plan, facts, now)
            self._facts = facts
        self._tell_news(plan, facts, now)
        self._ask(plan, facts, now)
        return plan

    def handle(self, envelope: Envelope) -> Plan:
        """Do what a resource that came asks for.

        Raises:
            SdmpError: it is traffic, and malformed or not the peer's to send; the session ends.
        """
        now = timezone.now()
        facts = current_facts()
        resource = self._read(envelope, facts, now)
        if resource is None:
            return self._take_credential(envelope, now)
        pairs = facts.pairs(self.here, self.node, now)
        if all(resource.user != theirs for _, theirs in pairs):
            # It may not know yet that these users have parted: it is told, and calls anew.
            causes = partings(resource.user, here=self.here, facts=facts, now=now)
            if pairs and causes:
                return Plan(refuse=causes)
            raise NotAuthorised("The traffic speaks for a user through whom we may not talk.")
        message = traffic.read_traffic(resource)
        match message:
            case traffic.Broadcast():
                return self._hear(message, facts, now)
            case traffic.RequestJournal():
                return self._answer_journal(message, facts, now)
            case traffic.RequestResource():
                return self._answer_resources(message, facts, now)
            case traffic.Response():
                return self._take_answer(message, facts, now)

    def ask_to_call(self) -> Plan:
        """Show once more where we are reached, before the session ends (`journal.callback`)."""
        envelopes = own_addresses(
            self.node, here=self.here, facts=current_facts(), now=timezone.now()
        )
        return Plan(send=[envelope.to_bytes() for envelope in envelopes])

    def parted(self) -> None:
        """Note that the peer has been told why the session ends."""
        said_farewell(self.node)

    def handed(self, identifiers: Sequence[str]) -> None:
        """Tell the apps above that resources have been given to the peer."""
        resources_handed.send(sender=Desk, node=self.node, identifiers=list(identifiers))

    # Reading

    def _read(self, envelope: Envelope, facts: Facts, now: datetime) -> Resource | None:
        """Read traffic and check that it is the peer's; `None` for a credential."""
        if envelope.signer != self.node:
            self._check_no_traffic(envelope)
            return None
        try:
            resource = judge(envelope, facts, now, traffic=True, resolve=find_schema).resource
        except SdmpError:
            self._check_no_traffic(envelope)
            return None
        if resource.kind not in TRAFFIC:
            return None
        return resource

    def _check_no_traffic(self, envelope: Envelope) -> None:
        kind = read_resource(envelope, traffic=True, resolve=find_schema).kind
        if kind in TRAFFIC:
            raise NotAuthorised("The traffic is not signed as the session asks.")

    def _take_credential(self, envelope: Envelope, now: datetime) -> Plan:
        """Take a bare resource: by it a second pair of users may meet, or one pair part (§10)."""
        if not is_credential(envelope):  # nobody asked for it
            return Plan()
        if len(self._stray) >= limits.CREDENTIALS:
            self._stray.pop(0)
        self._stray.append(envelope)
        keep_shown([envelope], node=self.node, here=self.here, now=now)
        _, accepted = judge_shown(self._stray, here=self.here, now=now)
        keep_contact_requests(self._stray, accepted, node=self.node, here=self.here, now=now)
        return self.plan()

    # Telling and asking

    def _show(self, plan: Plan, facts: Facts, now: datetime) -> None:
        envelopes = credentials_for(self.node, here=self.here, facts=facts, now=now)
        for envelope in envelopes:
            if envelope.identifier not in self._shown:
                self._shown.add(envelope.identifier)
                plan.send.append(envelope.to_bytes())
        said_farewell(self.node)

    def _tell_news(self, plan: Plan, facts: Facts, now: datetime) -> None:
        peer = get_peer(self.node)
        while True:
            since, entries = answers.news_for(peer)
            if entries or not self._greeted:
                self._greeted = True
                plan.send.append(
                    self._sign(facts, now, "broadcast", traffic.broadcast(since, entries))
                )
            if len(entries) < limits.JOURNAL_LINES:
                return

    def _ask(self, plan: Plan, facts: Facts, now: datetime) -> None:
        for identifier, asked in list(self._asked.items()):
            if asked.at + _PATIENCE < now:
                del self._asked[identifier]
                self._postpone(asked.request, now)
        self._ask_for(self._choose(now), plan, facts, now)

    def _choose(self, now: datetime) -> list[traffic.Reference]:
        """Choose what to ask for, unless an answer is still to come."""
        if any(isinstance(a.request, traffic.RequestResource) for a in self._asked.values()):
            return []
        if disk.is_short():  # it stays wanted
            return []
        return wanted.next_to_ask(self.node, now)

    def _ask_for(
        self, chosen: Sequence[traffic.Reference], plan: Plan, facts: Facts, now: datetime
    ) -> None:
        if not chosen and self._more_to_read and not disk.is_short():
            self._more_to_read = False
            self._ask_journal(plan, facts, now)
        if chosen:
            identifier = secrets.token_urlsafe(12)
            request = traffic.RequestResource(identifier, tuple(chosen))
            self._asked[identifier] = _Asked(request, now)
            section = traffic.request_batch(identifier, chosen)
            plan.send.append(self._sign(facts, now, "request_resource", section))

    def _postpone(self, request: traffic.Request, now: datetime) -> None:
        """Ask a peer that does not answer less and less."""
        if isinstance(request, traffic.RequestResource):
            unanswered = dict.fromkeys((i for _, i in request.wanted), "unanswered")
            wanted.postpone(self.node, unanswered, now)

    def _ask_journal(self, plan: Plan, facts: Facts, now: datetime) -> None:
        """Ask for the lines after the last one that we know of the peer's journal."""
        asking = any(isinstance(a.request, traffic.RequestJournal) for a in self._asked.values())
        if asking or self._gave_up_reading:
            # The answer on its way may have been written before what we have just missed.
            self._fell_behind = asking
            return
        self._fell_behind = False
        identifier = secrets.token_urlsafe(12)
        since = get_peer(self.node).known_line.partition("@")[0]
        request = traffic.RequestJournal(identifier, since, limits.JOURNAL_LINES)
        self._asked[identifier] = _Asked(request, now)
        section = traffic.request_journal(identifier, since, limits.JOURNAL_LINES)
        plan.send.append(self._sign(facts, now, "request_journal", section))

    def _sign(self, facts: Facts, now: datetime, kind: str, section: dict[str, JSON]) -> bytes:
        user = facts.pairs(self.here, self.node, now)[0][0]
        # By the key that was proven in the handshake, and no other (§10).
        trust = trust_to_use(facts, user, frozenset(), now, [self.here]).identifier
        key = keystore.own_key(self.here)
        resource = make_resource(user, key, trust=trust, sections={kind: section})
        return resource.envelope.to_bytes()

    # What the peer says

    def _hear(self, message: traffic.Broadcast, facts: Facts, now: datetime) -> Plan:
        plan = Plan()
        wanted_users = facts.wanted_users(self.here, now)
        chosen: list[traffic.Reference] = []
        try:
            with transaction.atomic():
                noted = wanted.note_lines(
                    self.node,
                    message.since,
                    message.entries,
                    wanted_users=wanted_users,
                    now=now,
                    own=self._is_own(facts, now),
                )
                if noted is not wanted.Noted.GAP:
                    chosen = self._choose(now)
        except BadLine:
            noted = wanted.Noted.GAP
        self._more_to_read = noted is wanted.Noted.FULL
        if noted is wanted.Noted.GAP:
            self._ask_journal(plan, facts, now)
        else:
            self._ask_for(chosen, plan, facts, now)
        return plan

    def _is_own(self, facts: Facts, now: datetime) -> bool:
        """Tell whether the peer is another node of a user whom we serve."""
        return not facts.users_of(self.here, now).isdisjoint(facts.users_of(self.node, now))

    def _answer_journal(self, message: traffic.RequestJournal, facts: Facts, now: datetime) -> Plan:
        found = answers.lines_since(message.since, message.limit)
        if found is None:
            section = traffic.answer_no(message.identifier)
        else:
            position, entries = found
            answers.told_until(get_peer(self.node), position + len(entries))
            section = traffic.answer_journal(message.identifier, message.since, entries)
        return Plan(send=[self._sign(facts, now, "response", section)])

    def _answer_resources(
        self, message: traffic.RequestResource, facts: Facts, now: datetime
    ) -> Plan:
        given = answers.give(message.wanted, node=self.node, here=self.here, facts=facts, now=now)
        if not message.single:
            section = traffic.answer_batch(message.identifier, given.resources, given.not_found)
        elif given.resources:
            section = traffic.answer_one(message.identifier, given.resources[0])
        else:
            section = traffic.answer_no(message.identifier)
        return Plan(send=[self._sign(facts, now, "response", section)], handed=given.handed)

    def _take_answer(self, message: traffic.Response, facts: Facts, now: datetime) -> Plan:
        asked = self._asked.pop(message.identifier, None)
        if asked is None:  # nothing was asked, or too long ago
            return Plan()
        traffic.check_answer(asked.request, message)
        if isinstance(asked.request, traffic.RequestJournal):
            return self._take_lines(message, facts, now)
        take_resources(asked.request, message, node=self.node, here=self.here, now=now)
        facts = current_facts()
        if facts is not self._facts:
            return self.plan()
        plan = Plan()
        self._ask(plan, facts, now)
        return plan

    def _take_lines(self, message: traffic.Response, facts: Facts, now: datetime) -> Plan:
        plan = Plan()
        data = message.data
        if message.status == "bad_request":
            self._gave_up_reading = True
            heard_out(self.node, now)  # there is no more to be had of it
            return plan
        try:
            if not isinstance(data, traffic.Broadcast):
                raise BadLine("The peer's journal has no such line any more.", 0)
            noted = wanted.note_lines(
                self.node,
                data.since,
                data.entries,
                wanted_users=facts.wanted_users(self.here, now),
                now=now,
                own=self._is_own(facts, now),
            )
        except BadLine as error:
            self._read_from_start(plan, facts, now, str(error))
            return plan
        self._reading_again = False
        self._more_to_read = noted is wanted.Noted.FULL
        full = len(data.entries) == limits.JOURNAL_LINES
        # Another session with the peer may have taken us on meanwhile: then there is a gap.
        missed = self._fell_behind or noted is wanted.Noted.GAP
        if missed or (noted is wanted.Noted.RECORDED and full):
            self._ask_journal(plan, facts, now)
        elif self._hears_out and noted is wanted.Noted.RECORDED:
            self._hears_out = False
            heard_out(self.node, now)
        self._ask(plan, facts, now)
        return plan

    def _read_from_start(self, plan: Plan, facts: Facts, now: datetime, reason: str) -> None:
        """Read a journal that was rewritten from line 1; the operator is told (§8)."""
        if self._reading_again:
            _log.warning("journal of a peer does not chain", peer=self.node[:12], reason=reason)
            self._gave_up_reading = True
            return
        _log.warning("a peer has rewritten its journal", peer=self.node[:12], reason=reason)
        wanted.start_over(self.node, now)
        self._reading_again = True
        self._ask_journal(plan, facts, now)
