"""The audit list: who changed what when. It can be read, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from hosting.models import AuditEntry
from mail.presentation import day_words
from panel.admin.base import ChoiceFilter, OwnersAdmin
from panel.audit_words import SENTENCES, Said
from panel.words import moment

_SPANS: Final = {"day": 1, "week": 7, "month": 31, "year": 366}
_KINDS: Final = (
    ("account.", _("accounts")),
    ("invitation.", _("invitations")),
    ("announcement.", _("announcements")),
    ("node.", _("nodes")),
    ("trust.", _("trusts")),
    ("peer.", _("peers")),
    ("backup.", _("backups")),
    ("retention.", _("limits and retention")),
    ("command.", _("commands")),
)


class WhoFilter(ChoiceFilter):
    """Who did it."""

    title = _("who")
    parameter_name = "who"
    verbatim = True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Give all who did something."""
        actors = AuditEntry.objects.order_by("actor").values_list("actor", flat=True).distinct()
        return [(actor, actor) for actor in actors if actor]

    def keep(self, rows: QuerySet[AuditEntry], chosen: str) -> QuerySet[AuditEntry]:
        """Keep what that person did."""
        return rows.filter(actor=chosen)


class WhatFilter(ChoiceFilter):
    """What it was about."""

    title = _("what")
    parameter_name = "what"
    options = _KINDS

    def keep(self, rows: QuerySet[AuditEntry], chosen: str) -> QuerySet[AuditEntry]:
        """Keep changes of that kind."""
        return rows.filter(action__startswith=chosen)


class WhenFilter(ChoiceFilter):
    """How long ago at most."""

    title = _("when")
    parameter_name = "when"
    options = (
        ("day", _("last 24 hours")),
        ("week", _("last week")),
        ("month", _("last month")),
        ("year", _("last year")),
    )

    def keep(self, rows: QuerySet[AuditEntry], chosen: str) -> QuerySet[AuditEntry]:
        """Keep what was done since."""
        days = _SPANS.get(chosen)
        if days is None:
            return rows
        return rows.filter(at__gte=timezone.now() - timedelta(days=days))


@admin.register(AuditEntry)
class AuditAdmin(OwnersAdmin):
    """Changes, the latest first."""

    list_words = _("Who changed what when, in the panel, by command and on pages. Kept two years.")
    empty_icon = "eye"
    empty_title = _("No change yet")
    empty_words = _("As soon as somebody changes something, it stands here.")
    list_display = ("what", "who", "door", "when")
    list_filter = (WhoFilter, WhatFilter, WhenFilter, "where")
    search_fields = ("actor", "about")
    search_help_text = _("Who did it, whom it was about, or words of what was done")
    fields = ("who", "door", "exactly", "more")
    readonly_fields = ("who", "door", "exactly", "more")

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Put the latest first."""
        return ["-at", "-pk"]

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **more: Any
    ) -> HttpResponse:
        """Head the page with what was done."""
        context["said"] = Said(more["obj"])
        return super().render_change_form(request, context, *args, **more)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by person, by whom it was about, and by the words that are shown."""
        words = search_term.split()
        for word in words:
            low = word.casefold()
            actions = [name for name, said in SENTENCES.items() if low in str(said).casefold()]
            matches = Q(actor__icontains=word) | Q(about__icontains=word)
            queryset = queryset.filter(matches | Q(action__in=actions) | Q(action__icontains=word))
        return queryset, False

    @admin.display(description=_("what"))
    def what(self, entry: AuditEntry) -> str:
        """Say what was done."""
        return Said(entry).sentence

    @admin.display(description=_("who"), ordering="actor")
    def who(self, entry: AuditEntry) -> str:
        """Say who did it."""
        return Said(entry).actor

    @admin.display(description=_("where"), ordering="where")
    def door(self, entry: AuditEntry) -> str:
        """Say by which door."""
        return Said(entry).where

    @admin.display(description=_("when"), ordering="at")
    def when(self, entry: AuditEntry) -> SafeString:
        """Say when."""
        return moment(entry.at)

    @admin.display(description=_("when"))
    def exactly(self, entry: AuditEntry) -> str:
        """Say the day and the time, to the second."""
        zone = timezone.get_current_timezone()
        return f"{day_words(entry.at, zone)}, {timezone.localtime(entry.at):%H:%M:%S}"

    @admin.display(description=_("details"))
    def more(self, entry: AuditEntry) -> SafeString | str:
        """Say the details."""
        said = Said(entry).details
        if not said:
            return "–"
        return format_html("{}", format_html_join(", ", "{}: {}", said))
