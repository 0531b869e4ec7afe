"""What the processes of the grown shape have in common."""

from django.conf import settings

from nodes.errors import UserError


def require(command: str) -> None:
    """Raise UserError unless settings choose the grown shape, which `command` is part of."""
    if not settings.GROWN:
        raise UserError(f"`sdmpweb {command}` needs REDIS_URL; without it, `sdmpweb up` is all.")
