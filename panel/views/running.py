"""How far long work is, asked again and again by a page that shows it."""

from __future__ import annotations

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from hosting.models import Run
from panel.running import running


@require_safe
def run_state(request: HttpRequest, kind: str) -> HttpResponse:
    """Give the part of a page that shows a run; once it has ended the page is fetched anew."""
    if kind not in Run.Kind.values:
        raise Http404
    state = running(Run.Kind(kind))
    answer = render(request, "panel/_running.html", {"state": state})
    if state.current is None:
        answer.headers["HX-Refresh"] = "true"
    return answer


PAGES: Final = (("runs/<str:kind>/", run_state, "run"),)
