"""What pages need to know of the node's own running."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from hosting import telling
from nodes.models import Account


def node(request: HttpRequest) -> dict[str, Any]:
    """Say to an owner whether the node needs somebody; read only where a template uses it."""
    user = getattr(request, "user", None)
    if not isinstance(user, Account) or not user.is_superuser:
        return {}
    return {"node_needs": SimpleLazyObject(lambda: telling.stands(user, timezone.now()))}
