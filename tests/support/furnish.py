"""A house that looks lived in: run in the environment of a node, for pictures and page checks.

Divya owns the node; Mira, Chidi and Ana have accounts on it; Ben lives elsewhere, on a node that
does not answer, and Carol asks to be a contact. What is written stands below, newest last. Prints
the keys of conversations and what else stands in addresses, as JSON.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from typing import Any, Final

import orjson

from sdmpweb.demo.drawing import garden

PASSWORD: Final = "a long house-key 7"
OWNER: Final = "divya"

_TABLES = garden()
_MENU = b"%PDF-1.7\n" + bytes(88_000)

# Days and hours ago, writer, to whom, title, what it answers, text, files.
LETTERS: Final[tuple[tuple[float, str, tuple[str, ...], str, str, str, tuple[Any, ...]], ...]] = (
    (120, "chidi", ("divya",), "Recipe, the one with plantain", "",
     "Here it is, as my aunt makes it. You need **three** ripe ones.", ()),
    (119, "divya", ("chidi",), "Re: Recipe, the one with plantain", "Recipe, the one with plantain",
     "Would two do? And how much ginger?", ()),
    (118, "chidi", ("divya",), "Re: Recipe, the one with plantain", "Recipe, the one with plantain",
     "Two ripe ones, and do not be shy with the ginger", ()),
    (80, "ana", ("divya",), "Which train on the 4th?", "",
     "The 12:10 or the 14:10? The later one waits for the boat.", ()),
    (79, "divya", ("ana",), "Re: Which train on the 4th?", "Which train on the 4th?",
     "The 14:10 then. I will stand at the clock as always", ()),
    (60, "mira", ("divya",), "Bicycle", "",
     "The chain is on, the brakes want another look before winter", ()),
    (30, "divya", ("ben",), "Photos from Sunday", "",
     "The one by the lake came out best", (("lake.png", "image/png", _TABLES),)),
    (28, "maximiliana", ("divya",),
     "Minutes of the allotment association’s extraordinary general meeting", "",
     "Dear all, as agreed the hedge along the eastern path stays", ()),
    (9, "mira", ("divya",), "School trip: form to sign by Tuesday", "",
     "They need a name and a telephone number for each child",
     (("form.pdf", "application/pdf", _MENU),)),
    (5, "ana", ("divya", "chidi", "ben"), "Grandmother’s eightieth", "",
     "Dear all, Grandmother is **eighty** on Saturday week. Where shall we be?", ()),
    (4.5, "chidi", ("divya", "ana", "ben"), "Re: Grandmother’s eightieth",
     "Grandmother’s eightieth",
     "> Where shall we be?\n\nNot at mine again, the chairs have not recovered.", ()),
    (4, "divya", ("ana", "chidi", "ben"), "Re: Grandmother’s eightieth", "Grandmother’s eightieth",
     "The boathouse? It has a stove.", ()),
    (3, "ana", ("divya", "chidi", "ben"), "Re: Grandmother’s eightieth", "Grandmother’s eightieth",
     "The boathouse is ours from **three on Saturday**. I put the plan of the tables and the menu "
     "here; please tell me by Wednesday who eats no fish.\n\n1. Soup\n2. Pike, or dumplings\n"
     "3. The cake\n\n> It has a stove.\n\nAnd *wood* for it: see <https://boathouse.example/wood>",
     (("boathouse-tables.png", "image/png", _TABLES),
      ("menu-for-the-eightieth-with-all-changes-since-october.pdf", "application/pdf", _MENU))),
    (2, "chidi", ("divya",), "Keys to the workshop", "",
     "I left the spare set with Mira, she is at home until six", ()),
    (1, "divya", ("ana", "chidi", "ben"), "Re: Grandmother’s eightieth", "Grandmother’s eightieth",
     "I will bring the long table", ()),
)  # fmt: skip

NAMES: Final = {
    "divya": "Divya Raman",
    "ana": "Ana Lindqvist",
    "chidi": "Chidi Eze",
    "mira": "Mira Raman",
    "maximiliana": "Maximiliana Featherstonehaugh-Oyelaran",
    "hana": "Hana Novák",
}


def main() -> None:
    """Furnish the node of `SDMPWEB_DATA`, which must have no account yet."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "sdmpweb.settings"
    import django

    django.setup()
    from sdmpweb import schema

    schema.bring_up_to_date()
    sys.stdout.buffer.write(orjson.dumps(furnish()))


def furnish() -> dict[str, dict[str, str]]:
    """Make the people, what they know of each other and what they wrote."""
    from django.utils import timezone

    from journal.enrol import enrol, make_node
    from mail.cards import export_card
    from mail.contacts import add_contact
    from mail.models import Contact, Letter
    from mail.selectors import thread_of
    from mail.send import send
    from nodes import keystore
    from nodes.models import ContactRequest
    from sdmp.card import write_card
    from sdmp.letter import Attachment
    from tests.support.cast import BOB, CAROL, DESK, TABLET

    now = timezone.now()
    make_node("hearth")
    people = {}
    for username, name in NAMES.items():
        owner = username == OWNER
        people[username] = enrol(username, name=name, password=PASSWORD, owner=owner).account
    own = str(people[OWNER].fingerprint)
    people[OWNER].checklist_hidden = True
    people[OWNER].save(update_fields=["checklist_hidden"])
    for one in people.values():
        for other in people.values():
            if one != other and people["hana"] not in (one, other):
                add_contact(one, export_card(other))
        if one != people["maximiliana"]:
            add_contact(one, _card(BOB, DESK), "Ben Okafor")
    Contact.objects.filter(user__in=[a.fingerprint for a in people.values()]).update(let_in=now)
    Contact.objects.filter(account=people[OWNER], user=people["ana"].fingerprint).update(
        checked=now - timedelta(days=40), how_checked="in person"
    )
    asking = [CAROL.identity(), CAROL.profile(), CAROL.trust(TABLET), TABLET.identity(),
              TABLET.node()]  # fmt: skip
    ContactRequest.objects.create(
        user=own, stranger=CAROL.fingerprint, node=TABLET.fingerprint,
        credentials=write_card(asking), received=now - timedelta(days=2),
    )  # fmt: skip
    fingerprints = {name: str(account.fingerprint) for name, account in people.items()}
    fingerprints["ben"] = BOB.fingerprint
    fingerprints["carol"] = CAROL.fingerprint
    fingerprints["here"] = keystore.node_fingerprint()
    uris: dict[str, str] = {}
    for age, writer, to, title, answers, text, files in LETTERS:
        uri = send(
            people[writer],
            to=[fingerprints[name] for name in to],
            title=title,
            body=text,
            attachments=[Attachment(name=n, type=kind, data=data) for n, kind, data in files],
            reply_to=uris.get(answers),
        )
        uris[title] = uri
        _age(uri, now - timedelta(hours=age))
    _notice(people["mira"])
    _write_drafts(people[OWNER], fingerprints["ben"])
    own_letter = Letter.objects.filter(account=people[OWNER], outgoing=True).latest("pk")
    _read_most(people[OWNER])
    _examine(DESK.fingerprint)
    places = {
        **fingerprints,
        "letter": str(own_letter.pk),
        "guest_here": _invite(people[OWNER], "account", "For the flat above"),
        "new_password": _keep_house(people),
        "silent_peer": _fall_silent(DESK.fingerprint),
        "trust_in_ben": _trust(own, BOB.fingerprint),
        "trust_in_ana": _trust(own, fingerprints["ana"]),
        **{f"{name}_account": str(account.pk) for name, account in people.items()},
        "guest_elsewhere": _invite(people[OWNER], "contact", "From the allotments"),
    }
    found = {title: thread_of(people[OWNER], uri) for title, uri in uris.items()}
    return {
        "places": places,
        "conversations": {title: key for title, key in found.items() if key},
    }


def _fall_silent(node: str) -> str:
    """Let a peer have been there until three days ago; returns the number of its row."""
    from django.utils import timezone

    from nodes.models import Exchange, Peer
    from nodes.peers import get_peer

    now, peer = timezone.now(), get_peer(node)
    Peer.objects.filter(pk=peer.pk).update(
        last_contact=now - timedelta(days=3, hours=4), failures=290, known_position=31,
        last_error="it does not answer", next_attempt=now + timedelta(hours=3),
    )  # fmt: skip
    hour = now.replace(minute=0, second=0, microsecond=0)
    for back in range(150):
        there = back > 76
        Exchange.objects.create(
            peer=node, hour=hour - timedelta(hours=back), sessions=int(there),
            failures=0 if there else 4, frames_in=(back * 7) % 11 if there else 0,
            frames_out=(back * 5) % 9 if there else 0, bytes_in=3000 if there else 0,
            bytes_out=2000 if there else 0,
        )  # fmt: skip
    return str(peer.pk)


def _trust(issuer: str, trustee: str) -> str:
    """Give the number of the row of a trust."""
    from nodes.models import Trust

    return str(Trust.objects.get(issuer=issuer, trustee=trustee).pk)


def _keep_house(people: dict[str, Any]) -> str:
    """Do what owners do, and write it down; returns the token of Mira's link to a new password."""
    from dataclasses import replace

    from django.utils import timezone

    from hosting.audit import note
    from hosting.models import AuditEntry
    from mail.login_links import make_link
    from mail.rights import rights_of, save_rights
    from mail.suspending import suspend

    owner, chidi = people[OWNER], people["chidi"]
    note("command.init_node", OWNER, where=AuditEntry.Where.COMMAND)
    note("account.factor.add", "ana", by=people["ana"], where=AuditEntry.Where.PAGE, kind="totp")
    wanted = replace(rights_of(chidi), quota=500_000, may_invite=False)
    note("account.rights", "chidi", by=owner, **save_rights(chidi, wanted))
    suspend(people["maximiliana"])
    note("account.suspend", "maximiliana", by=owner)
    note("account.login_link", "mira", by=owner, factors=False)
    return make_link(people["mira"], clears_factors=False, now=timezone.now())


def _invite(account: Any, kind: str, note: str) -> str:
    """Invite somebody; returns the token of the link."""
    from django.utils import timezone

    from mail.invitations import invite

    return invite(account, kind=kind, lifetime="week", note=note, now=timezone.now())[1]


def _write_drafts(account: Any, ben: str) -> None:
    from mail.drafts import Content, Mark, save

    for title, text in (
        ("Photos, the rest of them", "There are *forty* more"),
        ("", "Milk, bread"),
    ):
        save(account, Content(to=(ben,) if title else (), title=title, body=text), Mark())


def _card(user: Any, node: Any) -> bytes:
    from sdmp.card import write_card

    return write_card(
        [user.identity(), user.profile(), user.trust(node), node.identity(), node.node()]
    )


def _age(uri: str, moment: Any) -> None:
    """File a letter, and make it as old as it is meant to be."""
    from mail.models import Conversation, Delivery, Letter
    from mail.opening import open_waiting
    from sdmp.resource import parse_uri

    while open_waiting():
        pass
    identifier = parse_uri(uri)[1]
    letters = Letter.objects.filter(resource__identifier=identifier)
    letters.update(filed=moment, date=moment)
    Delivery.objects.filter(letter__in=letters, at__isnull=False).update(at=moment)
    Conversation.objects.filter(pk__in=letters.values("conversation")).update(latest=moment)


def _notice(account: Any) -> None:
    from mail.send import send

    uri = send(
        account, to=[], title="Jars for the school market", notice=True,
        body="We sell jam on the 5th. Leave *empty jars* at our door.",
    )  # fmt: skip
    from django.utils import timezone

    _age(uri, timezone.now() - timedelta(hours=20))


def _read_most(owner: Any) -> None:
    """Leave three conversations and a notice unread, one starred."""
    from mail.flags import mark_read, set_starred
    from mail.models import Conversation
    from mail.selectors import list_conversations

    unread = {"Keys to the workshop", "School trip: form to sign by Tuesday"}
    for row in list_conversations(owner, "inbox", None, 100).rows:
        if row.title not in unread and not row.title.startswith("Minutes"):
            mark_read(owner, row.thread)
        if "Grandmother" in row.title:
            set_starred(owner, row.thread, True)
    assert Conversation.objects.filter(account=owner).count() > 7


def _examine(silent: str) -> None:
    """Let the node have checked itself yesterday evening, and a peer be silent for four days."""
    from django.utils import timezone

    from hosting import doctor
    from hosting.checkup.lines import Line
    from hosting.models import Run
    from nodes.models import Peer
    from nodes.peers import get_peer

    then = timezone.now() - timedelta(hours=16)
    lines = [
        *doctor.examine_here(running=True)[:-3],
        Line("call", "unknown", "Call from outside", "No trusted peer is in contact."),
        Line("tls", "warn", "Certificate", "It ends on 4 December 2026.", "Renew it."),
        Line("websocket", "bad", "WebSocket", "None opens.", "Mend the proxy."),
    ]
    Run.objects.create(
        kind=Run.Kind.DOCTOR, started=then, finished=then, outcome=Run.Outcome.BAD,
        words=doctor.worst_words(lines), findings=[line.to_json() for line in lines],
    )  # fmt: skip
    Peer.objects.filter(pk=get_peer(silent).pk).update(
        last_contact=timezone.now() - timedelta(days=4),
        failures=12,
        last_error="It does not answer.",
    )


if __name__ == "__main__":
    main()
