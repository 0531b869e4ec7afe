"""What people are told when the disk of their node is nearly full."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext

from nodes import disk
from nodes.errors import UserError
from sdmp import limits

_SMALL: Final = 64 * limits.KIB


def check_disk(more: int | None = None) -> None:
    """Make sure that the node takes in what somebody sends or keeps here.

    Args:
        more: bytes that would come to a draft; a little is always welcome, so that what is being
            typed is not lost. `None` for a message.

    Raises:
        UserError: the disk of the node is nearly full.
    """
    if (more is None or more > _SMALL) and disk.is_short():
        raise UserError(
            gettext(
                "The disk of this node is nearly full, so nothing new can be sent or uploaded; "
                "delete what you do not need, or ask the owner to make room."
            )
        )
