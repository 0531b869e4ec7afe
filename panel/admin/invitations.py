"""Everybody's invitations: who invites to what, until when, and what became of it.

What somebody wrote to a guest, and which contacts came of it, is not shown.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mail.invitations import State, state_of
from mail.models import Invitation
from mail.presentation import clean_name
from nodes.models import Account
from panel.admin.base import ChoiceFilter, OwnersAdmin
from panel.words import NOTHING, Kind, day, link, moment, state


def _open() -> Q:
    used_up = Q(single_use=True, used__gt=0)
    able = Q(account__may_invite=True, account__is_active=True)
    able &= Q(kind=Invitation.Kind.CONTACT) | Q(account__is_staff=True)
    return Q(withdrawn=None, expires__gt=timezone.now()) & able & ~used_up


class StateFilter(ChoiceFilter):
    """What has become of it."""

    title = _("state")
    parameter_name = "state"
    options = (
        ("open", _("Open")),
        ("used", _("Used")),
        ("withdrawn", _("Withdrawn")),
        ("ended", _("Ended")),
    )

    def keep(self, rows: QuerySet[Invitation], chosen: str) -> QuerySet[Invitation]:
        """Keep those of which that has become."""
        match chosen:
            case "open":
                return rows.filter(_open())
            case "used":
                return rows.filter(used__gt=0)
            case "withdrawn":
                return rows.exclude(withdrawn=None)
            case "ended":
                return rows.filter(withdrawn=None, used=0).exclude(_open())
        return rows


@admin.register(Invitation)
class InvitationAdmin(OwnersAdmin):
    """Links by which people come."""

    list_words = _("Links by which people come: to accounts here, or to be contacts.")
    empty_icon = "link"
    empty_title = _("No invitation yet")
    empty_words = _("Whoever gets an account here comes by a link.")
    list_display = ("offer", "inviter", "standing", "made", "until", "guests", "undoing")
    list_display_links = None
    list_filter = (StateFilter, "kind")
    list_select_related = ("account",)
    search_fields = ("account__username", "account__name")
    search_help_text = _("Who invites")

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Put those that are not withdrawn first, the latest before the others."""
        return [F("withdrawn").asc(nulls_first=True), "-created", "-pk"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let owners invite, on the page for making accounts."""
        return self.admin_site.has_permission(request)

    def add_view(self, request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        """Lead to that page."""
        return redirect("admin:account_make")

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **more: Any
    ) -> HttpResponse:
        """Have no page for each: all there is to know stands in the list."""
        return redirect("admin:mail_invitation_changelist")

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        """Find the accounts that came by the invitations of a page."""
        now = timezone.now()
        uses = {row.pk: [use.user for use in row.uses.all()] for row in rows}
        users = {user for each in uses.values() for user in each}
        accounts = {a.fingerprint: a for a in Account.objects.filter(fingerprint__in=users)}
        for row in rows:
            row.state = state_of(row, now)
            row.came = [accounts[user] for user in uses[row.pk] if user in accounts]
            row.token = get_token(request) if row.state is State.OPEN else ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        """Fetch who came along."""
        rows: QuerySet[Invitation] = super().get_queryset(request)
        return rows.prefetch_related("uses")

    @admin.display(description=_("to what"))
    def offer(self, row: Any) -> str:
        """Say what the guest becomes, and for whom a link to an account was made."""
        if row.kind == Invitation.Kind.CONTACT:
            return gettext("Contact of the inviter")
        if row.name:
            return gettext("Account for %(name)s") % {"name": clean_name(row.name)}
        return gettext("Account on this node")

    @admin.display(description=_("who invites"), ordering="account__username")
    def inviter(self, row: Any) -> SafeString:
        """Say whose it is."""
        address = reverse("admin:account", args=[row.account_id])
        return link(address, clean_name(row.account.get_full_name()))

    @admin.display(description=_("state"))
    def standing(self, row: Any) -> SafeString:
        """Say what has become of it."""
        words: dict[State, tuple[str, Kind]] = {
            State.OPEN: (gettext("Open"), "good"),
            State.USED: (gettext("Used"), ""),
            State.ENDED: (gettext("Ended"), ""),
            State.WITHDRAWN: (gettext("Withdrawn"), ""),
        }
        return state(*words[row.state])

    @admin.display(description=_("made"), ordering="created")
    def made(self, row: Any) -> SafeString:
        """Say when it was made."""
        return moment(row.created)

    @admin.display(description=_("until"), ordering="expires")
    def until(self, row: Any) -> SafeString:
        """Say when it ends."""
        return day(row.expires)

    @admin.display(description=_("used"), ordering="used")
    def guests(self, row: Any) -> SafeString | str:
        """Say who got an account by it; contacts are counted and not named."""
        if not row.used:
            return NOTHING
        if row.kind == Invitation.Kind.ACCOUNT and row.came:
            address = reverse("admin:account", args=[row.came[0].pk])
            first = link(address, clean_name(row.came[0].get_full_name()))
            more = len(row.came) - 1
            if not more:
                return first
            others = ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more}
            return format_html("{} {}", first, others)
        return ngettext("%(n)d guest", "%(n)d guests", row.used) % {"n": row.used}

    @admin.display(description=_("do"))
    def undoing(self, row: Any) -> SafeString | str:
        """Let an open one be withdrawn."""
        if row.state is not State.OPEN:
            return ""
        return format_html(
            '<form method="post" action="{}">'
            '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'
            '<button class="btn btn--s" type="submit">{}<span class="sr"> {}</span></button>'
            "</form>",
            reverse("admin:invitation_withdraw", args=[row.pk]),
            row.token,
            gettext("Withdraw"),
            row.pk,
        )
