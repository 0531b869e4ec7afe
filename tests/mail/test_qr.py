"""QR codes in pictures, and pictures that are meant to hurt."""

import io
import struct
import zlib

import pytest
import segno
from PIL import Image

from mail.qr import PICTURE_BYTES, is_picture, read_qr
from nodes.errors import UserError

LINK = "https://node.example/card/" + "A" * 86


def picture(text: str = LINK, kind: str = "png", **options: object) -> bytes:
    """Return a picture of a QR code."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="png", scale=6, **options)
    if kind == "png":
        return out.getvalue()
    seen = Image.open(out).convert("RGB")
    out = io.BytesIO()
    seen.save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_codes_are_read(kind: str) -> None:
    data = picture(kind=kind)
    assert is_picture(data)
    assert read_qr(data) == [LINK]


def test_a_code_as_a_camera_sees_it() -> None:
    code = Image.open(io.BytesIO(picture())).convert("RGB")
    table = Image.new("RGB", (3000, 2200), (120, 110, 90))
    table.paste(code.resize((900, 900)), (400, 500))
    out = io.BytesIO()
    table.rotate(13, expand=True, fillcolor=(90, 90, 90)).save(out, "jpeg", quality=70)
    assert read_qr(out.getvalue()) == [LINK]


def test_a_code_on_nothing_and_a_light_one() -> None:
    assert read_qr(picture(light=None)) == [LINK]
    assert read_qr(picture(dark="white", light="black")) == [LINK]


def test_what_is_no_code() -> None:
    out = io.BytesIO()
    Image.new("RGB", (400, 400), "white").save(out, "png")
    with pytest.raises(UserError, match="no QR code"):
        read_qr(out.getvalue())
    for broken in (b"", b"hello", b"\x89PNG\r\n\x1a\n" + b"x" * 100, b"RIFF", b"\xff\xd8\xff\xe0"):
        with pytest.raises(UserError, match="cannot be read"):
            read_qr(broken)
    with pytest.raises(UserError, match="cannot be read"):
        read_qr(picture()[:200])
    out = io.BytesIO()
    Image.new("RGB", (40, 40), "white").save(out, "gif")
    with pytest.raises(UserError, match="JPEG, PNG and WebP"):
        read_qr(out.getvalue())


def _png(width: int, height: int, rows: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = zlib.compress(bytes(min(width // 8 + 2, 10_000)) * rows, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(6000, 6000), (30000, 30000), (2**31 - 1, 1), (65000, 65000)])
def test_a_picture_larger_than_its_file(size: tuple[int, int]) -> None:
    bomb = _png(*size, rows=100)
    assert len(bomb) < 100_000
    with pytest.raises(UserError, match="too large"):
        read_qr(bomb)


def test_a_file_that_is_too_large() -> None:
    with pytest.raises(UserError, match="too large"):
        read_qr(b"\x89PNG\r\n\x1a\n" + bytes(PICTURE_BYTES))
