"""How two nodes meet: what each shows the other, and whether they may talk (protocol §10).

The blocking side of a handshake; `journal.sync` moves the frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from django.utils import timezone

from journal.credentials import (
    credentials_for,
    farewells_for,
    judge_shown,
    keep_contact_requests,
    keep_shown,
    said_farewell,
)
from journal.desk import Desk
from journal.metering import too_much_today
from journal.takeover import farewell_addresses, former_meant
from nodes import keystore
from nodes.addresses import reach_of
from nodes.counts import count
from nodes.facts import current_facts
from nodes.models import LocalNode
from nodes.peers import note_called
from sdmp import limits
from sdmp.handshake import Role
from sdmp.session import Session
from sdmp.signature import Envelope
from sdmp.trust import Facts

_log = structlog.get_logger(__name__)
_LARGEST_SHOWN: Final = 10_000  # characters of a payload; sealed it has to fit a frame of 16 KiB


class Meeting:
    """A handshake from our side.

    Args:
        expected: the node that we call; `None` when called.
        caller: the address from which we are called.
    """

    def __init__(self, expected: str | None = None, caller: str = "") -> None:
        self.role = Role.RESPONDER if expected is None else Role.INITIATOR
        self.why_not = ""
        self.introduced = False  # we told a peer who meant our earlier key which it is now
        self._expected = expected
        self._caller = caller
        self._node = expected or ""
        self._shown: list[Envelope] = []
        self._parted = False
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """The state machine of this meeting, once begun."""
        assert self._session is not None
        return self._session

    def begin(self) -> Session:
        """Prepare the session."""
        facts = current_facts()
        keystore.follow(LocalNode.objects.get().fingerprint)
        self._session = Session(self.role, keystore.node_key(), facts.key, expected=self._expected)
        return self._session

    def first_frames(self) -> list[str]:
        """Give the frames that begin the handshake: an initiator's value."""
        return self.session.start() if self.role is Role.INITIATOR else []

    def agreed(self) -> list[str]:
        """Both values are known: the responder shows its own, the initiator proves itself."""
        if self.role is Role.RESPONDER:
            return self.session.start()
        return self._prove()

    def proved(self, node: str, credentials: Sequence[Envelope]) -> list[str]:
        """The peer has proved its key: keep what it showed, and say yes or no."""
        self._node = node
        now = timezone.now()
        here = keystore.node_fingerprint()
        keep_shown(credentials, node=node, here=here, now=now)
        facts, accepted = judge_shown(credentials, here=here, now=now)
        former = former_meant(node, facts, now) if self.role is Role.RESPONDER else None
        if former is not None:
            return self._introduce(former, facts, now)
        if not facts.may_talk(here, node, now):
            keep_contact_requests(credentials, accepted, node=node, here=here, now=now)
            if self.role is Role.RESPONDER:
                count("calls_refused", "not known")
            return self._refuse(node, now)
        if self.role is Role.RESPONDER:
            if too_much_today(node, now) is not None:
                count("calls_refused", "too much today")
                self.why_not = "The other node has reached its limit of a day."
                return self.session.refuse([])
            return self._prove()
        self.session.open()
        return []

    def refused(self, revocations: Sequence[Envelope]) -> None:
        """The peer said no; a revocation that it gave as the cause is kept."""
        now = timezone.now()
        self.why_not = "The other node does not let us in yet."
        keep_shown(revocations, node=None, here=keystore.node_fingerprint(), now=now)
        # It has seen what we showed, the revocations among it.
        self._parted = self._expected is not None and bool(self._shown)

    def parted(self) -> None:
        """Note, once all is sent, that the peer has been told what it was to be told."""
        if self._parted:
            said_farewell(self._node)

    def desk(self) -> Desk:
        """Make the desk for the open session, and note that the peer could call us."""
        if self.role is Role.RESPONDER:
            note_called(self._node, reach_of(self._caller or "localhost"), timezone.now())
        return Desk(self._node, self._shown)

    def _prove(self) -> list[str]:
        here = keystore.node_fingerprint()
        known = credentials_for(self._node, here=here, facts=current_facts(), now=timezone.now())
        return self._show(known)

    def _introduce(self, former: str, facts: Facts, now: datetime) -> list[str]:
        """Answer as the node that we were, show who we are now, and end the session."""
        self.introduced = True
        self.session.speak_as(keystore.own_key(former))
        here = keystore.node_fingerprint()
        known = credentials_for(self._node, here=here, facts=facts, now=now)
        return self._show(known + farewell_addresses(former))

    def _show(self, known: Sequence[Envelope]) -> list[str]:
        fitting = [envelope for envelope in known if len(envelope.payload) <= _LARGEST_SHOWN]
        self._shown = fitting[: limits.CREDENTIALS]
        return self.session.prove(self._shown)

    def _refuse(self, node: str, now: datetime) -> list[str]:
        causes = farewells_for(node, now)
        self._parted = bool(causes)
        self.why_not = "The other node is nobody's whom an account here trusts."
        return self.session.refuse(causes)
