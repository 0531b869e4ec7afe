"""Notifications: what they tell, which browsers get them, and what a browser needs for it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import orjson
from django.contrib.auth.decorators import login_required
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mail import notices, push
from mail.forms_settings import NotifyForm
from mail.selectors import node_name
from mail.toasts import toast
from mail.views import reader
from nodes.errors import UserError

_SIZES = (192, 512)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def notifications(request: HttpRequest) -> HttpResponse:
    """Show and save what notifications tell, and list the browsers that get them."""
    account = reader(request)
    form = NotifyForm(request.POST if request.method == "POST" else None, instance=account)
    if form.is_valid():
        form.save()
        toast(request, gettext("Saved."))
        return redirect("mail:settings_notifications")
    context = {
        "form": form,
        "browsers": push.browsers(account),
        "public_key": push.public_key(),
    }
    status = 422 if form.is_bound else 200
    return render(request, "mail/settings_notifications.html", context, status=status)


@login_required
@require_POST
def subscribe(request: HttpRequest) -> HttpResponse:
    """Remember the browser, as its script describes its subscription."""
    values = [str(request.POST.get(name, "")) for name in ("endpoint", "p256dh", "auth")]
    try:
        mark = push.subscribe(reader(request), *values, agent=request.headers.get("User-Agent", ""))
    except UserError as refusal:
        toast(request, str(refusal))
    else:
        request.session["push"] = mark  # signing out ends it: see mail.receivers
        toast(request, gettext("This browser gets notifications now."))
    return redirect("mail:settings_notifications")


@login_required
@require_POST
def unsubscribe(request: HttpRequest, key: int) -> HttpResponse:
    """Forget a browser."""
    if push.unsubscribe(reader(request), key):
        toast(request, gettext("That browser gets no more notifications."))
    return redirect("mail:settings_notifications")


@login_required
@require_POST
def test(request: HttpRequest) -> HttpResponse:
    """Send a notification in a few seconds."""
    notices.send_test(reader(request))
    toast(request, gettext("The test comes in 5 seconds. You can close the page."))
    return redirect("mail:settings_notifications")


@never_cache
@require_safe
def notice(request: HttpRequest) -> HttpResponse:
    """Say to an open page what to show; that it asks means that nobody needs to be pushed."""
    if not request.user.is_authenticated:
        return JsonResponse({}, status=403)
    account = reader(request)
    asked = {name: request.GET.get(name, "")[:64] for name in ("id", "kind", "thread")}
    notices.told(account, asked["id"])
    return _said(notices.describe(account, asked["kind"], asked["thread"]))


@never_cache
@require_safe
def latest(request: HttpRequest) -> HttpResponse:
    """Say to a browser that was woken what to show."""
    if not request.user.is_authenticated:
        return JsonResponse({}, status=403)
    return _said(notices.latest(reader(request)))


def _said(found: notices.Notice | None) -> JsonResponse:
    return JsonResponse(asdict(found) if found else {})


@cache_control(no_cache=True)
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """Give the script that a browser wakes, with its words in the reader's language.

    It stands at the root, since a worker has power over what lies below it alone.
    """
    words = {
        "title": notices.something(),
        "ask": reverse("mail:notice_latest"),
        "url": reverse("mail:inbox"),
        "icon": static("icons/app-192.png"),
    }
    found = finders.find("js/worker.js")
    assert isinstance(found, str)  # a file of this project
    script = f"const WORDS = {orjson.dumps(words).decode()};\n{Path(found).read_text('utf-8')}"
    return HttpResponse(script, content_type="text/javascript; charset=utf-8")


@cache_control(max_age=3600)
@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """Describe the pages as an application, so that phones can keep them on the first screen."""
    name = node_name() or "sdmpweb"
    icons = [
        {"src": static(f"icons/app-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"}
        for size in _SIZES
    ]
    mask = {**icons[-1], "src": static("icons/app-mask-512.png"), "purpose": "maskable"}
    described = {
        "id": "/",
        "name": name,
        "short_name": name[:12],
        "start_url": reverse("mail:inbox"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#f5f4f1",
        "theme_color": "#f5f4f1",
        "icons": [*icons, mask],
    }
    return HttpResponse(orjson.dumps(described), content_type="application/manifest+json")
