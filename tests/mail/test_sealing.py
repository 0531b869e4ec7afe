"""What is sealed of a letter."""

import pytest

from mail.sealing import head_of, open_head, open_text, seal_head, seal_text
from nodes import keystore
from nodes.keystore import SecretError
from sdmp.letter import Attachment, Letter
from tests.support.cast import BOB
from tests.support.world import World, later, own_memory_fixture, world_fixture

__all__ = ["own_memory_fixture", "world_fixture"]

LETTER = Letter(
    date=later(),
    to=(BOB.fingerprint,),
    title="Dinner",
    body="At **eight**? " + "x" * 500,
    attachments=(
        Attachment("place.png", "image/png", b"\x89PNG", image=True),
        Attachment("menu.pdf", "application/pdf", b"%PDF-", image=False),
    ),
)


def test_a_head_opens_as_it_was(world: World) -> None:
    head = head_of(LETTER)
    assert open_head(seal_head(head)) == head
    assert (head.title, head.to) == ("Dinner", (BOB.fingerprint,))
    assert [(file.name, file.size, file.image) for file in head.files] == [
        ("place.png", 4, True),
        ("menu.pdf", 5, False),
    ]
    assert len(head.text) <= 201
    assert head.text.startswith("At eight")


def test_a_text_opens_as_it_was(world: World) -> None:
    assert open_text(seal_text("Grüße 🌍\n")) == "Grüße 🌍\n"
    assert open_text(memoryview(seal_text(""))) == ""


def test_it_takes_the_node_secret(world: World) -> None:
    sealed = seal_text("x")
    keystore.secret_path().write_bytes(b"y" * 32)
    keystore.forget()
    with pytest.raises(SecretError):
        open_text(sealed)
