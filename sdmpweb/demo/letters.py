"""What Alice and Bob have written to each other before anybody looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sdmpweb.demo.drawing import garden

FILE: Final = "file"
PICTURE: Final = "picture"


@dataclass(frozen=True, slots=True)
class Written:
    """One letter of the demo.

    `key` names it for those that answer it (`answers`). `attachment` is a name, a media type and
    a content; `shown` says that it is a picture in the body. A notice is for all contacts.
    """

    key: str
    writer: str
    title: str
    body: str
    answers: str = ""
    attachment: tuple[str, str, bytes] | None = None
    shown: bool = False
    notice: bool = False


_CAKE = """\
Plum cake, Grandma's way

1 kg plums            250 g flour
150 g butter          120 g sugar
3 eggs                1 pinch of salt
2 teaspoons of baking powder

Stir butter and sugar until white, then the eggs one by one, then flour and baking powder.
Halve the plums, stand them close together. 45 minutes at 180 degrees, middle shelf.
She writes in the margin: "cinnamon only at the end!"
"""

LETTERS: Final = (
    Written(
        key="birthday",
        writer="alice",
        title="Grandma's birthday on Sunday",
        body="""\
Dear Bob,

Grandma is **eighty** on Sunday and says she wants no fuss. So, quietly:

- we all meet at hers at *three*
- I bake the plum cake (her recipe is attached, with the notes in the margin)
- you bring the folding chairs and the good coffee pot

Can Mia play the song she has been practising?

Alice
""",
        attachment=("plum cake.txt", "text/plain", _CAKE.encode()),
    ),
    Written(
        key="song",
        writer="bob",
        title="Re: Grandma's birthday on Sunday",
        answers="birthday",
        body="""\
> Can Mia play the song she has been practising?

She can, all three verses. She only asks that nobody *sings along*.

Chairs are in the car already. The coffee pot has lost its lid, I'll look in the cellar.

Bob
""",
    ),
    Written(
        key="lid",
        writer="alice",
        title="Re: Grandma's birthday on Sunday",
        answers="song",
        body="""\
The lid is here, it came home with us at Easter. I'll bring it.

Nobody will sing. I shall tell Uncle Paul **twice**.
""",
    ),
    Written(
        key="market",
        writer="bob",
        title="Jars for the school market",
        notice=True,
        body="""\
Hello all,

Mia's class sells jam at the school market on the 5th. If you have empty jars with lids, leave
them at our door, we come by bicycle and can carry about *twenty* at a time.

Thank you!

Bob and Mia
""",
    ),
    Written(
        key="garden",
        writer="bob",
        title="Mia has drawn your garden",
        attachment=("garden.png", "image/png", garden()),
        shown=True,
        body="""\
She says the tree is the one with the swing, and that the sun was "really that big".

She would like it back for the fridge, but you may have it first.
""",
    ),
)
