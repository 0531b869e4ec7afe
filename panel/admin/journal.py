"""The journal: its lines, each resource taken apart, and whether the chain holds."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext

from hosting import journal_pages, runs
from hosting.chains import chain
from hosting.decoding import decode, may_be_saved
from hosting.models import Run
from hosting.names import Names
from journal.models import Line
from nodes.models import Account
from panel.admin.base import OwnersAdmin
from panel.page import context
from panel.running import running

_DIGITS: Final = 15


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


@admin.register(Line)
class LineAdmin(OwnersAdmin):
    """Lines a page at a time, a resource in detail; nothing can be changed."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show lines as the address says; have the chain checked when that is asked for."""
        if request.method == "POST":
            _check(request)
            return HttpResponseRedirect(reverse("admin:journal_line_changelist"))
        asked = {name: request.GET.get(name, "").strip() for name in ("kind", "author", "at", "q")}
        at = _number(asked["at"])
        if asked["q"]:
            page = journal_pages.find(asked["q"])
        elif at is not None:
            page = journal_pages.around(at)
        else:
            page = journal_pages.page(
                kind=asked["kind"],
                author=asked["author"],
                before=_number(request.GET.get("before", "")),
                after=_number(request.GET.get("after", "")),
            )
        more = {
            "page": page,
            "asked": asked,
            "at": at,
            "kinds": journal_pages.KINDS.items(),
            "authors": journal_pages.authors(),
            "check": running(Run.Kind.JOURNAL),
        }
        return TemplateResponse(request, "panel/journal.html", context(request, "journal", **more))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one line with its resource, taken apart."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        line = _line(object_id)
        row = line.resource
        more: dict[str, Any] = {
            "line": line,
            "row": row,
            "title": gettext("Line %(n)d") % {"n": line.position},
        }
        if row is not None:
            names = Names()
            more |= {
                "author": names.named(row.author),
                "signer": names.node(row.signer),
                "kind": journal_pages.KINDS.get(row.kind, row.kind),
                "decoded": decode(row),
                "chain": chain(row, timezone.now()),
                "may_be_saved": may_be_saved(row),
            }
        return TemplateResponse(request, "panel/resource.html", context(request, "journal", **more))

    def get_urls(self) -> list[URLPattern]:
        """Add the address of a resource's raw form, before those that take any text."""
        raw = path(
            "<str:object_id>/raw/", self.admin_site.admin_view(self.raw), name="journal_line_raw"
        )
        return [raw, *super().get_urls()]

    def raw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give a resource as it was received, to be saved; not when it holds what people wrote."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        row = _line(object_id).resource
        if row is None or not may_be_saved(row):
            raise Http404
        name = f"{row.kind}-{row.identifier[:12]}.json"
        return HttpResponse(
            row.envelope().to_bytes(),
            content_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


def _line(object_id: str) -> Line:
    position = _number(object_id)
    found = Line.objects.select_related("resource", "resource__revoked_by__line")
    line = found.filter(position=position).first() if position is not None else None
    if line is None:
        raise Http404
    return line


def _check(request: HttpRequest) -> None:
    assert isinstance(request.user, Account)
    runs.ask_as(request.user, Run.Kind.JOURNAL)
