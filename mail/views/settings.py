"""What people choose for themselves: their name, how pages look, and leaving."""

from __future__ import annotations

from typing import Any

from allauth.core import ratelimit
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from mail import leaving
from mail import profile as profiles
from mail.forms_settings import LeaveForm, ProfileForm, ReadingForm, zones
from mail.toasts import toast
from mail.views import reader
from nodes.errors import UserError

_FORM = ["GET", "HEAD", "POST"]


@login_required
@require_safe
def sections(request: HttpRequest) -> HttpResponse:
    """Show the list of settings, and on a wide screen the first of them beside it."""
    return _profile(request, _profile_form(request), pane="list")


@login_required
@require_http_methods(_FORM)
def profile(request: HttpRequest) -> HttpResponse:
    """Show and publish what others see of the account."""
    account = reader(request)
    if request.method != "POST":
        return _profile(request, _profile_form(request))
    form = ProfileForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            changed = profiles.save_profile(
                account, data["name"], data["about"], now=timezone.now()
            )
        except UserError as refusal:
            form.add_error("name", str(refusal))
        else:
            toast(request, gettext("Published.") if changed else gettext("That is so already."))
            return redirect("mail:settings_profile")
    return _profile(request, form)


def _profile_form(request: HttpRequest) -> ProfileForm:
    account = reader(request)
    return ProfileForm(initial={"name": account.get_full_name(), "about": profiles.about(account)})


def _profile(request: HttpRequest, form: ProfileForm, pane: str = "read") -> HttpResponse:
    return _page(request, "profile", {"form": form, "pane": pane})


@login_required
@require_http_methods(_FORM)
def reading(request: HttpRequest) -> HttpResponse:
    """Show and save language, time zone, appearance and the time to undo."""
    account = reader(request)
    form = ReadingForm(request.POST if request.method == "POST" else None, instance=account)
    if form.is_valid():
        form.save()
        # The toast already speaks the language that was chosen.
        chosen = account.language or translation.get_language_from_request(request)
        with translation.override(chosen):
            toast(request, gettext("Saved."))
        return redirect("mail:settings_reading")
    if form.is_bound:
        account.refresh_from_db()  # the page itself keeps looking as it did
    return _page(request, "reading", {"form": form, "zones": zones()})


@login_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(_FORM)
def leave(request: HttpRequest) -> HttpResponse:
    """Say what goes with the account, and delete it."""
    account = reader(request)
    form = LeaveForm(account, *([request.POST] if request.method == "POST" else []))
    if form.is_bound and not ratelimit.consume(request, action="reauthenticate", user=account):
        form.add_error(None, gettext("Too many attempts. Try again in some minutes."))
    elif form.is_valid():
        try:
            withdrawn = leaving.leave(account, now=timezone.now())
        except UserError as refusal:
            form.add_error(None, str(refusal))
        else:
            logout(request)
            return render(request, "mail/settings_left.html", {"withdrawn": withdrawn})
    going = leaving.what_goes(account, timezone.now())
    return _page(request, "leave", {"form": form, "going": going})


def _page(request: HttpRequest, section: str, context: dict[str, Any]) -> HttpResponse:
    form = context.get("form")
    status = 422 if form is not None and form.is_bound else 200
    return render(request, f"mail/settings_{section}.html", context, status=status)
