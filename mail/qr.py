"""Reading the QR codes of a picture that somebody hands in."""

from __future__ import annotations

import io
import threading
import warnings
from typing import Final

import zxingcpp
from django.utils.translation import gettext
from PIL import Image, UnidentifiedImageError

from nodes.errors import UserError

PICTURE_BYTES: Final = 12 * 1024 * 1024
_FORMATS: Final = ("JPEG", "PNG", "WEBP")
_CODES: Final = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
_BEGINNINGS: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")
_SIDE: Final = 2400
"""Pixels to which a picture is made smaller; the finest code that a card's link needs is read."""
_PIXELS: Final = 16_000_000
_PIXELS_JPEG: Final = 52_000_000
"""It is made smaller while it is read; but one in several scans takes six bytes for each pixel."""
_turns: Final = threading.BoundedSemaphore(2)
_PATIENCE: Final = 3.0


def is_picture(data: bytes) -> bool:
    """Tell by its first bytes whether a file claims to be a picture that is read here."""
    return data.startswith(_BEGINNINGS)


def read_qr(data: bytes) -> list[str]:
    """Read all QR codes of a picture (JPEG, PNG or WebP) as text.

    Args:
        data: the file, at most `PICTURE_BYTES`.

    Raises:
        UserError: it is no such picture, it is too large, there is no code in it, or others are
            being read.
    """
    if len(data) > PICTURE_BYTES:
        raise UserError(gettext("This picture is too large."))
    # Whoever waits for others' pictures holds a thread that pages are answered in.
    if not _turns.acquire(timeout=_PATIENCE):
        raise UserError(gettext("Other pictures are being read; try again in a moment."))
    try:
        picture = _open(data)
        codes = zxingcpp.read_barcodes(picture, formats=_CODES)
    finally:
        _turns.release()
    texts = [code.text for code in codes if code.valid and code.text]
    if not texts:
        raise UserError(
            gettext("There is no QR code to be seen in this picture. Take it closer and straight.")
        )
    return texts


def _open(data: bytes) -> Image.Image:
    """Decode a picture in grey, no larger than needed.

    Raises:
        UserError: it is none, or is larger than its file lets expect.
    """
    try:
        with warnings.catch_warnings():
            # The number of pixels is checked below, before any of them is decoded.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture: Image.Image = Image.open(io.BytesIO(data), formats=_FORMATS)
        pixels = picture.width * picture.height
        in_one_go = picture.format == "JPEG" and "progressive" not in picture.info
        if pixels > (_PIXELS_JPEG if in_one_go else _PIXELS):
            raise UserError(gettext("This picture is too large."))
        picture.draft("L", (_SIDE, _SIDE))
        if "A" in picture.getbands() or "transparency" in picture.info:
            seen = picture.convert("RGBA")
            picture = Image.new("RGBA", seen.size, "white")
            picture.alpha_composite(seen)
        grey = picture.convert("L")
    except Image.DecompressionBombError:
        raise UserError(gettext("This picture is too large.")) from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError):
        raise UserError(gettext("This picture cannot be read; JPEG, PNG and WebP can.")) from None
    grey.thumbnail((_SIDE, _SIDE))
    return grey
