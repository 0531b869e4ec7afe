"""What all tables of the panel share: to be read first, changed only where a table says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.forms import Media
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _

from panel.parts import part_of

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _Paginator, _ModelAdmin = Paginator, admin.ModelAdmin

_AHEAD = 3  # pages beyond the asked one to which a list may be turned


class NearPaginator(_Paginator):
    """Pages of a table of any size: rows are counted only a few pages beyond the asked one."""

    def __init__(self, rows: Any, per_page: int, *args: Any, page: int = 1, **more: Any) -> None:
        super().__init__(rows, per_page, *args, **more)
        self.asked = max(page, 1)

    @property
    def _enough(self) -> int:
        return (self.asked + _AHEAD) * self.per_page

    @cached_property
    def counted(self) -> int:
        """How many rows there are, or one more than are looked at."""
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return rows.order_by()[: self._enough + 1].count()
        return len(rows)

    @cached_property
    def count(self) -> int:
        """How many rows can be turned to."""
        return min(self.counted, self._enough)

    @property
    def more(self) -> bool:
        """Whether there are more rows than were counted."""
        return self.counted > self.count


class ChoiceFilter(admin.SimpleListFilter):
    """A filter beside a table that offers choices, of which one may be taken.

    Attributes:
        options: the choices: what stands in the address, and the words for it. Where they are read
            from the database, `lookups` gives them instead.
        verbatim: whether the words are names, which do not get a capital.
    """

    options: ClassVar[Sequence[tuple[str, str | Promise]]] = ()
    verbatim: ClassVar[bool] = False

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Give the choices."""
        return list(self.options)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep what is chosen, and everything while nothing is."""
        chosen = self.value()
        return self.keep(queryset, chosen) if chosen else queryset

    def keep(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Keep what is like the choice; whatever stands in the address may be asked for."""
        raise NotImplementedError


class OwnersChangeList(ChangeList):
    """A page of a table, whose rows are prepared all at once."""

    def get_results(self, request: HttpRequest) -> None:
        """Find the rows, and let the table add to them what it shows."""
        super().get_results(request)
        rows = list(self.result_list)
        assert isinstance(self.model_admin, OwnersAdmin)
        self.model_admin.prepare(request, rows)
        self.result_list = rows


class OwnersAdmin(_ModelAdmin):
    """A table of the panel, in our templates: nothing is added, changed or removed in it.

    A table that may be changed overrides `has_change_permission` and its kin, and writes down what
    changed by `hosting.audit.note`; Django's own log stays empty.

    Attributes:
        list_title: what the list is called, where it is not its part of the panel.
        list_words: a sentence below the heading of the list.
        empty_icon, empty_title, empty_words: what the list shows when nothing is in it.
    """

    list_title: ClassVar[str | Promise] = ""
    list_words: ClassVar[str | Promise] = ""
    empty_icon: ClassVar[str] = "list"
    empty_title: ClassVar[str | Promise] = _("Nothing here yet")
    empty_words: ClassVar[str | Promise] = ""

    actions: Sequence[Any] = ()
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    ordering: ClassVar[Any] = ("-pk",)
    empty_value_display = "–"

    @property
    def media(self) -> Media:
        """Name no scripts or styles: Django's own stay out of these pages."""
        return Media()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let owners read every table."""
        return self.admin_site.has_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Let owners read every table."""
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Add nothing by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Change nothing by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Delete nothing by hand."""
        return False

    def get_paginator(
        self,
        request: HttpRequest,
        queryset: Any,
        per_page: int,
        orphans: int = 0,
        allow_empty_first_page: bool = True,
    ) -> NearPaginator:
        """Page through the table without counting all of it."""
        asked = request.GET.get(PAGE_VAR, "1")
        page = int(asked) if asked.isdecimal() and len(asked) < 10 else 1
        return NearPaginator(queryset, per_page, orphans, allow_empty_first_page, page=page)

    def get_changelist(self, request: HttpRequest, **more: Any) -> type[ChangeList]:
        """Let rows be prepared all at once."""
        return OwnersChangeList

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        """Add to the rows of a page what its columns show, with few queries for all of them."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list, under the name of its part of the panel."""
        more = {
            "title": self.list_title or part_of(request).name,
            "list_words": self.list_words,
            "empty": (self.empty_icon, self.empty_title, self.empty_words),
            **(extra_context or {}),
        }
        return super().changelist_view(request, more)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **more: Any
    ) -> HttpResponse:
        """Name the list to which the page leads back."""
        context["list_title"] = self.list_title or part_of(request).name
        return super().render_change_form(request, context, *args, **more)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Have no history beside the audit list."""
        raise Http404

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Leave it to the audit list."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Leave it to the audit list."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:  # type: ignore[override]
        """Leave it to the audit list."""
