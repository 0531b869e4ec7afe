"""Trusts: who lets whom do what, until when, why it holds, and withdrawing and renewing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from hosting.names import Names
from mail.toasts import toast
from nodes import keystore
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import LocalNode, Peer, Trust
from panel import trust_changes
from panel.admin.base import ChoiceFilter, OwnersAdmin
from panel.finding import nodes_like, users_like
from panel.page import context
from panel.trusts import agreement, chain, standings, trust_views
from panel.words import day, state
from sdmp.trust import TrustFact

_OTHERS = "others"


class StandingFilter(ChoiceFilter):
    """Whether a trust is current, ends soon, has ended or was withdrawn."""

    title = _("state")
    parameter_name = "state"
    options = (
        ("current", _("Current")),
        ("soon", _("Ends soon")),
        ("ended", _("Ended")),
        ("withdrawn", _("Withdrawn")),
    )

    def keep(self, rows: QuerySet[Trust], chosen: str) -> QuerySet[Trust]:
        """Keep what stands like that, as the facts in memory have it."""
        found = standings(rows.order_by().values_list("pk", "identifier"), timezone.now())
        wanted = ("current", "soon") if chosen == "current" else (chosen,)
        return rows.filter(pk__in=[key for key, how in found.items() if how in wanted])


class KindFilter(ChoiceFilter):
    """Whether it trusts a person or a node."""

    title = _("in whom")
    parameter_name = "in"
    options = (("user", _("A person")), ("node", _("A node")))

    def keep(self, rows: QuerySet[Trust], chosen: str) -> QuerySet[Trust]:
        """Keep trusts of that type."""
        return rows.filter(type=chosen)


class WhoseFilter(ChoiceFilter):
    """Which account it concerns, as the one who trusts or is trusted."""

    title = _("whose")
    parameter_name = "whose"
    verbatim = True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Give the accounts of this node, then all others."""
        accounts = Names().accounts
        listed = sorted((str(one), fingerprint) for fingerprint, one in accounts.items())
        own = [(fingerprint, name) for name, fingerprint in listed]
        return [*own, (_OTHERS, _("People elsewhere"))]

    def keep(self, rows: QuerySet[Trust], chosen: str) -> QuerySet[Trust]:
        """Keep what that account gives or gets."""
        if chosen == _OTHERS:
            return rows.exclude(issuer__in=list(Names().accounts))
        return rows.filter(Q(issuer=chosen) | Q(trustee=chosen))


@admin.register(Trust)
class TrustAdmin(OwnersAdmin):
    """All trusts that this node knows of."""

    list_words = _("Who lets whom do what. Each trust says on its page why it holds.")
    empty_icon = "check"
    empty_title = _("No trusts yet")
    empty_words = _("They come with the first account.")
    list_display = ("who", "whom", "powers_words", "since", "until", "standing")
    list_filter = (StandingFilter, KindFilter, WhoseFilter)
    search_fields = ("issuer",)
    search_help_text = _("A name, an address, or how a fingerprint begins")
    fields = ("identifier",)

    @admin.display(description=_("Who trusts"))
    def who(self, row: Any) -> SafeString:
        """Name who gives the trust; those who hear the link hear whom it is for, too."""
        whom = gettext("trusts %(trustee)s") % {"trustee": row.view.trustee_name}
        return format_html('{}<span class="sr"> {}</span>', row.view.issuer_name, whom)

    @admin.display(description=_("Whom"))
    def whom(self, row: Any) -> SafeString:
        """Name who is trusted."""
        if row.type == "node":
            return format_html('<em class="node">{}</em>', row.view.trustee_name)
        return format_html("{}", row.view.trustee_name)

    @admin.display(description=_("To"))
    def powers_words(self, row: Any) -> str:
        """Say what may be done by it."""
        return str(row.view.powers)

    @admin.display(description=_("From"))
    def since(self, row: Any) -> SafeString:
        """Say since when this node has it; trusts bear no date of their own."""
        return day(row.view.since)

    @admin.display(description=_("Until"))
    def until(self, row: Any) -> SafeString:
        """Say when it ends."""
        return day(row.view.until) if row.view.until else format_html("{}", _("no end"))

    @admin.display(description=_("State"))
    def standing(self, row: Any) -> SafeString:
        """Say whether it holds."""
        return state(row.view.words, row.view.kind)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find trusts by the names, addresses and fingerprints of the two."""
        text = search_term.strip()
        if not text:
            return queryset, False
        everybody = set(Trust.objects.order_by().values_list("issuer", flat=True).distinct())
        trusted = Trust.objects.filter(type="user").order_by()
        everybody |= set(trusted.values_list("trustee", flat=True).distinct())
        found = users_like(text, everybody, Names()) | nodes_like(text)
        either = Q(issuer__in=found) | Q(trustee__in=found) | Q(identifier__startswith=text)
        return queryset.filter(either), False

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        """Describe the trusts of a page."""
        for row, view in zip(rows, trust_views(rows, timezone.now(), Names()), strict=True):
            row.view = view

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that ask before something is done."""
        own = [
            path("<int:pk>/withdraw/", self._guarded(self.withdraw), name="trust_withdraw"),
            path("<int:pk>/renew/", self._guarded(self.renew), name="trust_renew"),
        ]
        return [*own, *super().get_urls()]

    def _guarded(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        return self.admin_site.admin_view(view)

    def withdraw(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then withdraw a trust."""
        return self._change(request, pk, "withdraw")

    def renew(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then renew a trust."""
        return self._change(request, pk, "renew")

    def _change(self, request: HttpRequest, key: int, what: str) -> HttpResponse:
        row = get_object_or_404(Trust, pk=key)
        fact, now, names = _fact(row), timezone.now(), Names()
        refused = ""
        if request.method == "POST":
            do = trust_changes.withdraw if what == "withdraw" else trust_changes.renew
            try:
                toast(request, do(fact, by=request.user, now=now))  # type: ignore[arg-type]
                same = Trust.objects.filter(issuer=row.issuer, trustee=row.trustee, type=row.type)
                shown = key if what == "withdraw" else same.latest("pk").pk  # the new one
                return redirect("admin:nodes_trust_change", shown)
            except UserError as refusal:
                refused = str(refusal)
        ask = trust_changes.withdrawing if what == "withdraw" else trust_changes.renewing
        [view] = trust_views([row], now, names)
        given = context(
            request,
            "trusts",
            trust=view,
            possible=ask(fact, now, names),
            refused=refused,
            what=what,
        )
        return TemplateResponse(request, "panel/trust_change.html", given)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **more: Any
    ) -> HttpResponse:
        """Show all there is about a trust, and why it holds."""
        row = more["obj"]
        fact, now, names = _fact(row), timezone.now(), Names()
        [view] = trust_views([row], now, names)
        local = LocalNode.objects.first()
        peer = Peer.objects.filter(fingerprint=row.trustee).first()
        context.update(
            trust=view,
            powers=capfirst(view.powers),
            chain=chain(fact, now, names),
            agreement=agreement(fact, now, names),
            withdrawing=trust_changes.withdrawing(fact, now, names) if local else None,
            renewing=trust_changes.renewing(fact, now, names) if local else None,
            back=_back(row, now, names),
            peer=peer if row.type == "node" else None,
            this_node=local is not None and row.trustee in keystore.own_fingerprints(),
        )
        return super().render_change_form(request, context, *args, **more)


def _fact(row: Trust) -> TrustFact:
    fact = current_facts().trust(row.identifier)
    assert fact is not None  # every row is a fact (`nodes.facts`)
    return fact


def _back(row: Trust, now: Any, names: Names) -> list[Any]:
    """List the trusts the other way, of a person in who trusts."""
    if row.type != "user":
        return []
    rows = Trust.objects.filter(issuer=row.trustee, trustee=row.issuer).order_by("-pk")
    return trust_views(list(rows), now, names)
