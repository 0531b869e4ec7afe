"""Trusts and peers: the peers, the picture of who trusts whom, and the same as a list."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hosting.names import Names
from nodes.models import Peer
from panel.drawing import draw
from panel.overdue import overdue_peers
from panel.page import context
from panel.peers import peer_views, urgent_first
from panel.picture import make_picture

_PEERS: Final = 10  # on this page; the others stand in their own list
_ROWS: Final = 200
_HOME_WORDS: Final = _("accounts on this node")


def show_map(request: HttpRequest) -> TemplateResponse:
    """Draw it for all accounts or for one, whole or only what needs attention."""
    now, names = timezone.now(), Names()
    accounts = sorted((str(one), user) for user, one in names.accounts.items())
    whose = request.GET.get("whose", "")
    if whose not in names.accounts:
        whose = ""
    attention = request.GET.get("show") == "attention"
    picture = make_picture(now, whose=whose, attention=attention)
    drawing = None
    if picture is not None:
        drawing = draw(
            picture.here, picture.accounts, picture.households, picture.links, str(_HOME_WORDS)
        )
    first = list(Peer.objects.order_by(*urgent_first(now))[:_PEERS])
    given = context(
        request,
        "map",
        accounts=accounts,
        whose=whose,
        attention=attention,
        picture=picture,
        drawing=drawing,
        rows=picture.rows[:_ROWS] if picture else [],
        rows_more=max(0, len(picture.rows) - _ROWS) if picture else 0,
        peers=peer_views(first, now),
        all_peers=Peer.objects.count(),
        silent=len(overdue_peers(now)),
    )
    return TemplateResponse(request, "panel/map.html", given)


PAGES: Final = (("map/", show_map, "map"),)
