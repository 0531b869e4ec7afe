"""The files of a letter, and which of them are pictures that a browser may show."""

from collections.abc import Sequence
from dataclasses import dataclass

from sdmp.letter import Attachment

_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def picture_type(data: bytes) -> str | None:
    """Return the media type of a raster picture, read from its first bytes, else None.

    What a letter says of its own attachments is not believed.
    """
    for beginning, media_type in _BEGINNINGS:
        if data.startswith(beginning):
            return media_type
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis"):
        return "image/avif"
    return None


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of a letter, by its place among them.

    `image` says that it stands in the text, `picture` that a browser may show it.
    """

    index: int
    name: str
    type: str
    size: int
    image: bool
    picture: bool


def view_files(files: Sequence[Attachment]) -> list[FileView]:
    """Return what pages show of the files of a letter."""
    return [
        FileView(
            index,
            file.name,
            file.type,
            len(file.data),
            file.image,
            picture_type(file.data) is not None,
        )
        for index, file in enumerate(files)
    ]
