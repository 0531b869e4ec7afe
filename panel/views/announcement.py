"""Saying something to everybody with an account here, and ending it."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from hosting.audit import note
from mail.announcing import DURATIONS, announce, announced, end
from mail.toasts import toast
from nodes.models import Account
from panel.forms_announcement import AnnouncementForm
from panel.page import context


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show what is said now, and say something else or end it."""
    owner = request.user
    assert isinstance(owner, Account)
    if request.POST.get("do") == "end":
        with transaction.atomic():
            if end():
                note("announcement.end", by=owner)
        toast(request, gettext("It is not shown any more."))
        return redirect("admin:announcement")
    form = AnnouncementForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        duration = form.cleaned_data["duration"]
        with transaction.atomic():
            said = announce(
                form.cleaned_data["text"], by=owner, duration=duration, now=timezone.now()
            )
            note("announcement.say", by=owner, text=said.text, days=DURATIONS[duration].days)
        toast(request, gettext("Everybody here sees it on their next page."))
        return redirect("admin:announcement")
    more = {"form": form, "said": announced(timezone.now())}
    status = 422 if form.is_bound else 200
    given = context(request, "announcement", **more)
    return TemplateResponse(request, "panel/announcement.html", given, status=status)


PAGES: Final = (("announcement/", show, "announcement"),)
