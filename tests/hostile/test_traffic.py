"""What a contact's node may try with the form of its traffic."""

import pytest

from sdmp.encoding import JSON, hash_b64
from sdmp.keys import generate
from sdmp.lines import make_line
from sdmp.resource import make_resource
from tests.hostile.conftest import Victim, forged, settle
from tests.support.hostile import Actor, Link, exchange, linked

pytestmark = pytest.mark.nodes


async def test_padding_and_other_forms_of_traffic_end_the_session(
    honest: Link, bob: Victim, mallory: Actor
) -> None:
    victim = bob.target.user.fingerprint
    stranger = generate(2048)
    ask = {"identifier": "x", "since": bob.target.node.fingerprint}
    entries: list[JSON] = []
    line = mallory.lines[-1]
    for _ in range(5_001):
        line = make_line(line, mallory.user.fingerprint, hash_b64(line.encode()))
        entries.append(line)
    since = mallory.lines[-1].partition("@")[0]
    wrong = {
        "unsigned": b'{"sdmp":{"version":"0.12.0","schemas":["request_journal"]},'
        b'"request_journal":{"identifier":"x","since":"%s"}}' % since.encode(),
        "unsigned answer": b'{"sdmp":{"version":"0.12.0","schemas":["response"]},'
        b'"response":{"status":"ok","identifier":"session"}}',
        "by another key": make_resource(
            mallory.user.fingerprint, stranger, {"request_journal": ask},
            trust=mallory.trust.identifier,
        ).envelope.to_bytes(),
        "by the user's own key": mallory.by_user(request_journal=ask).to_bytes(),
        "with a wrong signature": forged(mallory.by_node(request_journal=ask)).to_bytes(),
        "for the victim": mallory.by_node(as_user=victim, request_journal=ask).to_bytes(),
        "5,001 lines": mallory.by_node(broadcast={"since": since, "entries": entries}).to_bytes(),
        "not JSON": b"{",
        "nothing": b"",
        "a message beside traffic": mallory.by_node(request_journal=ask, message="x").to_bytes(),
        "no resource": b'{"sdmp":{"version":"0.12.0","schemas":["message"]},"message":"x"}',
        "zero bytes inside": mallory.by_node(request_journal=ask).to_bytes() + b"\0x",
        "an endless batch": mallory.by_node(request_resource={
            "identifier": "x", "resources": [f"{victim}/{since}"] * 257}).to_bytes(),
    }  # fmt: skip
    for what, container in wrong.items():
        async with linked(mallory, bob.target, fetches=False) as link:
            await settle(link)
            await link.say_bytes(container)
            try:
                await link.end(15)
            except TimeoutError:
                pytest.fail(f"the session goes on after {what}")
    await exchange(honest)
