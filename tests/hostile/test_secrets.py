"""After all that: nothing secret stands in the log. Runs last in its folder by its name."""

import asyncio
import sqlite3

import pytest

from tests.hostile.conftest import Victim
from tests.support.hostile import Actor, Link, exchange, linked

pytestmark = pytest.mark.nodes


async def test_the_log_tells_no_secrets(
    honest: Link, bob: Victim, mallory: Actor, carol: Actor
) -> None:
    word = "xylophone-9f3b"
    letter = carol.letter(bob.target, f"a title with {word}")
    await honest.publish(letter)
    await honest.until(lambda: letter.identifier in honest.receipts)
    async with linked(mallory, bob.target) as link:
        # One that is opened and cannot be read, one that cannot be opened, one that is refused.
        keys = [bob.target.node]
        await link.publish(mallory.sealed(keys, message=f"{word} without a header"))
        await link.publish(mallory.sealed(keys, user={"name": word}))
        await link.publish(mallory.sealed([mallory.user.public], message=word))
        await link.publish(mallory.by_node(user={"name": word, "about": {"x": word}}))
        await exchange(link, word)
    await exchange(honest)
    log = bob.node.read_log()
    phrase = bob.recovery.read_text().strip()
    secret = (bob.node.data / "node.secret").read_bytes()
    with sqlite3.connect(f"file:{bob.node.data}/sdmpweb.sqlite3?mode=ro", uri=True) as database:
        [password] = database.execute("SELECT password FROM nodes_account").fetchone()
    hidden = [
        word,
        "correct horse",
        "PRIVATE KEY",
        "BEGIN",
        secret.hex(),
        password,
        *(line for line in phrase.splitlines() if len(line.split()) > 3),
    ]
    assert [text for text in hidden if text.lower() in log.lower()] == []
    held = await asyncio.to_thread((bob.node.data / "sdmpweb.sqlite3").read_bytes)
    assert word.encode() not in held.replace(b"\0", b"")
