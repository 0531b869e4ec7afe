"""The picture of trusts keeps its names apart and inside, with a hundred nodes too."""

from __future__ import annotations

from itertools import combinations

import pytest

from panel.drawing import draw
from panel.shapes import Dot, Drawing, Household, Link, fit, width_of

HERE = Dot("here", "hearth", "hearth, this node", "/", node=True, here=True)
_NAMES = ("Ana", "Maximiliana Featherstonehaugh", "WWWWWWWWWWWWWWW", "王小明王小明王小明", "")


def _crowd(accounts: int, households: int) -> Drawing:
    own = [Dot(f"a{n}", _NAMES[n % 5], f"account {n}", "/a", "AB", here=True)
           for n in range(accounts)]  # fmt: skip
    others, links = [], []
    for n in range(households):
        users = tuple(Dot(f"u{n}-{m}", _NAMES[(n + m) % 5], "user", "/u", "WW")
                      for m in range(1 + n % 3))  # fmt: skip
        nodes = tuple(
            Dot(f"n{n}-{m}", _NAMES[(n + m + 1) % 5], "node", "/n", node=True, lost=n % 4 == 0)
            for m in range(n % 3)
        )
        works = tuple((user.key, node.key, "works") for user in users for node in nodes)
        words = (("a very long sentence about what is the matter here", "warn"), ("until", ""))
        others.append(Household(users, nodes, works, words[: n % 3]))  # type: ignore[arg-type]
        how = ("both", "one", "over")[n % 3]
        links += [
            Link(f"a{(n + m) % accounts}", user.key, how, "words", "/t", user.key * (how == "one"))  # type: ignore[arg-type]
            for m, user in enumerate(users)
        ]
    return draw(HERE, own, others, links, "accounts on this node")


@pytest.mark.parametrize(("accounts", "households"), [(1, 0), (1, 1), (3, 4), (5, 25), (20, 100)])
def test_names_neither_meet_nor_leave_the_picture(accounts: int, households: int) -> None:
    drawing = _crowd(accounts, households)
    boxes = [text.box for text in drawing.texts if text.css != "map__initials" and text.words]
    assert len(boxes) > accounts
    for left, top, right, bottom in boxes:
        assert left >= 0
        assert top >= 0
        assert right <= drawing.width
        assert bottom <= drawing.height
    for one, other in combinations(boxes, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)


@pytest.mark.parametrize(("accounts", "households"), [(3, 4), (20, 100)])
def test_frames_and_dots_stand_apart(accounts: int, households: int) -> None:
    drawing = _crowd(accounts, households)
    for one, other in combinations(drawing.frames, 2):
        assert (
            one.x + one.width <= other.x
            or other.x + other.width <= one.x
            or one.y + one.height <= other.y
            or other.y + other.height <= one.y
        )
    squares = [(dot.x, dot.y, dot.half) for dot in drawing.dots]
    for (x1, y1, h1), (x2, y2, h2) in combinations(squares, 2):
        assert max(abs(x1 - x2), abs(y1 - y2)) >= h1 + h2
    texts = [text.box for text in drawing.texts if text.css != "map__initials"]
    for x, y, half in squares:
        for left, top, right, bottom in texts:
            assert right <= x - half or left >= x + half or bottom <= y - half or top >= y + half


def test_every_link_is_drawn_once() -> None:
    drawing = _crowd(20, 100)
    assert len(drawing.dots) == 1 + 20 + sum(1 + n % 3 + n % 3 for n in range(100))
    assert len(drawing.lines) == sum(1 + n % 3 for n in range(100))
    assert all(bool(line.cross) == (line.how == "over") for line in drawing.lines)
    assert all(line.tip == (line.how == "one") for line in drawing.lines)


def test_an_arrow_points_to_who_has_not_answered() -> None:
    ana = Dot("a", "Ana", "Ana", here=True)
    ben = Household((Dot("b", "Ben", "Ben"),))
    away = draw(HERE, [ana], [ben], [Link("a", "b", "one", "", towards="b")], "")
    back = draw(HERE, [ana], [ben], [Link("a", "b", "one", "", towards="a")], "")
    place = {dot.dot.key: dot for dot in away.dots}

    def begins_at(drawing: Drawing) -> float:
        return float(drawing.lines[0].path[1:].split()[0])

    assert abs(begins_at(away) - place["a"].x) == place["a"].half
    assert abs(begins_at(back) - place["b"].x) == place["b"].half


def test_words_are_cut_to_their_room() -> None:
    assert fit("Ana", 94) == "Ana"
    cut = fit("Maximiliana Featherstonehaugh", 94)
    assert cut.endswith("…")
    assert width_of(cut) <= 94 < width_of("Maximiliana Featherstonehaugh")
    assert fit("word", 0) == "…"
