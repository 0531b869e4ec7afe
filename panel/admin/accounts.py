"""The accounts of people on this node; what is done with one is on its own page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mail.presentation import clean_name, size_words
from nodes.models import Account
from panel.account_view import account_views, not_seen_since
from panel.admin.base import ChoiceFilter, OwnersAdmin
from panel.words import link, moment, state

_LONG: Final = timedelta(days=90)


class WhichFilter(ChoiceFilter):
    """What an account is like."""

    title = _("which")
    parameter_name = "which"
    options = (
        ("owners", _("Owners")),
        ("suspended", _("Suspended")),
        ("unseen", _("Not seen for 90 days")),
        ("one_factor", _("No second factor")),
        ("no_backup", _("Recovery not checked")),
        ("host", _("Kept only")),
    )

    def keep(self, rows: QuerySet[Account], chosen: str) -> QuerySet[Account]:
        """Keep accounts that are like that."""
        if chosen == "unseen":
            return not_seen_since(rows, timezone.now() - _LONG)
        if chosen == "one_factor":
            types = Authenticator.objects.filter(type__in=("totp", "webauthn"))
            return rows.exclude(pk__in=types.values("user"))
        conditions: dict[str, dict[str, Any]] = {
            "owners": {"is_superuser": True},
            "suspended": {"is_active": False},
            "no_backup": {"backup_checked": None},
            "host": {"mode": Account.Mode.HOST},
        }
        return rows.filter(**conditions.get(chosen, {}))


@admin.register(Account)
class AccountAdmin(OwnersAdmin):
    """Everybody who has an account here."""

    list_words = _("Everybody who has an account here. What they write is theirs.")
    empty_icon = "people"
    empty_title = _("Nobody is like that")
    list_display = ("person", "standing", "seen", "factor", "recovery", "letters", "space")
    list_display_links = None
    list_filter = (WhichFilter,)
    search_fields = ("name", "username", "fingerprint")
    search_help_text = _("A name, or how a fingerprint begins")

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Put owners first."""
        return ["-is_superuser", "username"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let owners make accounts, on a page of our own."""
        return self.admin_site.has_permission(request)

    def add_view(self, request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        """Lead to that page."""
        return redirect("admin:account_make")

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **more: Any
    ) -> HttpResponse:
        """Lead to the account's own page."""
        found = self.get_object(request, object_id)
        if found is None:
            return redirect("admin:nodes_account_changelist")
        return redirect("admin:account", found.pk)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        """Leave out the one that answers by itself."""
        rows: QuerySet[Account] = super().get_queryset(request)
        return rows.filter(is_echo=False)

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        """Describe the accounts of a page."""
        for row, view in zip(rows, account_views(rows), strict=True):
            row.view = view

    @admin.display(description=_("account"), ordering="username")
    def person(self, row: Any) -> SafeString:
        """Name it."""
        name = format_html("<bdi>{}</bdi>", clean_name(row.view.name))
        address = reverse("admin:account", args=[row.pk])
        return format_html(
            "<span>{} <small>{}</small></span>", link(address, name), row.view.username
        )

    @admin.display(description=_("state"), ordering="is_active")
    def standing(self, row: Any) -> SafeString:
        """Say whether it can be used, and for what."""
        if row.view.suspended:
            return state(gettext("Suspended"), "bad")
        if row.view.owner:
            return state(gettext("Owner"), "good")
        return state(gettext("Kept only") if row.view.host_only else gettext("Member"))

    @admin.display(description=_("last seen"))
    def seen(self, row: Any) -> SafeString:
        """Say when somebody was last signed in to it."""
        return moment(row.view.last_seen)

    @admin.display(description=_("second factor"))
    def factor(self, row: Any) -> SafeString:
        """Say whether the password alone is enough; for an owner it should not be."""
        if row.view.factors:
            return state(gettext("Yes"))
        return state(gettext("None"), "warn" if row.view.owner else "")

    @admin.display(description=_("recovery phrase"), ordering="backup_checked")
    def recovery(self, row: Any) -> SafeString:
        """Say whether the phrase was shown to be on paper."""
        if row.view.backup_checked:
            return state(gettext("Checked"))
        return state(gettext("Not checked"), "warn")

    @admin.display(description=_("messages"))
    def letters(self, row: Any) -> str:
        """Say how many messages it has."""
        return str(row.view.letters)

    @admin.display(description=_("space"))
    def space(self, row: Any) -> SafeString | str:
        """Say how much room it takes, and how much it has."""
        there = size_words(row.view.used)
        if row.view.quota is None:
            return there
        words = gettext("%(used)s of %(most)s") % {
            "used": there,
            "most": size_words(row.view.quota),
        }
        return state(words, "warn") if row.view.full else words
