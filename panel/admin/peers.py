"""Peers: who is heard, how far behind, and talking to one now."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from hosting.names import Names
from journal.models import Wanted
from mail.toasts import toast
from nodes.facts import current_facts
from nodes.models import LocalNode, Peer, Trust
from panel import peers
from panel.admin.base import ChoiceFilter, OwnersAdmin
from panel.finding import nodes_like
from panel.overdue import overdue_query
from panel.trusts import trust_views

_MOST_TRUSTS = 100


class StateFilter(ChoiceFilter):
    """What a peer is like."""

    title = _("which")
    parameter_name = "which"
    options = (
        ("overdue", _("Overdue")),
        ("open", _("Session open")),
        ("failing", _("Not reached")),
        ("rewritten", _("Journal rewritten")),
        ("strange", _("No trust joins us")),
    )

    def keep(self, rows: QuerySet[Peer], chosen: str) -> QuerySet[Peer]:
        """Keep peers that are like that."""
        now = timezone.now()
        match chosen:
            case "overdue":
                late = rows.filter(overdue_query(now))
                return late.exclude(fingerprint__in=peers.strangers(now))
            case "strange":
                return rows.filter(fingerprint__in=peers.strangers(now))
            case "open":
                return rows.filter(lease_until__gte=now)
            case "failing":
                return rows.filter(failures__gt=0)
            case "rewritten":
                return rows.exclude(rewritten=None)
        return rows


@admin.register(Peer)
class PeerAdmin(OwnersAdmin):
    """The nodes that we talk to, or try to: overdue ones first."""

    list_title = _("Peers")
    list_words = _("Nodes that this one talks to, or tries to. Overdue ones stand first.")
    empty_icon = "relay"
    empty_title = _("No other node yet")
    empty_words = _(
        "As soon as somebody here knows a person elsewhere, that person’s node is here."
    )
    list_display = ("fingerprint",)
    list_filter = (StateFilter,)
    search_fields = ("fingerprint",)
    search_help_text = _("A name, an address, or how a fingerprint begins")
    fields = ("fingerprint",)

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Put overdue ones first, then those that fail, then those heard last."""
        return peers.urgent_first(timezone.now())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find peers by name, address or fingerprint."""
        if not search_term.strip():
            return queryset, False
        return queryset.filter(fingerprint__in=nodes_like(search_term.strip())), False

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        """Describe the peers of a page."""
        views = peers.peer_views(rows, timezone.now())
        for row, view in zip(rows, views, strict=False):
            row.view = view

    def get_urls(self) -> list[URLPattern]:
        """Add the button's address."""
        sync = self.admin_site.admin_view(require_POST(self.sync))
        own = [path("<int:pk>/sync/", sync, name="nodes_peer_sync")]
        return [*own, *super().get_urls()]

    def sync(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have a peer called now, and go back to where the button was."""
        row = get_object_or_404(Peer, pk=pk)
        toast(request, peers.sync_now(row, by=request.user, now=timezone.now()))  # type: ignore[arg-type]
        back = request.POST.get("back")
        if back == "map":
            return redirect(reverse("admin:map"))
        if back == "peer":
            return redirect("admin:nodes_peer_change", pk)
        return redirect("admin:nodes_peer_changelist")

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **more: Any
    ) -> HttpResponse:
        """Show all there is about a peer."""
        row = more["obj"]
        now, names, facts = timezone.now(), Names(), current_facts()
        view = next(iter(peers.peer_views([row], now, names)), None)
        local = LocalNode.objects.first()
        rows = Trust.objects.filter(trustee=row.fingerprint).order_by("-pk")[:_MOST_TRUSTS]
        users = facts.users_of(row.fingerprint, now)
        day = peers.last_day([row.fingerprint], now)[row.fingerprint]
        week = peers.last_week(row.fingerprint, now)
        name = view.name if view else ""
        context.update(
            peer=view,
            row=row,
            users=sorted((names.user(user), user in names.accounts) for user in users),
            head=local.head_position if local else 0,
            reasons=_reasons(row.fingerprint),
            passed_over=Wanted.objects.filter(peer=row.fingerprint, passed_over=True).count(),
            trusts=trust_views(list(rows), now, names),
            day_chart=peers.traffic_chart(name, day, "bars--wide"),
            day_words=peers.traffic_words(name, day),
            week=week,
            week_chart=peers.traffic_chart(name, week, "bars--wide"),
            week_words=peers.traffic_words(name, week),
        )
        return super().render_change_form(request, context, *args, **more)


def _reasons(node: str) -> list[tuple[str, int]]:
    """Say in words why what we want of a peer is not here yet."""
    words = {
        "": gettext("not asked for yet"),
        "not_found": gettext("the peer did not have it, or not for us"),
    }
    refused = gettext("it came and was refused (%(why)s)")
    return [
        (words.get(reason) or refused % {"why": reason}, number)
        for reason, number in sorted(peers.lacking_reasons(node).items())
    ]
