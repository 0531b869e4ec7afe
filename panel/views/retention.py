"""Limits against abuse, and for how long what is kept here is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from hosting import runs
from hosting.limits import limits
from hosting.models import Run
from hosting.names import name_users
from hosting.retention import rules
from hosting.retention.work import end_all, keep_to, latest_try, try_out
from nodes.errors import UserError
from nodes.models import Account
from panel.page import context
from panel.running import running


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show limits and rules, and what would go; try rules out, set them, or end all."""
    typed: dict[str, str] = {}
    problem = ""
    if request.method == "POST":
        typed = {kind.name: request.POST.get(kind.name, "") for kind in rules.KINDS}
        try:
            _do(request, typed)
            return HttpResponseRedirect(reverse("admin:retention"))
        except UserError as error:
            problem = str(error)
    tried, latest = latest_try(), runs.latest(Run.Kind.RETENTION)
    present = rules.current()
    shown = tried.findings[0]["rules"] if tried else present
    more = {
        "limits": limits(),
        "kinds": [
            {
                "kind": kind,
                "set": present.get(kind.name),
                "days": typed.get(kind.name, shown.get(kind.name, "")),
            }
            for kind in rules.KINDS
        ],
        "any_rule": bool(present),
        "tried": tried,
        "found": [_found(each) for each in latest.findings[1:] if _says(each)] if latest else [],
        "problem": problem,
        "sweeping": running(Run.Kind.RETENTION),
    }
    page = "panel/retention.html"
    status = 400 if problem else 200
    return TemplateResponse(request, page, context(request, "retention", **more), status=status)


def _do(request: HttpRequest, typed: dict[str, str]) -> None:
    assert isinstance(request.user, Account)
    by = request.user
    match request.POST.get("do"):
        case "try":
            try_out(rules.check(typed), by)
        case "apply":
            keep_to(request.POST.get("run", ""), by)
        case "end":
            end_all(by)
            messages.success(request, gettext("There is no rule any more; everything is kept."))
        case _:
            raise UserError(gettext("This form has no such button; load the page again."))


def _says(finding: dict[str, Any]) -> bool:
    """Tell whether anything goes by a rule, or is kept for a reason."""
    return bool(finding["count"] or finding["kept"])


def _found(finding: dict[str, Any]) -> dict[str, Any]:
    """Put what a rule found into words; who is a user's fingerprint there is a name here."""
    kind = rules.kind_of(finding["kind"])
    names = name_users(author for author, _ in finding["authors"])
    return {
        **finding,
        "words": kind.words if kind else finding["kind"],
        "authors": [(names[author].name, number) for author, number in finding["authors"]],
        "kept": [(rules.REASONS.get(why, why), number) for why, number in finding["kept"]],
        "oldest": _moment(finding["oldest"]),
        "newest": _moment(finding["newest"]),
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


PAGES: Final = (("retention/", show, "retention"),)
