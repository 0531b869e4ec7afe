"""From names typed and chips kept to contacts, and to the sentence of who will be able to read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils import timezone
from django.utils.translation import gettext

from mail import contacts
from mail.contacts import ContactView, NodeView
from mail.people import Person
from mail.presentation import clean_name, join_words, short_name
from mail.readers import keys_for
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account

WRITABLE = ("mutual", "given")
"""States of a contact to whom a letter can be addressed."""
_LONGEST = 10_000
"""Characters of typed names that are read."""


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who was chosen, which names were not understood, and what can be chosen by name."""

    people: tuple[ContactView, ...]
    unknown: tuple[str, ...]
    choices: tuple[str, ...]

    def without(self, fingerprint: str) -> "Recipients":
        """Return the same without one person."""
        kept = (person for person in self.people if person.fingerprint != fingerprint)
        return replace(self, people=tuple(kept))

    def error_of_names(self) -> str:
        """Return a sentence about the names that are no contact's, "" when there are none."""
        if not self.unknown:
            return ""
        names = join_words([f"“{name}”" for name in self.unknown])
        return gettext("%(names)s is not among your contacts.") % {"names": names}

    def error(self) -> str:
        """Return a sentence about what keeps a letter from being addressed, else ""."""
        if self.people or self.unknown:
            return self.error_of_names()
        return gettext("Say to whom it goes.")


def _names(known: Sequence[ContactView]) -> dict[str, ContactView]:
    """Return what each contact is chosen by: its name, and more of it where two are the same."""
    names: dict[str, ContactView] = {}
    same: dict[str, int] = {}
    for contact in known:
        name = clean_name(contact.name).replace(",", " ")
        same[name.lower()] = same.get(name.lower(), 0) + 1
    for contact in known:
        name = clean_name(contact.name).replace(",", " ")
        if same[name.lower()] > 1:
            name = f"{name} ({contact.fingerprint[:8]})"
        names[name] = contact
    return names


def _find(name: str, names: dict[str, ContactView]) -> ContactView | None:
    """Return the contact of that name, or the only one whose name begins with it."""
    lowered = {key.lower(): contact for key, contact in names.items()}
    if name.lower() in lowered:
        return lowered[name.lower()]
    begins = [contact for key, contact in lowered.items() if key.startswith(name.lower())]
    return begins[0] if len(begins) == 1 else None


def read(account: Account, fingerprints: Sequence[str], typed: str) -> Recipients:
    """Return the recipients of chips (`fingerprints`) and of names typed with commas between."""
    known = [item for item in contacts.list_contacts(account) if item.state in WRITABLE]
    names = _names(known)
    by_fingerprint = {contact.fingerprint: contact for contact in known}
    people = {key: by_fingerprint[key] for key in fingerprints if key in by_fingerprint}
    unknown: list[str] = []
    for name in filter(None, (clean_name(part) for part in typed[:_LONGEST].split(","))):
        contact = _find(name, names)
        if contact is None:
            unknown.append(name)
        else:
            people[contact.fingerprint] = contact
    choices = tuple(name for name, contact in names.items() if contact.fingerprint not in people)
    return Recipients(tuple(people.values()), tuple(unknown), choices)


def chips_alone(
    account: Account, fingerprints: Sequence[str], typed: str
) -> tuple[str, ...] | None:
    """Return the recipients when they are chips alone and all can be written to, else `None`.

    It is the usual case, and needs none of what the page shows of all contacts.
    """
    if typed.strip(", ") or not fingerprints:
        return None
    chosen = tuple(dict.fromkeys(fingerprints))
    return chosen if contacts.can_write_to(account, chosen) else None


@dataclass(frozen=True, slots=True)
class Reader:
    """A node, and the person who lets it read, or keep and pass on."""

    person: Person
    node: NodeView


@dataclass(frozen=True, slots=True)
class ReadingNode:
    """A node that can read, and for whom: the names of those who let it, and the account itself."""

    node: NodeView
    people: str
    own: bool


@dataclass(frozen=True, slots=True)
class Readers:
    """Who will be able to read a letter: everybody by name, and the nodes that they let read."""

    people: str
    unchecked: tuple[ContactView, ...]
    unchecked_names: str
    nodes: tuple[ReadingNode, ...]
    relays: tuple[Reader, ...]
    problem: str  # why it cannot be encrypted for all of them

    @property
    def count(self) -> int:
        """How many nodes can read; one that serves several people counts once."""
        return len(self.nodes)


def readers(account: Account, people: Sequence[ContactView]) -> Readers:
    """Return who could read a letter from `account` to `people`."""
    unchecked = tuple(person for person in people if not person.check.good)
    held = contacts.readers(account, [person.fingerprint for person in people])
    return Readers(
        people=join_words([gettext("you"), *(short_name(person.name) for person in people)]),
        unchecked=unchecked,
        unchecked_names=join_words([short_name(person.name) for person in unchecked]),
        nodes=_by_node(held.nodes),
        relays=tuple(Reader(person, node) for person, node in held.relays),
        problem=_problem(account, people),
    )


def _by_node(reading: Sequence[tuple[Person, NodeView]]) -> tuple[ReadingNode, ...]:
    """Return each node once, with everybody who lets it read."""
    nodes: dict[str, tuple[NodeView, list[Person]]] = {}
    for person, node in reading:
        nodes.setdefault(node.fingerprint, (node, []))[1].append(person)
    return tuple(
        ReadingNode(
            node,
            join_words([short_name(person.name) for person in people if not person.own]),
            any(person.own for person in people),
        )
        for node, people in nodes.values()
    )


def _problem(account: Account, people: Sequence[ContactView]) -> str:
    """Say before it is sent why a letter cannot be encrypted for everybody."""
    users = [str(account.fingerprint), *(person.fingerprint for person in people)]
    try:
        keys_for(users, current_facts(), timezone.now())
    except UserError as refusal:
        return str(refusal)
    return ""
