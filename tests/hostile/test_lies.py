"""What a contact's node may try with resources and journals over an open session."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from sdmp import traffic
from sdmp.encoding import JSON, b64, hash_b64
from sdmp.resource import make_resource, read_resource
from sdmp.signature import Envelope
from tests.hostile.conftest import Victim, forged, settle
from tests.support.hostile import Actor, Link, exchange, linked
from tests.support.hostile import honest as truthfully

pytestmark = pytest.mark.nodes


def giving(*envelopes: Envelope) -> Callable[[Link, traffic.Request], traffic.Section | None]:
    """Answer each request for resources with these, asked for or not."""

    def answer(link: Link, request: traffic.Request) -> traffic.Section | None:
        if isinstance(request, traffic.RequestResource):
            return traffic.answer_batch(request.identifier, envelopes)
        return truthfully(link, request)

    return answer


async def test_an_honest_letter_is_received(honest: Link, bob: Victim) -> None:
    await exchange(honest, "hello")
    assert "hello" in [letter["title"] for letter in await asyncio.to_thread(bob.letters)]


async def test_wrong_signatures_are_dropped_and_the_right_one_taken_later(
    honest: Link, bob: Victim, mallory: Actor
) -> None:
    before = bob.drops("signature")
    letter = mallory.letter(bob.target, "signed wrongly first")
    async with linked(mallory, bob.target, answer=giving(forged(letter))) as link:
        await link.publish(letter)
        await asyncio.to_thread(bob.until, lambda: bob.drops("signature") > before)
        assert not bob.holds(letter.identifier)
        await exchange(honest)
        # The refusal is not remembered by identifier: the real one is asked for again.
        link.answer = truthfully
        await link.until(lambda: letter.identifier in link.receipts)


async def test_a_foreign_ciphertext_signed_anew_is_not_filed(
    honest: Link, bob: Victim, mallory: Actor, carol: Actor
) -> None:
    letter = await honest.publish(carol.letter(bob.target, "from Carol alone"))
    await honest.until(lambda: letter.identifier in honest.receipts)
    sealed = read_resource(letter).sections["encrypted"]
    stolen = mallory.by_node(encrypted=sealed)
    async with linked(mallory, bob.target) as link:
        await link.publish(stolen)
        await exchange(link, "after the theft")  # read behind it, so the theft has been read
        assert stolen.identifier not in link.receipts
        await exchange(honest)
    letters = await asyncio.to_thread(bob.letters)
    assert [one["title"] for one in letters].count("from Carol alone") == 1


async def test_what_nobody_asked_for_is_dropped(
    honest: Link, bob: Victim, mallory: Actor, carol: Actor
) -> None:
    extra = mallory.letter(bob.target, "nobody asked for this")
    bare = mallory.letter(bob.target, "nor for this")
    wanted = mallory.letter(bob.target, "but for this")
    async with linked(mallory, bob.target, answer=giving(extra, wanted)) as link:
        await link.publish(wanted)  # the answer holds one more than was asked for
        await link.say(bare)  # a bare resource is a credential, and a letter is none
        unasked = traffic.answer_batch("never asked", [extra])
        await link.speak(response=unasked)
        await link.until(lambda: wanted.identifier in link.receipts)
        await settle(link)
        assert not bob.holds(extra.identifier)
        assert not bob.holds(bare.identifier)
        await exchange(honest)


async def test_a_response_to_another_question_ends_the_session(
    honest: Link, bob: Victim, mallory: Actor
) -> None:
    def confused(link: Link, request: traffic.Request) -> traffic.Section | None:
        return traffic.answer_journal(request.identifier, hash_b64(b"elsewhere"), [])

    async with linked(mallory, bob.target, answer=confused) as link:
        await link.publish(mallory.letter(bob.target, "answered with a journal"))
        await link.end()
        await exchange(honest)


async def test_not_found_tells_nothing(
    honest: Link, bob: Victim, mallory: Actor, carol: Actor
) -> None:
    """What one may not have, what was revoked and what never was look the same."""
    trust = bob.one(
        "SELECT identifier FROM nodes_trust WHERE issuer = ? AND trustee = ?",
        bob.target.user.fingerprint, carol.user.fingerprint,
    )  # fmt: skip
    secret = await honest.publish(carol.letter(bob.target, "between the two of us"))
    gone = await honest.publish(carol.letter(bob.target, "taken back"))
    await honest.until(lambda: gone.identifier in honest.receipts)
    await honest.publish(carol.by_node(revoke={"resource": gone.identifier}))
    author = carol.user.fingerprint
    await asyncio.to_thread(
        bob.until,
        lambda: bob.one(
            "SELECT revoked_by_id FROM journal_resource WHERE identifier = ?", gone.identifier
        ),
    )
    async with linked(mallory, bob.target) as link:
        nothing = hash_b64(b"there is no such resource")
        for identifier in (secret.identifier, gone.identifier, nothing):
            alone = await link.ask_one(author, identifier)
            assert (alone.status, alone.data) == ("not_found", None)
            batch = await link.ask([(author, identifier)])
            assert batch.data == traffic.Batch((), ((author, identifier),))
        # The right identifier under a wrong author does not exist either.
        alone = await link.ask_one(mallory.user.fingerprint, secret.identifier)
        assert alone.status == "not_found"
        # Bob knows Mallory, who may read what he publishes; his trust for Carol among it.
        held = await link.ask_one(bob.target.user.fingerprint, trust)
        assert held.status == "ok"
    # To Carol the revocation stands in the place of what she took back.
    mine = await honest.ask_one(author, gone.identifier)
    assert isinstance(mine.data, traffic.One)


async def test_a_node_that_never_agreed_is_nobodys(
    honest: Link, bob: Victim, mallory: Actor, carol: Actor
) -> None:
    """Mallory trusts Carol's node, and Bob's, as her own: it gives her nothing."""
    claims = [
        mallory.by_user(trust={"trustee": node, "type": "node", "authorization": ["read_resource"]})
        for node in (carol.node.fingerprint, bob.target.node.fingerprint)
    ]
    async with linked(mallory, bob.target) as link:
        for claim in claims:
            await link.publish(claim)
        await asyncio.to_thread(bob.until, lambda: all(bob.holds(c.identifier) for c in claims))
        # Traffic in the name of another node's user ends the session.
        await link.say(mallory.by_node(as_user=carol.user.fingerprint, request_journal={
            "identifier": "x", "since": bob.target.node.fingerprint}))  # fmt: skip
        await link.end()
    await exchange(honest)
    assert bob.one(
        "SELECT count(*) FROM nodes_identity WHERE user = ? AND fingerprint != ? AND type='node'",
        mallory.user.fingerprint, mallory.node.fingerprint,
    ) == 0  # fmt: skip


async def test_a_contact_cannot_declare_itself_a_node_of_the_user(
    honest: Link, bob: Victim, mallory: Actor
) -> None:
    victim = bob.target.user.fingerprint
    trust = bob.one(
        "SELECT identifier FROM nodes_trust WHERE issuer = ? AND trustee = ?",
        victim, mallory.user.fingerprint,
    )  # fmt: skip
    own = bob.one(
        "SELECT identifier FROM nodes_trust WHERE issuer = ? AND trustee = ?",
        victim, bob.target.node.fingerprint,
    )  # fmt: skip
    identity = read_resource(mallory.node_identity).sections["identity"]
    claims = [
        mallory.by_node(as_user=victim, by=named, identity=identity)
        for named in (trust, own, mallory.trust.identifier, hash_b64(b"no trust"))
    ]
    claims.append(
        make_resource(victim, mallory.node, {"trust": {
            "trustee": mallory.node.fingerprint, "type": "node",
            "authorization": ["read_resource", "read_encrypted"]}}, trust=own).envelope
    )  # fmt: skip
    async with linked(mallory, bob.target) as link:
        await link.say(*claims)
        for claim in claims:
            mallory.publish(claim, user=victim)
        await link.broadcast()
        await exchange(link, "a node of Bob's?")
        assert not any(bob.holds(claim.identifier) for claim in claims)
        # Speaking for Bob is not possible either.
        await link.say(mallory.by_node(as_user=victim, by=trust, broadcast={
            "since": hash_b64(b""), "entries": []}))  # fmt: skip
        await link.end()
    await exchange(honest)


async def test_receipts_count_only_for_letters_that_were_addressed_to_their_author(
    honest: Link, bob: Victim, mallory: Actor, carol: Actor
) -> None:
    uri = await asyncio.to_thread(
        bob.node.command, "send_message", "bob", "--to", carol.user.fingerprint,
        "--title", "for Carol",
    )  # fmt: skip
    identifier = uri.strip().rpartition("/")[2]
    keys = [bob.target.user, bob.target.node]

    def state() -> str:
        return str(bob.one(
            "SELECT d.state FROM mail_delivery d JOIN mail_letter l ON l.id = d.letter_id "
            "JOIN journal_resource r ON r.id = l.resource_id WHERE r.identifier = ?", identifier
        ))  # fmt: skip

    async with linked(mallory, bob.target) as link:
        await link.publish(mallory.sealed(keys, receipt=identifier))
        await exchange(link, "behind the false receipt")
        assert state() != "received"
        await honest.publish(carol.sealed(keys, receipt=identifier))
        await asyncio.to_thread(bob.until, lambda: state() == "received")


async def test_letters_to_somebody_else_or_to_nobody_are_not_filed(
    honest: Link, bob: Victim, mallory: Actor, carol: Actor
) -> None:
    many = [hash_b64(b"%d" % number) for number in range(10_000)]
    letters = [
        mallory.letter(bob.target, "To names Carol", [carol.user.fingerprint]),
        mallory.letter(bob.target, "To names nobody", []),
        mallory.letter(bob.target, "To names ten thousand", [*many, bob.target.user.fingerprint]),
    ]
    async with linked(mallory, bob.target) as link:
        for letter in letters:
            await link.publish(letter)
        await exchange(link, "to Bob himself")
        assert not {letter.identifier for letter in letters} & link.receipts
    await exchange(honest)
    titles = [letter["title"] for letter in await asyncio.to_thread(bob.letters)]
    assert "to Bob himself" in titles
    assert not [title for title in titles if title.startswith("To names")]


async def test_ten_thousand_recipients_of_the_ciphertext_are_refused(
    honest: Link, bob: Victim, mallory: Actor
) -> None:
    letter = mallory.letter(bob.target, "for ten thousand keys")
    section: JSON = read_resource(letter).sections["encrypted"]
    assert isinstance(section, dict)
    recipients = section["recipients"]
    assert isinstance(recipients, list)
    crowd = mallory.by_node(encrypted={**section, "recipients": recipients * 2_500})
    async with linked(mallory, bob.target) as link:
        await link.publish(crowd)
        await exchange(link, "after the crowd")
        assert not bob.holds(crowd.identifier)
    await exchange(honest)


async def test_nobody_keeps_a_letter_from_coming_by_revoking_it_first(
    honest: Link, bob: Victim, mallory: Actor, carol: Actor
) -> None:
    """A revocation that comes before its target, by one who has no right to it, does nothing."""
    letter = carol.letter(bob.target, "revoked by a stranger")
    early = mallory.by_user(revoke={"resource": letter.identifier})

    def hold_back(link: Link, request: traffic.Request) -> traffic.Section | None:
        if isinstance(request, traffic.RequestResource) and letter.identifier in [
            identifier for _, identifier in request.wanted
        ]:
            return traffic.answer_batch(request.identifier, [], request.wanted)
        return truthfully(link, request)

    async with linked(mallory, bob.target) as link:
        await link.publish(early)
        await asyncio.to_thread(bob.until, lambda: bob.holds(early.identifier))
        honest.answer = hold_back
        await honest.publish(letter)
        await honest.until(lambda: bool(honest.asked))
        await settle(honest)
        honest.answer = truthfully
        # It stays wanted, and is asked for again.
        await honest.until(lambda: letter.identifier in honest.receipts)


async def test_names_that_break_databases_and_dates_that_break_calendars(
    honest: Link, bob: Victim, mallory: Actor
) -> None:
    letters = [
        mallory.sealed(
            [bob.target.node],
            message=f"Title: dated {year}\nDate: {year}-{rest}\n"
            f"To: sdmp://{bob.target.user.fingerprint}/\n\nThe end \0 of days.",
        )
        for year, rest in (
            ("0001", "01-01T00:00:00.000Z"),
            ("9999", "12-31T23:59:59.999Z"),
        )
    ]
    strange = [
        mallory.by_node(node={"ips": [], "name": "a\0b" * 300}),
        mallory.by_user(user={"name": "\0" * 10 + "x" * 100_000}),
        mallory.by_node(node={"ips": [], "urls": ["ws://" + "a" * 300 + ".example/sdmp"]}),
    ]
    wide = mallory.by_node(message="with a wide header")
    header = b'{"alg":"RS512",%s"kid":"%s"}' % (b" " * 800, mallory.node.fingerprint.encode())
    protected = b64(header)
    signature = b64(mallory.node.sign(f"{protected}.{wide.payload}".encode()))
    wide = replace(wide, protected=protected, signature=signature)
    async with linked(mallory, bob.target) as link:
        for envelope in (*letters, *strange, wide):
            await link.publish(envelope)
        await link.until(lambda: {one.identifier for one in letters} <= link.receipts)
        await exchange(link, "after strange names")
        await link.publish(mallory.address)
    assert all(bob.holds(envelope.identifier) for envelope in strange)
    assert not bob.holds(wide.identifier)
    titles = [letter["title"] for letter in await asyncio.to_thread(bob.letters)]
    assert {"dated 0001", "dated 9999"} <= set(titles)
    await exchange(honest)
