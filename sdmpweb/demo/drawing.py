"""A child's picture of a garden, as a PNG made here: sky, sun, hill, house and tree."""

from __future__ import annotations

import struct
import zlib
from typing import Final

WIDTH: Final = 360
HEIGHT: Final = 220

_SKY: Final = (190, 222, 240)
_SUN: Final = (250, 205, 70)
_HILL: Final = (122, 175, 96)
_WALL: Final = (240, 228, 205)
_ROOF: Final = (192, 86, 66)
_DOOR: Final = (110, 84, 66)
_TRUNK: Final = (124, 92, 64)
_LEAVES: Final = (66, 128, 78)
_SWING: Final = (70, 60, 60)

Colour = tuple[int, int, int]


def garden() -> bytes:
    """Draw the picture; returns a PNG of 360 by 220 pixels."""
    rows = b"".join(
        b"\0" + b"".join(bytes(_colour(x, y)) for x in range(WIDTH)) for y in range(HEIGHT)
    )
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows, 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _within(x: int, y: int, left: int, top: int, right: int, bottom: int) -> bool:
    return left <= x < right and top <= y < bottom


def _round(x: int, y: int, middle_x: int, middle_y: int, radius: int) -> bool:
    return (x - middle_x) ** 2 + (y - middle_y) ** 2 < radius**2


def _colour(x: int, y: int) -> Colour:
    """What lies on top at a point, looked through from front to back."""
    if _within(x, y, 272, 128, 275, 168) or _within(x, y, 302, 128, 305, 168):
        return _SWING
    if _within(x, y, 268, 166, 309, 171):
        return _SWING
    if any(_round(x, y, *ball) for ball in ((240, 84, 34), (272, 66, 38), (300, 92, 34))):
        return _LEAVES
    if _within(x, y, 246, 100, 258, 186) or _within(x, y, 252, 120, 314, 129):
        return _TRUNK
    if _within(x, y, 112, 146, 130, 182):
        return _DOOR
    if _within(x, y, 74, 126, 98, 148):
        return _SKY
    if _within(x, y, 58, 108, 146, 182):
        return _WALL
    if 62 <= y < 110 and abs(x - 102) < (y - 62) * 1.25:
        return _ROOF
    if y > 178 - 22 * (1 - ((x - 190) / 210) ** 2):
        return _HILL
    if _round(x, y, 44, 40, 46):
        return _SUN
    return _SKY
