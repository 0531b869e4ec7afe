"""The picture of users, nodes and trusts: where each thing stands. Pure functions, no words.

This node and the accounts on it stand in the middle, the households elsewhere in columns left and
right, each in a frame of its own with its words inside, so that no two names can meet. Lines run
between the columns. The template writes the shapes as SVG.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from panel.shapes import (
    RADIUS,
    SMALL,
    Dot,
    Drawing,
    Frame,
    Household,
    How,
    Line,
    Link,
    Placed,
    Text,
    fit,
)

MOST: Final = 360  # users and nodes elsewhere in one picture

MARGIN: Final = 16
_FRAME: Final = 204  # width of a household
_BETWEEN: Final = 34  # two columns of households
_LANES: Final = (130, 190)  # between them and the middle, for one and two columns on a side
_HOME: Final = 280
_GAP: Final = 24  # between frames below each other; lines to the outer column run there
_TWO_COLUMNS: Final = 12  # from so many households on a side
_PITCH: Final = 66
_HOME_PITCH: Final = 72
_FAR: Final = 420
_LINE: Final = 17  # of words at the foot of a frame
_LABEL: Final = 94


def draw(
    here: Dot, accounts: Sequence[Dot], households: Sequence[Household], links: Sequence[Link],
    home_words: str,
) -> Drawing:  # fmt: skip
    """Place everything.

    Args:
        here: this node.
        accounts: the users with an account on it.
        households: the others, in any order.
        links: trusts between the accounts and others, or among accounts.
        home_words: what stands over the frame in the middle.
    """
    drawing = Drawing()
    order = {dot.key: number for number, dot in enumerate(accounts)}
    left, right = _sides(households, links, order)
    columns = 2 if max(len(left), len(right)) > _TWO_COLUMNS else 1
    lanes = _LANES[columns - 1]
    aside = columns * _FRAME + (columns - 1) * _BETWEEN + lanes if left or right else 0
    drawing.width = 2 * MARGIN + 2 * aside + _HOME
    heights = [_height_of_side(side, columns) for side in (left, right)]
    pitch = _pitch_of_home(len(accounts), max(heights))
    home_height = _height_of_home(len(accounts), pitch)
    drawing.height = max(*heights, home_height) + 2 * MARGIN
    places: dict[str, Placed] = {}
    gutters: dict[str, tuple[float, float]] = {}
    for side, households_there, height in ((-1, left, heights[0]), (1, right, heights[1])):
        top = (drawing.height - height) / 2
        _place_side(drawing, places, gutters, households_there, columns, lanes, side, top)
    top = (drawing.height - home_height) / 2
    frame = Frame(drawing.width / 2 - _HOME / 2, top, _HOME, home_height)
    _place_home(drawing, places, here, accounts, home_words, frame, pitch)
    _draw_links(drawing, places, gutters, links)
    return drawing


# --- Which stands where ------------------------------------------------------------------


def _sides(
    households: Sequence[Household], links: Sequence[Link], order: dict[str, int]
) -> tuple[list[Household], list[Household]]:
    """Share households out to left and right, near the accounts that know them."""
    known: dict[str, list[int]] = {}
    for link in links:
        if link.account in order:
            known.setdefault(link.other, []).append(order[link.account])

    def linked(one: Household) -> list[int]:
        return [n for dot in (*one.users, *one.nodes) for n in known.get(dot.key, [])]

    def sideness(one: Household) -> float:
        found = linked(one)  # accounts with an even number stand on the left
        return sum(n % 2 for n in found) / len(found) if found else 0.5

    def height(one: Household) -> float:
        found = linked(one)
        return sum(n // 2 for n in found) / len(found) if found else len(order) / 4

    ordered = sorted(households, key=lambda one: (sideness(one), height(one)))
    half = (len(ordered) + 1) // 2
    return sorted(ordered[:half], key=height), sorted(ordered[half:], key=height)


def _rows(side: Sequence[Household], columns: int) -> list[Sequence[Household]]:
    return [side[start : start + columns] for start in range(0, len(side), columns)]


def _height(one: Household) -> float:
    return 12 + max(len(one.users), len(one.nodes), 1) * _PITCH + len(one.words[:2]) * _LINE + 4


def _height_of_side(side: Sequence[Household], columns: int) -> float:
    heights = [max(map(_height, row)) for row in _rows(side, columns)]
    return sum(heights) + _GAP * len(heights)


def _pitch_of_home(accounts: int, beside: float) -> float:
    """Spread accounts over the height beside them, so that lines run level and apart."""
    rows = max(1, (accounts + 1) // 2)
    return max(_HOME_PITCH, min(_FAR, (beside - _height_of_home(0, 0)) / rows))


def _height_of_home(accounts: int, pitch: float) -> float:
    return 30 + _HOME_PITCH + (accounts + 1) // 2 * pitch + 10


def _place_side(
    drawing: Drawing,
    places: dict[str, Placed],
    gutters: dict[str, tuple[float, float]],
    side: Sequence[Household],
    columns: int,
    lanes: float,
    sign: int,
    top: float,
) -> None:
    """Place the households of one side, the inner column nearer to the middle."""
    middle = drawing.width / 2
    y = top + _GAP  # the gap above a row belongs to it
    for row in _rows(side, columns):
        for column, one in enumerate(row):
            inner = middle + sign * (_HOME / 2 + lanes + column * (_FRAME + _BETWEEN))
            x = inner if sign > 0 else inner - _FRAME
            _place_household(drawing, places, one, x, y, inner, sign)
            if column:
                before = inner - sign * (_FRAME + _BETWEEN)
                for dot in (*one.users, *one.nodes):
                    gutters[dot.key] = (before, y - _GAP / 2)
        y += max(map(_height, row)) + _GAP


def _place_household(
    drawing: Drawing,
    places: dict[str, Placed],
    one: Household,
    x: float,
    y: float,
    inner: float,
    sign: int,
) -> None:
    drawing.frames.append(Frame(x, y, _FRAME, _height(one)))
    alone = not one.users or not one.nodes
    near = x + _FRAME / 2 if alone else inner + sign * _FRAME / 4
    far = x + _FRAME / 2 if alone else inner + sign * 3 * _FRAME / 4
    for dots, column in ((one.users, near), (one.nodes, far)):
        for number, dot in enumerate(dots):
            _put(drawing, places, dot, column, y + 12 + RADIUS + number * _PITCH)
    for user, node, how in one.works:
        drawing.inner.append(_straight(places[user], places[node], how))
    foot = y + _height(one) - 9 - _LINE * (len(one.words[:2]) - 1)
    for number, (words, colour) in enumerate(one.words[:2]):
        css = f"map__word map__word--{colour}" if colour else "map__word"
        short = fit(words, _FRAME - 12, SMALL)
        place = Text(x + _FRAME / 2, foot + number * _LINE, short, css, SMALL)
        drawing.texts.append(place)


def _place_home(
    drawing: Drawing,
    places: dict[str, Placed],
    here: Dot,
    accounts: Sequence[Dot],
    words: str,
    frame: Frame,
    pitch: float,
) -> None:
    """Place this node above its accounts, which stand in two columns along a line from it."""
    middle, top = frame.x + frame.width / 2, frame.y
    drawing.frames.append(frame)
    short = fit(words, _HOME - 20, SMALL)
    drawing.texts.append(Text(middle, top + 20, short, "map__frame", SMALL))
    _put(drawing, places, here, middle, top + 30 + RADIUS)
    first = top + 30 + _HOME_PITCH + (pitch - _HOME_PITCH) / 2 + RADIUS
    for number, dot in enumerate(accounts):
        sign = 1 if number % 2 else -1
        x, y = middle + sign * _HOME / 4, first + number // 2 * pitch
        _put(drawing, places, dot, x, y)
    if accounts:
        ys = [first + n * pitch for n in range((len(accounts) + 1) // 2)]
        # The line stands in for the label of the node where the two would meet.
        start = top + 30 + 2 * RADIUS + 20
        path = f"M{_n(middle)} {_n(start)}V{_n(ys[-1])}"
        for number in range(len(accounts)):
            sign = 1 if number % 2 else -1
            edge = middle + sign * (_HOME / 4 - RADIUS)
            path += f"M{_n(middle)} {_n(ys[number // 2])}H{_n(edge)}"
        drawing.inner.append(Line(path, "works"))


def _put(drawing: Drawing, places: dict[str, Placed], dot: Dot, x: float, y: float) -> None:
    placed = Placed(dot, x, y)
    places[dot.key] = placed
    drawing.dots.append(placed)
    if dot.initials:
        drawing.texts.append(Text(x, y + 5, fit(dot.initials, 32), "map__initials"))
    drawing.texts.append(Text(x, y + RADIUS + 15, fit(dot.label, _LABEL)))


# --- Lines -------------------------------------------------------------------------------


def _draw_links(
    drawing: Drawing,
    places: dict[str, Placed],
    gutters: dict[str, tuple[float, float]],
    links: Sequence[Link],
) -> None:
    lanes: dict[tuple[float, float], int] = {}
    for link in links:
        if link.account not in places or link.other not in places:
            continue
        begin, end = places[link.account], places[link.other]
        if link.other not in gutters:
            points = _direct(begin, end)
        else:
            edge, y = gutters[link.other]
            lane = lanes[edge, y] = lanes.get((edge, y), -1) + 1
            points = _through(begin, end, edge, y + (lane % 5 - 2) * 3)
        if link.towards == link.account:
            points = points[::-1]
        path = _path(points, short=10 if link.towards else 0)
        cross = _cross(points) if link.how == "over" else ""
        drawing.lines.append(
            Line(path, link.how, link.title, link.address, bool(link.towards), cross)
        )


Point = tuple[float, float]


def _edge(one: Placed, towards: float) -> Point:
    """Where a line leaves a circle or a square, on the side of `towards`."""
    return (one.x + (one.half if towards > one.x else -one.half), one.y)


def _direct(begin: Placed, end: Placed) -> list[Point]:
    return [_edge(begin, end.x), _edge(end, begin.x)]


def _through(begin: Placed, end: Placed, edge: float, y: float) -> list[Point]:
    """Run to the gap between two rows, through it, and on to the outer column."""
    sign = 1 if end.x > begin.x else -1
    beyond = edge + sign * _FRAME
    return [_edge(begin, end.x), (edge, y), (beyond, y), _edge(end, begin.x)]


def _path(points: Sequence[Point], short: float) -> str:
    """Write a line through points, each piece leaving and arriving level; cut at its end."""
    *inner, (x, y) = points
    sign = 1 if x > inner[-1][0] else -1
    stops = [*inner, (x - sign * short, y)]
    path = f"M{_n(stops[0][0])} {_n(stops[0][1])}"
    for (x1, y1), (x2, y2) in pairwise(stops):
        if y1 == y2:
            path += f"H{_n(x2)}"
        else:
            middle = _n((x1 + x2) / 2)
            path += f"C{middle} {_n(y1)} {middle} {_n(y2)} {_n(x2)} {_n(y2)}"
    return path


def _cross(points: Sequence[Point]) -> str:
    """Write a cross in the middle of the first piece, which lies between the columns."""
    (x1, y1), (x2, y2) = points[0], points[1]
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    return f"M{_n(x - 6)} {_n(y - 6)}l12 12M{_n(x + 6)} {_n(y - 6)}l-12 12"


def _straight(one: Placed, other: Placed, how: How) -> Line:
    begin, end = _edge(one, other.x), _edge(other, one.x)
    path = f"M{_n(begin[0])} {_n(begin[1])}L{_n(end[0])} {_n(end[1])}"
    return Line(path, how, cross=_cross([begin, end]) if how == "over" else "")


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
