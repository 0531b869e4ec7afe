"""What the picture of trusts shows, and the list that says the same (protocol §6).

Only what concerns the people of this node is drawn: whom they trust and who trusts them, and the
nodes that work for these. What people elsewhere trust among themselves stands in the list of all
trusts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext

from hosting.names import Names
from journal.models import Resource
from journal.trusts import ends
from mail.presentation import day_words, in_zone, initials, short_name
from nodes import keystore
from nodes.facts import current_facts
from nodes.models import Account, LocalNode, Peer, Trust
from panel.drawing import MOST
from panel.overdue import overdue_query
from panel.shapes import Colour, Dot, Household, How, Link
from panel.trusts import SOON
from sdmp.trust import Facts, IdentityType, TrustFact

_CROWD: Final = 8  # people of one household who are drawn
_LATELY: Final = timedelta(days=90)  # how long what has ended is still drawn


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list: two who trust each other, or one the other, and how that stands."""

    words: str
    state: str
    colour: Colour
    until: datetime | None
    address: str


@dataclass(slots=True)
class Picture:
    """What is to be drawn, and the same as rows; `left_out` counts households without a place."""

    here: Dot
    accounts: list[Dot] = field(default_factory=list)
    households: list[Household] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    left_out: int = 0

    @property
    def users(self) -> int:
        """How many users are drawn."""
        return len(self.accounts) + sum(len(one.users) for one in self.households)

    @property
    def nodes(self) -> int:
        """How many nodes are drawn."""
        return 1 + sum(len(one.nodes) for one in self.households)


@dataclass(frozen=True, slots=True)
class _Tie:
    """How one user stands to another, or to a node."""

    user: str
    other: str
    how: How
    words: str  # short, for the picture
    colour: Colour
    until: datetime | None
    identifier: str
    towards: str = ""


def make_picture(now: datetime, *, whose: str = "", attention: bool = False) -> Picture | None:
    """Gather what is to be drawn; `None` while there is no node yet.

    Args:
        now: the present moment.
        whose: the fingerprint of one account, or everybody's when empty.
        attention: only what has ended, ends soon, is one-sided or is not reached.
    """
    local = LocalNode.objects.first()
    if local is None:
        return None
    return _Gathering(local, now).picture(whose, attention=attention)


class _Gathering:
    """The facts and names that one picture is made of."""

    def __init__(self, local: LocalNode, now: datetime) -> None:
        self.now = now
        self.local = local
        self.facts: Facts = current_facts()
        self.names = Names()
        self.own = set(keystore.own_fingerprints())
        self.zone = timezone.get_current_timezone()
        self.accounts = {
            user: account for user, account in self.names.accounts.items() if not account.is_echo
        }
        echo = self.names.accounts.keys() - self.accounts.keys()
        self.out = self.own | echo  # who is not drawn as somebody elsewhere
        self.peers = {row.fingerprint: row for row in Peer.objects.all()}
        late = Peer.objects.filter(overdue_query(now))
        self.lost = set(late.values_list("fingerprint", flat=True))
        revoked = Resource.objects.filter(kind="trust").exclude(revoked_by=None)
        recent = revoked.filter(revoked_by__received__gte=now - _LATELY)
        self.withdrawn = dict(recent.values_list("identifier", "revoked_by__received"))
        self.shared: Counter[str] = Counter()  # first names of several who are drawn
        self.keys = dict(Trust.objects.values_list("identifier", "pk"))

    def picture(self, whose: str, *, attention: bool) -> Picture:
        """Draw what is asked for."""
        shown = {user for user in self.accounts if whose in ("", user)}
        trusted = [self.facts.trustees(user, "user") for user in shown]
        trusting = [self.facts.issuers(user, "user") for user in shown]
        self.names.load(users=set(self.accounts).union(*trusted, *trusting))
        ties = self._ties_of_people(shown) + self._ties_to_nodes(shown)
        elsewhere = {tie.other for tie in ties if tie.other not in self.accounts}
        people = {other for other in elsewhere if self.facts.kind(other) != "node"}
        inner = self._ties_to_nodes(people)
        groups = _groups(elsewhere, inner)
        self.names.load(
            users=people | set(self.accounts),
            nodes=(elsewhere - people) | {tie.other for tie in inner},
        )
        picture = Picture(self._here())
        accounts = shown | {tie.other for tie in ties if tie.other in self.accounts}
        self.shared = Counter(self._short(user) for user in people | accounts)
        picture.accounts = [self._user(user) for user in self._by_name(accounts)]
        made = []
        for group in groups:
            near = [tie for tie in ties if tie.other in group]
            within = [tie for tie in inner if tie.user in group]
            one, worst = self._household(group, near, within)
            if not attention or worst:
                made.append((worst, one))
        made.sort(key=lambda item: -item[0])  # what needs attention finds its place first
        room = MOST
        for _, one in made:
            room -= len(one.users) + len(one.nodes)
            if room >= 0:
                picture.households.append(one)
        picture.left_out = len(made) - len(picture.households)
        drawn = {dot.key for one in picture.households for dot in (*one.users, *one.nodes)}
        for tie in ties:
            calm = tie.how == "both" and not tie.colour
            among = tie.other in self.accounts
            if tie.other in drawn or (among and not calm):
                picture.links.append(self._link(tie))
            if not (attention and (calm or (tie.how == "works" and not tie.colour))):
                picture.rows.append(self._row(tie))
        picture.rows += [self._row(tie) for tie in inner if tie.colour]
        picture.rows.sort(key=lambda row: (_URGENCY[row.colour], row.words))
        return picture

    # Who stands how to whom

    def _ties_of_people(self, users: Iterable[str]) -> list[_Tie]:
        found, done = [], set()
        for user in self._by_name(users):
            others = self.facts.trustees(user, "user") | self.facts.issuers(user, "user")
            for other in sorted(others - {user}):
                pair = frozenset((user, other))
                if pair not in done and other not in self.out:
                    done.add(pair)
                    if tie := self._tie(user, other):
                        found.append(tie)
        return found

    def _tie(self, user: str, other: str) -> _Tie | None:
        given, back = self._best(user, other, "user"), self._best(other, user, "user")
        if given and back:
            ending = [fact for fact in (given, back) if ends(fact.expires)]
            first = min(ending, key=lambda fact: fact.expires or self.now, default=given)
            until = first.expires if ending else None
            words, colour = self._until(until)
            return _Tie(user, other, "both", words, colour, until, first.identifier)
        one = given or back
        if one is not None:
            asked = other if given else user
            words = gettext("%(name)s has not answered") % {"name": self._short(asked)}
            if asked in self.accounts:
                words = gettext("waits for %(name)s") % {"name": self._short(asked)}
            until = one.expires if ends(one.expires) else None
            return _Tie(user, other, "one", words, "warn", until, one.identifier, asked)
        both = self.facts.trusts_between(user, other) + self.facts.trusts_between(other, user)
        return self._over(user, other, both)

    def _ties_to_nodes(self, users: Iterable[str]) -> list[_Tie]:
        found = []
        for user in sorted(users):
            for node in sorted(self.facts.trustees(user, "node") - self.own):
                tie = self._tie_to_node(user, node)
                if tie is not None:
                    found.append(tie)
        return found

    def _tie_to_node(self, user: str, node: str) -> _Tie | None:
        trust = self._best(user, node, "node")
        if trust is None:
            return self._over(user, node, self.facts.trusts_between(user, node))
        until = trust.expires if ends(trust.expires) else None
        if self.facts.authorised(user, node, self.now) is None:
            words = gettext("%(name)s has not agreed") % {"name": self.names.node(node)}
            return _Tie(user, node, "one", words, "warn", until, trust.identifier, node)
        words, colour = self._until(until) if user in self.accounts else ("", "")
        return _Tie(user, node, "works", words, colour, until, trust.identifier)

    def _best(self, user: str, other: str, kind: IdentityType) -> TrustFact | None:
        """Find the current trust of one in another that lasts longest."""
        current = [
            fact
            for fact in self.facts.trusts_between(user, other)
            if fact.type == kind and self.facts.is_current(fact, self.now)
        ]
        if not current:
            return None
        endless = [fact for fact in current if fact.expires is None]
        return endless[0] if endless else max(current, key=lambda fact: str(fact.expires))

    def _over(self, user: str, other: str, facts: Sequence[TrustFact]) -> _Tie | None:
        """Describe what ended lately; nothing when it is long ago."""
        moments = []
        for fact in facts:
            if fact.identifier in self.withdrawn:
                moments.append((self.withdrawn[fact.identifier], fact))
            elif fact.expires and self.now - _LATELY <= fact.expires <= self.now:
                moments.append((fact.expires, fact))
        if not moments:
            return None
        at, fact = max(moments, key=lambda item: item[0])
        words = gettext("ended %(day)s") % {"day": day_words(at, self.zone)}
        return _Tie(user, other, "over", words, "bad", at, fact.identifier)

    def _until(self, until: datetime | None) -> tuple[str, Colour]:
        if until is None:
            return "", ""
        if until - self.now > SOON:
            return gettext("until %(day)s") % {"day": day_words(until, self.zone)}, ""
        left = (in_zone(until, self.zone).date() - in_zone(self.now, self.zone).date()).days
        if left <= 0:
            return gettext("ends today"), "warn"
        words = ngettext("ends in %(n)d day", "ends in %(n)d days", left)
        return words % {"n": left}, "warn"

    # As shapes

    def _here(self) -> Dot:
        title = gettext("%(node)s, this node") % {"node": self.local.name}
        address = reverse("admin:index")
        return Dot("here", self.local.name, title, address, node=True, here=True)

    def _user(self, user: str) -> Dot:
        name, account = self.names.user(user), self.accounts.get(user)
        title = name if account is None else gettext("%(name)s, account here") % {"name": name}
        address = _account_page(account) if account else _trusts_of(user)
        short = self._short(user)
        label = name if self.shared[short] > 1 else short
        return Dot(user, label, title, address, initials(name), here=bool(account))

    def _node(self, node: str) -> Dot:
        name, peer, lost = self.names.node(node), self.peers.get(node), node in self.lost
        title = gettext("The node %(node)s") % {"node": name}
        if lost:
            title = gettext("The node %(node)s, which does not answer") % {"node": name}
        address = _trusts_of(node)
        if peer is not None:
            address = reverse("admin:nodes_peer_change", args=[peer.pk])
        return Dot(node, name, title, address, node=True, lost=lost)

    def _household(
        self, group: set[str], near: Sequence[_Tie], within: Sequence[_Tie]
    ) -> tuple[Household, int]:
        """Make a household, and say how much it needs attention: 0 not at all, 2 most."""
        nodes = {tie.other for tie in within} | {g for g in group if self.facts.kind(g) == "node"}
        users = group - nodes
        lost = sorted(nodes & self.lost)
        told: list[tuple[str, Colour]] = [(tie.words, tie.colour) for tie in near if tie.words]
        told += [(tie.words, tie.colour) for tie in within if tie.colour]
        told += [
            (gettext("%(node)s does not answer") % {"node": self.names.node(node)}, "warn")
            for node in lost
        ]
        if users and not nodes:
            told.append((gettext("no node known"), "warn"))
        told = sorted(dict.fromkeys(told), key=lambda item: _URGENCY[item[1]])
        troubles = [colour for _, colour in told if colour]
        if len(told) > 2:
            more = gettext("and %(n)d more") % {"n": len(told) - 1}
            told = [told[0], (more, "warn" if len(troubles) > 1 else "")]
        if len(users) > _CROWD:
            others = gettext("%(n)d people, of whom %(some)d are drawn")
            told = [told[0]] if told else []
            told.append((others % {"n": len(users), "some": _CROWD}, ""))
        drawn = self._by_name(users)[:_CROWD]
        household = Household(
            tuple(self._user(user) for user in drawn),
            tuple(self._node(node) for node in sorted(nodes, key=self.names.node)),
            tuple((tie.user, tie.other, tie.how) for tie in within if tie.user in drawn),
            tuple(told),
        )
        worst = 2 if "bad" in troubles else 1 if troubles else 0
        return household, worst

    def _link(self, tie: _Tie) -> Link:
        row = self._row(tie)
        title = f"{row.words}: {row.state}"
        return Link(tie.user, tie.other, tie.how, title, row.address, tie.towards)

    def _row(self, tie: _Tie) -> Row:
        node = self.facts.kind(tie.other) == "node"
        values = {"one": self.names.user(tie.user), "other": self.names.of(tie.other, self.facts)}
        if node:
            words = gettext("%(one)s and the node %(other)s") % values
            states = {"works": gettext("works"), "one": gettext("has not agreed")}
        elif tie.how == "one" and tie.towards == tie.user:
            words = gettext("%(other)s to %(one)s") % values
            states = {"one": gettext("one side only, %(words)s") % {"words": tie.words}}
        else:
            pattern = gettext("%(one)s to %(other)s") if tie.how == "one" else ""
            words = (pattern or gettext("%(one)s and %(other)s")) % values
            states = {"both": gettext("both ways"), "one": gettext("one side only")}
        state = states.get(tie.how, gettext("ended"))
        if tie.colour == "warn" and tie.how in ("both", "works"):
            state = f"{state}, {tie.words}"
        key = self.keys.get(tie.identifier)
        address = reverse("admin:nodes_trust_change", args=[key]) if key else ""
        return Row(words, state, tie.colour, tie.until, address)

    def _short(self, user: str) -> str:
        return short_name(self.names.user(user)) or user[:12]

    def _by_name(self, users: Iterable[str]) -> list[str]:
        return sorted(users, key=lambda user: (self.names.user(user).casefold(), user))


_URGENCY: Final[dict[Colour, int]] = {"bad": 0, "warn": 1, "": 2}


def _groups(elsewhere: set[str], inner: Sequence[_Tie]) -> list[set[str]]:
    """Put together who shares a node, and the nodes with them."""
    group_of = {one: {one} for one in elsewhere}
    for tie in inner:
        mine = group_of.setdefault(tie.user, {tie.user})
        theirs = group_of.setdefault(tie.other, {tie.other})
        if mine is not theirs:
            mine |= theirs
            for one in theirs:
                group_of[one] = mine
    return list({id(group): group for _, group in sorted(group_of.items())}.values())


def _trusts_of(fingerprint: str) -> str:
    return f"{reverse('admin:nodes_trust_changelist')}?{urlencode({'q': fingerprint})}"


def _account_page(account: Account) -> str:
    try:
        return reverse("admin:nodes_account_change", args=[account.pk])
    except NoReverseMatch:
        return _trusts_of(str(account.fingerprint))
